package dispatch

import (
	"pinyon/proto/carrier"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/quic"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// Pools are what the flows of one goroutine share: which parsers are wanted, and parsers that wait
// for their next flow, so that a flow costs no allocation. They are used by one goroutine at a
// time.
type Pools struct {
	On               Set  // what is looked for; see Set.WithNeeded
	CountSegments    bool // SSH counts segments and bare ACKs from the first of the flow on
	KeepCertificates bool // TLS keeps the server's certificates

	live    []*Parsers // of the flows at hand, by number; 0 is none
	numbers []uint32   // free numbers
	spare   []*Parsers
	ssh     []*ssh.Session
	http1   []*http1.Conn
	http2   []*http2.Conn
	dns     []*dns.Flow
	quic    []*quic.Conn
	tls     []*tls.Session
	openVPN []*carrier.OpenVPN
	scratch quic.Scratch
}

// take pops an object from a free list, or makes one.
func take[T any](list *[]*T) *T {
	if n := len(*list); n > 0 {
		v := (*list)[n-1]
		*list = (*list)[:n-1]
		return v
	}
	return new(T)
}

// give appends an object, unless it is nil, to a free list.
func give[T any](list *[]*T, v *T) {
	if v != nil {
		*list = append(*list, v)
	}
}

// open makes the parsers of a flow.
func (p *Pools) open(s *State) *Parsers {
	if len(p.live) == 0 {
		p.live = append(p.live, nil)
	}
	if n := len(p.numbers); n > 0 {
		s.at = p.numbers[n-1]
		p.numbers = p.numbers[:n-1]
	} else {
		s.at = uint32(len(p.live))
		p.live = append(p.live, nil)
	}
	x := take(&p.spare)
	p.live[s.at] = x
	return x
}

// detach takes the parsers of a flow out of the list of live ones.
func (p *Pools) detach(s *State) *Parsers {
	x := p.live[s.at]
	p.live[s.at] = nil
	p.numbers = append(p.numbers, s.at)
	s.at = 0
	return x
}

// Release makes everything in x, which may be nil, ready for another flow.
func (p *Pools) Release(x *Parsers) {
	if x == nil {
		return
	}
	give(&p.ssh, x.ssh)
	give(&p.http1, x.http1)
	give(&p.http2, x.http2)
	give(&p.dns, x.dns)
	give(&p.tls, x.tls)
	if x.quic != nil {
		x.quic.Reset(&p.scratch)
		give(&p.quic, x.quic)
	}
	x.dir[0].Reset()
	x.dir[1].Reset()
	x.carried.reset()
	if x.openVPN != nil {
		x.openVPN.Reset()
		give(&p.openVPN, x.openVPN)
	}
	x.wrapped.reset()
	x.anew = anew{}
	give(&p.spare, x)
}

// Live is the number of flows that hold parsers.
func (p *Pools) Live() int { return max(len(p.live)-1, 0) - len(p.numbers) }
