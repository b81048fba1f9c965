// Package dispatch offers the payload of a flow to the parsers of package proto, which say whether
// it is theirs, and keeps what they found until the flow ends.
//
// The bytes of a TCP connection go to the parsers in sequence order (package internal/stream),
// those of UDP datagram by datagram. No parser stops another, as a flow may carry several protocols,
// one after the other or one within another: behind a PROXY protocol header, a SOCKS exchange or an
// accepted CONNECT the search begins anew, and TLS is taken out of what wraps it (TDS, OpenVPN).
// What is kept and looked at of a flow is bounded by each parser.
//
// The package parses nothing itself and knows no column.
package dispatch

import (
	"pinyon/flow"
	"pinyon/packet"
)

// State is what a flow itself remembers of its parsers: usually that there is
// nothing more to look for. It holds no pointers.
type State struct {
	at      uint32    // number of the flow's Parsers; 0 without
	syn     [2]uint32 // sequence number of the first SYN of a direction
	synSeen uint8     // bit d: syn[d] is one; bit 2+d: it was a pure SYN
	done    bool      // no parser wants another packet
	tried   uint8     // TCP: bare ACKs before the first data, four bits a direction
}

// Update takes the flow's next packet.
func (s *State) Update(p *Pools, o *flow.Obs) {
	if s.done {
		return
	}
	switch {
	case o.Has&packet.HasTCP != 0:
		s.segment(p, o)
	case o.Proto == packet.ProtoUDP && o.Has&packet.HasTransport != 0 && len(o.Payload) > 0:
		s.datagram(p, o)
	}
}

// Started reports whether a SYN without ACK came in direction d (0 or 1): who sends that way
// opened the connection.
func (s *State) Started(d int) bool { return s.synSeen>>(2+d&1)&1 != 0 }

// Finish ends the flow and returns what the parsers hold of it, nil if that is nothing. The caller
// gives it back with Pools.Release.
func (s *State) Finish(p *Pools) *Parsers {
	if s.at == 0 {
		return nil
	}
	x := p.detach(s)
	if x.tls != nil {
		x.tls.Finish()
	}
	if x.http1 != nil {
		x.http1.Finish()
		x.upgradeLate(p)
	}
	return x
}

// drop gives up what was parsed.
func (s *State) drop(p *Pools) { p.Release(p.detach(s)) }
