package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// The options that the two ends offered and used (RFC 9293, 7323, 2018). What a SYN alone may
// carry is taken from SYNs alone; timestamps and SACK blocks from every segment. Timestamps
// are in ticks of their sender's clock.
var tcpOptionsTable = []Feature{
	optValue("tcp_mss_fwd", feature.Bytes, "Maximum segment size that the initiator's SYN announced.", flow.Fwd, optMSS, func(d *optionDir) uint32 { return uint32(d.mss) }),
	optValue("tcp_mss_bwd", feature.Bytes, "Maximum segment size that the responder's SYN announced.", flow.Bwd, optMSS, func(d *optionDir) uint32 { return uint32(d.mss) }),
	optValue("tcp_ws_fwd", feature.None, "Window scale shift that the initiator's SYN offered.", flow.Fwd, optScale, func(d *optionDir) uint32 { return uint32(d.scale) }),
	optValue("tcp_ws_bwd", feature.None, "Window scale shift that the responder's SYN offered.", flow.Bwd, optScale, func(d *optionDir) uint32 { return uint32(d.scale) }),
	optSeen("tcp_sack_permitted_fwd", "1 if a SYN of the initiator permits selective acknowledgment.", flow.Fwd, optSACK),
	optSeen("tcp_sack_permitted_bwd", "1 if a SYN of the responder permits selective acknowledgment.", flow.Bwd, optSACK),
	count("tcp_sack_blocks_total", feature.Count, "Selective acknowledgment blocks in both directions.", func(r *Row) int64 { return int64(r.option.blocks) }),
	optSeen("tcp_ts_fwd_present", "1 if a segment of the initiator has timestamps.", flow.Fwd, optTime),
	optValue("tcp_ts_fwd_first", feature.None, "First timestamp value of the initiator.", flow.Fwd, optTime, func(d *optionDir) uint32 { return d.tsFirst }),
	optValue("tcp_ts_fwd_last", feature.None, "Last timestamp value of the initiator.", flow.Fwd, optTime, func(d *optionDir) uint32 { return d.tsLast }),
	optDiff("tcp_ts_fwd_diff", "How far the initiator's timestamps moved on; 0 if backward.", flow.Fwd),
	optValue("tcp_ts_ecr_fwd_first", feature.None, "First timestamp that the initiator echoed.", flow.Fwd, optEcho, func(d *optionDir) uint32 { return d.echo }),
	optSeen("tcp_ts_bwd_present", "1 if a segment of the responder has timestamps.", flow.Bwd, optTime),
	optValue("tcp_ts_bwd_first", feature.None, "First timestamp value of the responder.", flow.Bwd, optTime, func(d *optionDir) uint32 { return d.tsFirst }),
	optValue("tcp_ts_bwd_last", feature.None, "Last timestamp value of the responder.", flow.Bwd, optTime, func(d *optionDir) uint32 { return d.tsLast }),
	optDiff("tcp_ts_bwd_diff", "How far the responder's timestamps moved on; 0 if backward.", flow.Bwd),
	optValue("tcp_ts_ecr_bwd_first", feature.None, "First timestamp that the responder echoed.", flow.Bwd, optEcho, func(d *optionDir) uint32 { return d.echo }),
	count("tcp_options_bitmap", feature.Bitmap, "Options of either side: 1 maximum segment size, 2 window scale, 4 SACK permitted, 8 timestamps.", func(r *Row) int64 {
		return int64((r.option.dir[flow.Fwd].has | r.option.dir[flow.Bwd].has) & (optMSS | optScale | optSACK | optTime))
	}),
	count("tcp_options_pkt_count", feature.Count, "Segments with an option other than end of list and no operation.", func(r *Row) int64 { return int64(r.option.segments) }),
}

func optValue(name string, unit feature.Unit, doc string, dir int, bit uint8, get func(*optionDir) uint32) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		d := &r.option.dir[dir]
		return valueIf(d.has&bit != 0, get(d))
	}).null()
}

func optSeen(name, doc string, dir int, bit uint8) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		if r.option.dir[dir].has&bit != 0 {
			return 1
		}
		return 0
	})
}

func optDiff(name, doc string, dir int) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		d := &r.option.dir[dir]
		return valueIf(d.has&optTimes != 0, d.ticks())
	}).null()
}

// tcpOptions keeps what the options said.
type tcpOptions struct {
	dir      [2]optionDir
	blocks   uint64
	segments uint32 // with an option
}

type optionDir struct {
	tsDiff    int64 // sum of the steps between consecutive timestamps, each signed
	firstTime int64 // flow time of the first and latest segment with timestamps
	lastTime  int64
	tsFirst   uint32
	tsLast    uint32
	echo      uint32
	mss       uint16
	scale     uint8
	has       uint8
}

// Bits of optionDir.has; the first four are those of tcp_options_bitmap.
const (
	optMSS = 1 << iota
	optScale
	optSACK
	optTime
	optTimes // more than one segment with timestamps
	optEcho
)

func (t *tcpOptions) update(o *flow.Obs) {
	if o.Has&packet.HasOption == 0 {
		return
	}
	t.segments++
	t.blocks += uint64(o.SACKBlocks)
	d := &t.dir[o.Dir&1]
	if o.TCPFlags&packet.SYN != 0 {
		d.opening(o)
	}
	if o.Has&packet.HasTimestamp == 0 {
		return
	}
	if d.has&optTime == 0 {
		d.has |= optTime
		d.tsFirst, d.firstTime = o.TSval, o.Time
	} else {
		d.has |= optTimes
		d.tsDiff += int64(int32(o.TSval - d.tsLast))
	}
	d.tsLast, d.lastTime = o.TSval, o.Time
	// Without ACK the echo is void (RFC 7323 section 3.2).
	if d.has&optEcho == 0 && o.TCPFlags&packet.ACK != 0 {
		d.has |= optEcho
		d.echo = o.TSecr
	}
}

// opening takes what a SYN offers; the first offer of each option counts.
func (d *optionDir) opening(o *flow.Obs) {
	if o.Has&packet.HasMSS != 0 && d.has&optMSS == 0 {
		d.has |= optMSS
		d.mss = o.MSS
	}
	if o.Has&packet.HasWindowScale != 0 && d.has&optScale == 0 {
		d.has |= optScale
		d.scale = o.WindowScale
	}
	if o.Has&packet.HasSACKPermitted != 0 {
		d.has |= optSACK
	}
}

// ticks is how far the clock of the direction moved on between its first and latest
// timestamp, wraps included.
func (d *optionDir) ticks() int64 { return max(0, d.tsDiff) }
