package groups

import (
	"pinyon/feature"
	"pinyon/proto/quic"
)

// Whether a UDP flow is QUIC, which version it runs, how its handshake went, and, from
// Initial packets opened with their public keys, which name and protocol the client asked
// for. RFC 9000, 9001, 9369; Google QUIC, whose own handshake names both in tags, in clear up to
// Q049.
var quicTable = []Feature{
	quicFlag("quic_detected", "The flow is QUIC: an Initial opens, or its headers fit together.", (*quic.Conn).Confirmed),
	quicCount("quic_version", feature.None, "Version of the client's first Initial that opened, else the first one seen.", func(c *quic.Conn) int64 { return int64(c.Version()) }),
	text("quic_version_str", "Its name.", func(dst []byte, r *Row) ([]byte, bool) {
		c := r.quic()
		if c.Version() == 0 {
			return dst, false
		}
		return quic.AppendVersion(dst, c.Version()), true
	}).null(),
	quicCount("quic_dcid_len", feature.Bytes, "Length of the destination connection id of the packet that gave the version.", func(c *quic.Conn) int64 { return int64(c.DCIDLen()) }),
	quicCount("quic_scid_len", feature.Bytes, "Length of its source connection id.", func(c *quic.Conn) int64 { return int64(c.SCIDLen()) }),
	quicCount("quic_pn_length", feature.Bytes, "Length of the packet number of the client's first Initial, protection removed.", func(c *quic.Conn) int64 {
		if n := c.PacketNumberLen(); n > 0 {
			return int64(n)
		}
		return none
	}).null(),
	quicCount("quic_initial_packets", feature.Count, "Initial packets of both sides, coalesced ones too.", func(c *quic.Conn) int64 { return int64(c.Initials()) }),
	quicFlag("quic_0rtt_detected", "The flow holds a 0-RTT packet.", func(c *quic.Conn) bool { return c.ZeroRTTs() > 0 }),
	quicFlag("quic_retry_detected", "The server sent a Retry.", func(c *quic.Conn) bool { _, ok := c.Retry(); return ok }),
	quicFlag("quic_spin_bit", "Both values of the spin bit came from one side.", (*quic.Conn).Spin),
	text("quic_alpn", "First protocol that the client's hello offers.", func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, r.quicHello().appendALPN(dst)) }).null(),
	text("quic_sni", "Server name that the client's hello asks for.", func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, r.quicHello().appendSNI(dst)) }).null().private(),
}

// quic is the flow's connection, or nil if it is not QUIC.
func (r *Row) quic() *quic.Conn { return r.parsers.QUIC() }

func quicFlag(name, doc string, get func(*quic.Conn) bool) Feature {
	return flag(name, doc, func(r *Row) bool { c := r.quic(); return c != nil && get(c) }).everywhere()
}

func quicCount(name string, unit feature.Unit, doc string, get func(*quic.Conn) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 { return get(r.quic()) })
}
