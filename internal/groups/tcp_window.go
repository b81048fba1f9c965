package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/stat"
	"pinyon/packet"
)

// The receive window each side advertised, how it moved, and when it closed. Windows are the
// raw header field; steps and the scaled maximum take the effective window, which is the
// field shifted by the side's scale except on SYNs (RFC 7323 section 2). Segments with RST
// carry no meaningful window and are left out.
var tcpWindowTable = []Feature{
	winFirst("tcp_init_win_fwd", "Window field of the initiator's first segment as sent: in bytes on a SYN, else in units of 2 to the power of the agreed shift.", flow.Fwd),
	winFirst("tcp_init_win_bwd", "Window field of the responder's first segment as sent, in the same units.", flow.Bwd),
	winScale("tcp_win_scale_fwd", "Window scale shift that the initiator's SYN offered.", flow.Fwd),
	winScale("tcp_win_scale_bwd", "Window scale shift that the responder's SYN offered.", flow.Bwd),
	winValue("tcp_win_fwd_min", "Least window field of the initiator as sent, not scaled.", flow.Fwd, func(w *windowDir) uint32 { return uint32(w.min) }),
	winValue("tcp_win_fwd_max", "Greatest window field of the initiator as sent, not scaled.", flow.Fwd, func(w *windowDir) uint32 { return uint32(w.max) }),
	winMean("tcp_win_fwd_mean", "Mean window field of the initiator's segments as sent, not scaled.", flow.Fwd),
	winCount("tcp_win_fwd_zero_count", "Segments of the initiator with window 0.", flow.Fwd, func(w *windowDir) uint32 { return w.zeros }),
	winValue("tcp_win_bwd_min", "Least window field of the responder as sent, not scaled.", flow.Bwd, func(w *windowDir) uint32 { return uint32(w.min) }),
	winValue("tcp_win_bwd_max", "Greatest window field of the responder as sent, not scaled.", flow.Bwd, func(w *windowDir) uint32 { return uint32(w.max) }),
	winMean("tcp_win_bwd_mean", "Mean window field of the responder's segments as sent, not scaled.", flow.Bwd),
	winCount("tcp_win_bwd_zero_count", "Segments of the responder with window 0.", flow.Bwd, func(w *windowDir) uint32 { return w.zeros }),
	winCount("tcp_win_fwd_up_count", "Times the initiator's effective window grew from one segment to the next.", flow.Fwd, func(w *windowDir) uint32 { return w.ups }),
	winCount("tcp_win_fwd_down_count", "Times the initiator's effective window shrank from one segment to the next.", flow.Fwd, func(w *windowDir) uint32 { return w.downs }),
	winCount("tcp_win_fwd_change_count", "Times the initiator's effective window changed from one segment to the next.", flow.Fwd, func(w *windowDir) uint32 { return w.ups + w.downs }),
	winCount("tcp_win_bwd_up_count", "Times the responder's effective window grew from one segment to the next.", flow.Bwd, func(w *windowDir) uint32 { return w.ups }),
	winCount("tcp_win_bwd_down_count", "Times the responder's effective window shrank from one segment to the next.", flow.Bwd, func(w *windowDir) uint32 { return w.downs }),
	winCount("tcp_win_bwd_change_count", "Times the responder's effective window changed from one segment to the next.", flow.Bwd, func(w *windowDir) uint32 { return w.ups + w.downs }),
	winUnit("tcp_scaled_win_fwd_max", feature.Bytes, "Greatest effective window of the initiator, in bytes: scaled where both sides offered it.", flow.Fwd, func(w *windowDir) uint32 { return w.scaledMax }),
	winUnit("tcp_scaled_win_bwd_max", feature.Bytes, "Greatest effective window of the responder, in bytes, likewise.", flow.Bwd, func(w *windowDir) uint32 { return w.scaledMax }),
	float("tcp_zero_win_ratio", feature.Ratio, "Share of segments with window 0, both directions.", func(r *Row) float64 {
		f, b := &r.window.dir[flow.Fwd], &r.window.dir[flow.Bwd]
		if f.n+b.n == 0 {
			return absent
		}
		return ratio(int64(f.zeros+b.zeros), int64(f.n+b.n))
	}).null(),
}

// winValue is a window field as sent. It has no unit of its own: bytes on a SYN, else what the
// agreed shift makes of it.
func winValue(name, doc string, dir int, get func(*windowDir) uint32) Feature {
	return winUnit(name, feature.None, doc, dir, get)
}

func winUnit(name string, unit feature.Unit, doc string, dir int, get func(*windowDir) uint32) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		w := &r.window.dir[dir]
		return valueIf(w.n > 0, get(w))
	}).null()
}

func winFirst(name, doc string, dir int) Feature {
	return winValue(name, doc, dir, func(w *windowDir) uint32 { return uint32(w.first) })
}

func winScale(name, doc string, dir int) Feature {
	return count(name, feature.None, doc, func(r *Row) int64 {
		w := &r.window.dir[dir]
		return valueIf(w.has&winScaleSeen != 0, w.scale)
	}).null()
}

func winMean(name, doc string, dir int) Feature {
	return float(name, feature.None, doc, func(r *Row) float64 {
		w := &r.window.dir[dir]
		if w.n == 0 {
			return absent
		}
		return stat.Mean(uint64(w.n), w.sum, 1)
	}).null()
}

func winCount(name, doc string, dir int, get func(*windowDir) uint32) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 { return int64(get(&r.window.dir[dir])) })
}

// tcpWindow follows the windows of both directions.
type tcpWindow struct{ dir [2]windowDir }

type windowDir struct {
	sum             uint64
	n, zeros        uint32
	ups, downs      uint32
	last            uint32 // effective window of the latest segment
	scaledMax       uint32
	first, min, max uint16
	scale           uint8 // as offered; valid iff winScaleSeen
	shift           uint8 // in force
	has             uint8
}

// Bits of windowDir.has.
const (
	winSYNSeen = 1 << iota
	winScaleSeen
)

func (t *tcpWindow) update(o *flow.Obs) {
	f := o.TCPFlags
	if f&packet.RST != 0 {
		return
	}
	w := &t.dir[o.Dir&1]
	effective := uint32(o.Window)
	if f&packet.SYN != 0 {
		t.opening(o)
	} else {
		effective <<= w.shift
	}
	if w.n == 0 {
		w.first, w.min = o.Window, o.Window
	} else if effective != w.last {
		if effective > w.last {
			w.ups++
		} else {
			w.downs++
		}
	}
	w.last = effective
	w.n++
	w.sum += uint64(o.Window)
	w.min, w.max = min(w.min, o.Window), max(w.max, o.Window)
	w.scaledMax = max(w.scaledMax, effective)
	if o.Window == 0 {
		w.zeros++
	}
}

// opening takes a SYN or SYN-ACK, the only segments that may carry the option.
func (t *tcpWindow) opening(o *flow.Obs) {
	w := &t.dir[o.Dir&1]
	w.has |= winSYNSeen
	if o.Has&packet.HasWindowScale != 0 && w.has&winScaleSeen == 0 {
		w.has |= winScaleSeen
		w.scale = o.WindowScale
	}
	for i := range t.dir {
		t.dir[i].shift = t.dir[i].shiftWith(&t.dir[1-i])
	}
}

// shiftWith is the shift in force: scaling needs the option of both sides, and a side of
// which no SYN was captured is taken to have sent it.
func (w *windowDir) shiftWith(other *windowDir) uint8 {
	if w.has&winScaleSeen == 0 || other.has&(winSYNSeen|winScaleSeen) == winSYNSeen {
		return 0
	}
	return min(w.scale, 14)
}
