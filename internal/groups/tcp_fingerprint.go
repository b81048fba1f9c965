package groups

import (
	"crypto/md5"
	"encoding/hex"
	"math"
	"strconv"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// What the initiator's first SYN and the responder's first SYN-ACK tell about the two stacks:
// a short fingerprint, a guess at the operating system, an estimate of the time since its
// timestamp clock started. The fingerprint is this library's own. The guess is a guess; and
// stacks that add a random offset to each connection's timestamps (RFC 7323 section 5.4; Linux
// since 4.10) make the estimate meaningless.
var tcpFingerprintTable = []Feature{
	fingerText("tcp_fp_fwd", "Window, maximum segment size, scale and a hash of them, the estimated initial TTL and options of the initiator's SYN.", flow.Fwd, (*stackPrint).appendTo),
	fingerText("tcp_fp_bwd", "The same of the responder's SYN-ACK.", flow.Bwd, (*stackPrint).appendTo),
	fingerText("tcp_os_hint_fwd", "Guess at the initiator's operating system.", flow.Fwd, (*stackPrint).appendHint).missingText("unknown").private(),
	fingerText("tcp_os_hint_bwd", "Guess at the responder's operating system.", flow.Bwd, (*stackPrint).appendHint).missingText("unknown").private(),
	float("tcp_uptime_fwd", feature.Hours, "First timestamp of the initiator over the clock rate its timestamps show.", func(r *Row) float64 { return r.option.dir[flow.Fwd].uptime() }).null().private(),
	float("tcp_uptime_bwd", feature.Hours, "First timestamp of the responder over the clock rate its timestamps show.", func(r *Row) float64 { return r.option.dir[flow.Bwd].uptime() }).null().private(),
	fingerValue("tcp_fp_fwd_window", feature.Bytes, "Window of the initiator's SYN.", flow.Fwd, printSeen, func(s *stackPrint) uint16 { return s.window }),
	fingerValue("tcp_fp_fwd_ttl", feature.Hops, "TTL or hop limit of the initiator's SYN as captured.", flow.Fwd, printSeen, func(s *stackPrint) uint16 { return uint16(s.ttl) }),
	fingerValue("tcp_fp_fwd_mss", feature.Bytes, "Maximum segment size that the initiator's SYN announced.", flow.Fwd, printMSS, func(s *stackPrint) uint16 { return s.mss }),
	fingerValue("tcp_fp_fwd_ws", feature.None, "Window scale shift that the initiator's SYN offered.", flow.Fwd, printScale, func(s *stackPrint) uint16 { return uint16(s.scale) }),
	fingerValue("tcp_fp_bwd_window", feature.Bytes, "Window of the responder's SYN-ACK.", flow.Bwd, printSeen, func(s *stackPrint) uint16 { return s.window }),
	fingerValue("tcp_fp_bwd_ttl", feature.Hops, "TTL or hop limit of the responder's SYN-ACK as captured.", flow.Bwd, printSeen, func(s *stackPrint) uint16 { return uint16(s.ttl) }),
	fingerValue("tcp_fp_bwd_mss", feature.Bytes, "Maximum segment size that the responder's SYN-ACK announced.", flow.Bwd, printMSS, func(s *stackPrint) uint16 { return s.mss }),
	fingerValue("tcp_fp_bwd_ws", feature.None, "Window scale shift that the responder's SYN-ACK offered.", flow.Bwd, printScale, func(s *stackPrint) uint16 { return uint16(s.scale) }),
}

func fingerText(name, doc string, dir int, add func(*stackPrint, []byte) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		s := &r.finger.dir[dir]
		if s.has&printSeen == 0 {
			return dst, false
		}
		return add(s, dst), true
	}).null()
}

func fingerValue(name string, unit feature.Unit, doc string, dir int, bit uint8, get func(*stackPrint) uint16) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		s := &r.finger.dir[dir]
		return valueIf(s.has&bit != 0, get(s))
	}).null()
}

// tcpFingerprint keeps what the initiator's first SYN and the responder's first SYN-ACK say.
type tcpFingerprint struct{ dir [2]stackPrint }

type stackPrint struct {
	window uint16
	mss    uint16
	ttl    uint8
	scale  uint8
	has    uint8
	hint   osHint
}

// Bits of stackPrint.has; the first two are the O of the fingerprint.
const (
	printSACK = 1 << iota
	printTime
	printSeen
	printMSS
	printScale
)

// update takes a segment with SYN.
func (t *tcpFingerprint) update(o *flow.Obs) {
	d := o.Dir & 1
	s := &t.dir[d]
	if s.has&printSeen != 0 || (o.TCPFlags&packet.ACK != 0) != (d == flow.Bwd) {
		return
	}
	s.has = printSeen
	s.window, s.ttl = o.Window, o.TTL
	if o.Has&packet.HasMSS != 0 {
		s.has |= printMSS
		s.mss = o.MSS
	}
	if o.Has&packet.HasWindowScale != 0 {
		s.has |= printScale
		s.scale = o.WindowScale
	}
	if o.Has&packet.HasSACKPermitted != 0 {
		s.has |= printSACK
	}
	if o.Has&packet.HasTimestamp != 0 {
		s.has |= printTime
	}
	s.hint = hintOf(o.Packet)
}

// appendTo appends t, window, size and scale, and 12 digits of the MD5 over window, initial
// TTL, size, scale and options; all joined by _. The initial TTL, unlike the captured one, is
// the same at every distance from the host.
func (s *stackPrint) appendTo(dst []byte) []byte {
	var b [32]byte
	t := appendJoined(b[:0], uint64(s.window))
	t = appendJoined(t, uint64(initialTTL(s.ttl)))
	t = appendJoined(t, uint64(s.mss))
	t = appendJoined(t, uint64(s.scale))
	t = strconv.AppendUint(t, uint64(s.has&(printSACK|printTime)), 10)
	sum := md5.Sum(t)

	dst = append(dst, 't')
	dst = appendJoined(dst, uint64(s.window))
	dst = appendJoined(dst, uint64(s.mss))
	dst = appendJoined(dst, uint64(s.scale))
	return hex.AppendEncode(dst, sum[:6])
}

func appendJoined(dst []byte, v uint64) []byte {
	return append(strconv.AppendUint(dst, v, 10), '_')
}

func (s *stackPrint) appendHint(dst []byte) []byte { return append(dst, s.hint.String()...) }

// uptime is the first timestamp as hours of the direction's clock.
func (d *optionDir) uptime() float64 {
	if d.has&optTime == 0 {
		return absent
	}
	return float64(d.tsFirst) / d.clockRate() / 3600
}

// clockRates are those that stacks use, in Hz.
var clockRates = [...]float64{1, 10, 100, 250, 1000, 1e6}

// clockRate is the ticks per second of the direction's timestamps: the nearest usual rate, by
// ratio, if that is within 15 %; the rate itself if none is; 100 if the flow is too short to
// tell.
func (d *optionDir) clockRate() float64 {
	ns, ticks := d.lastTime-d.firstTime, d.ticks()
	if ns < 200e6 || ticks < 10 {
		return 100
	}
	f := float64(ticks) / seconds(ns)
	best, least := 0.0, math.Inf(1)
	for _, rate := range clockRates {
		if off := math.Abs(math.Log(f / rate)); off < least {
			best, least = rate, off
		}
	}
	if math.Abs(f-best) <= 0.15*best {
		return best
	}
	return f
}
