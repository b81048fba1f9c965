package extract

import (
	"pinyon/flow"
	"pinyon/proto/dns"
	"pinyon/proto/quic"
	"pinyon/proto/tls"
)

// firstDatagrams is how many datagrams of a UDP flow are asked whether they begin QUIC.
const firstDatagrams = 16

// datagram takes a UDP payload.
func (s *protocolState) datagram(m *Memory, o *flow.Obs) {
	p := &m.protocolPools
	if s.at == 0 && !s.opens(m, o) {
		return
	}
	x := p.live[s.at]
	d := o.Dir & 1
	if x.dns != nil {
		x.dns.Datagram(d, o.Payload, int(o.PayloadLen), o.Time)
		return
	}
	if x.quic != nil && !x.quic.Datagram(&p.scratch, &quic.Datagram{
		Payload: o.Payload, Size: int(o.PayloadLen), Dir: d, Index: uint32(o.Index), Time: o.Time,
	}) {
		s.drop(m)
		s.tried = max(s.tried, firstDatagrams)
		return
	}
	if x.tls != nil {
		x.tls.FeedDatagram(d, o.Payload, tls.Mark{Index: o.Index, Time: o.Time})
		s.done = x.tls.Ended(0) && x.tls.Ended(1)
	}
}

// opens decides whether a datagram begins something to parse, and makes ready for it.
func (s *protocolState) opens(m *Memory, o *flow.Obs) bool {
	p := &m.protocolPools
	on := m.plan.parsers
	if on&parseDNS != 0 {
		if c := dns.CarrierOf(o.SrcPort, o.DstPort, false); c != dns.NoCarrier {
			x := p.open(s)
			x.dns = take(&p.dns)
			x.dns.Reset(c)
			x.kept = parseDNS
			return true
		}
	}
	if on&parseQUIC != 0 && s.tried < firstDatagrams && quic.Looks(o.Payload) {
		x := p.open(s)
		x.quic = take(&p.quic)
		x.kept = parseQUIC
		return true
	}
	if on&parseTLS != 0 && looksDTLS(o.Payload) {
		x := p.open(s)
		x.openTLS(m)
		x.kept = parseTLS
		return true
	}
	if s.tried++; s.tried >= 2*tlsSegments {
		s.done = true
	}
	return false
}

// looksDTLS is the first test: a handshake record of a version that DTLS has had.
func looksDTLS(b []byte) bool {
	return len(b) >= 13 && b[0] == tls.RecordHandshake && (b[1] == 0xfe || b[1] == 0x01)
}
