package groups

import (
	"encoding/binary"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// IPsec in clear: which security association the packets of ESP belong to (RFC 4303), and
// whether an Authentication Header was passed on the way to what it protects (RFC 4302). An
// association has one direction, so each has its own index.
var ipsecExtra = []Feature{
	count("esp_spi_fwd", feature.None, "Security parameters index of the initiator's first ESP packet.", func(r *Row) int64 { return r.ipsec.index(flow.Fwd) }).null(),
	count("esp_spi_bwd", feature.None, "The same of the responder's.", func(r *Row) int64 { return r.ipsec.index(flow.Bwd) }).null(),
	count("esp_spi_changes", feature.Count, "ESP packets whose index is not that of the one before in their direction: new keys.", func(r *Row) int64 { return int64(r.ipsec.changes) }),
}

// ipsec keeps the indices of ESP packets, and whether one had AH.
type ipsec struct {
	first, last [2]uint32
	changes     uint32
	seen        [2]bool // a direction has an index
	ah          bool
}

func (a *ipsec) update(o *flow.Obs) {
	if o.Has&packet.HasAH != 0 {
		a.ah = true
	}
	if o.Proto != packet.ProtoESP || o.Has&packet.HasLaterFragment != 0 || len(o.Payload) < 4 {
		return
	}
	d, spi := o.Dir&1, binary.BigEndian.Uint32(o.Payload)
	switch {
	case !a.seen[d]:
		a.first[d], a.seen[d] = spi, true
	case spi != a.last[d]:
		a.changes++
	}
	a.last[d] = spi
}

func (a *ipsec) index(d int) int64 {
	if !a.seen[d] {
		return none
	}
	return int64(a.first[d])
}

// passedAH reports whether some packet of the flow had an Authentication Header, or was one
// that could not be walked.
func (r *Row) passedAH() bool { return r.ipsec.ah || r.Key.Proto == packet.ProtoAH }
