package dispatch

import (
	"pinyon/flow"
	"pinyon/packet"
	"pinyon/proto"
	"pinyon/proto/carrier"
	"pinyon/proto/dns"
	"pinyon/proto/quic"
	"pinyon/proto/tls"
)

// datagram takes a UDP payload. Every parser that the plan wants is offered every datagram,
// whatever the others made of it and whatever the ports are: one flow may hold a DNS query,
// QUIC and DTLS. As long as a parser holds nothing of the flow, all it does is to test the
// shape of the datagram at hand, which takes a bounded time; hence it may do so for ever.
//
// A feeding function takes the flow's protocols, nil if there are none yet, and returns them.
func (s *State) datagram(p *Pools, o *flow.Obs) {
	var x *Parsers
	if s.at != 0 {
		x = p.live[s.at]
	}
	on := p.On
	if on&DNS != 0 && (x != nil && x.dns != nil || looksDNS(o)) {
		x = s.datagramDNS(p, x, o)
	}
	if on&QUIC != 0 && (x != nil && x.quic != nil || quic.Looks(o.Payload)) {
		x = s.datagramQUIC(p, x, o)
	}
	if on&TLS != 0 && (x != nil && x.tls != nil || tls.StartDTLS(o.Payload) == proto.Mine) {
		x = s.datagramDTLS(p, x, o)
	}
	if on&TLS != 0 && (x != nil && x.openVPN != nil || carrier.LooksOpenVPN(o.Payload) == proto.Mine) {
		x = s.datagramOpenVPN(p, x, o)
	}
	if x != nil && x.dns == nil && x.quic == nil && x.tls == nil {
		s.drop(p)
	}
}

// opened is x, or the flow's protocols newly made if there were none.
func (s *State) opened(p *Pools, x *Parsers) *Parsers {
	if x == nil {
		x = p.open(s)
	}
	return x
}

// looksDNS reports whether a datagram begins DNS: on its ports a message that is whole, on
// all others one of its shape.
func looksDNS(o *flow.Obs) bool {
	c, own := dns.CarrierOf(o.SrcPort, o.DstPort, false)
	return dns.Is(o.Payload, isPart(o) || len(o.Payload) < int(o.PayloadLen), c, own)
}

// isPart reports a first fragment: later ones hold the rest of its payload.
func isPart(o *flow.Obs) bool { return o.Has&packet.HasFragment != 0 && o.MoreFrags }

func (s *State) datagramDNS(p *Pools, x *Parsers, o *flow.Obs) *Parsers {
	x = s.opened(p, x)
	if x.dns == nil {
		x.dns = take(&p.dns)
		x.dns.Reset(dns.CarrierOf(o.SrcPort, o.DstPort, false))
	}
	x.dns.Datagram(o.Dir&1, o.Payload, int(o.PayloadLen), isPart(o), o.Time)
	return x
}

// datagramQUIC gives up a connection that some datagrams could not confirm. The next one that
// looks like QUIC begins another.
func (s *State) datagramQUIC(p *Pools, x *Parsers, o *flow.Obs) *Parsers {
	x = s.opened(p, x)
	if x.quic == nil {
		x.quic = take(&p.quic)
	}
	if !x.quic.Datagram(&p.scratch, &quic.Datagram{
		Payload: o.Payload, Size: int(o.PayloadLen), Dir: o.Dir & 1, Index: uint32(o.Index), Time: o.Time,
	}) {
		x.quic.Reset(&p.scratch)
		give(&p.quic, x.quic)
		x.quic = nil
	}
	return x
}

func (s *State) datagramDTLS(p *Pools, x *Parsers, o *flow.Obs) *Parsers {
	x = s.opened(p, x)
	if x.tls == nil {
		x.openTLS(p)
	}
	x.tls.FeedDatagram(o.Dir&1, o.Payload, tls.Mark{Index: o.Index, Time: o.Time})
	return x
}

// datagramOpenVPN reads the TLS of OpenVPN's control channel, unless there is DTLS already.
func (s *State) datagramOpenVPN(p *Pools, x *Parsers, o *flow.Obs) *Parsers {
	x = s.opened(p, x)
	if x.openVPN == nil {
		if x.tls != nil {
			return x
		}
		x.openTLS(p)
		x.openVPN = take(&p.openVPN)
	}
	d := o.Dir & 1
	x.marks[d] = tls.Mark{Index: o.Index, Time: o.Time}
	x.openVPN.Packet(d, o.Payload)
	x.takeOpenVPN(d)
	return x
}
