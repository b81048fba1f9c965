package groups

import (
	"pinyon/flow"
	"pinyon/internal/stream"
	"pinyon/packet"
	"pinyon/proto/carrier"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/quic"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// parser is a set of protocol parsers.
type parser uint8

const (
	parseSSH parser = 1 << iota
	parseHTTP1
	parseHTTP2
	parseDNS
	parseQUIC
	parseTLS

	parseStreams = parseSSH | parseHTTP1 | parseHTTP2 | parseTLS
	// parseCarried are parsers of a stream from its first byte on, which may be that within
	// a tunnel; TLS is sought further on too.
	parseCarried = parseSSH | parseHTTP1 | parseHTTP2
)

// protocolState is what a flow itself remembers of its parsers: usually that there is
// nothing more to look for.
type protocolState struct {
	at      uint32    // number of the flow's protocols; 0 without
	syn     [2]uint32 // sequence number of the first SYN of a direction
	synSeen uint8     // bit d: syn[d] is one; bit 2+d: it was a pure SYN
	done    bool      // no parser wants another packet
	tried   uint8     // TCP: bare ACKs before the first data, four bits a direction
	first   uint8     // what the first data of a TCP client looks like
}

// protocols is what the parsers hold of one flow. It moves to the row when the flow ends.
type protocols struct {
	dir     [2]stream.Dir
	active  [2]parser // by direction: parsers that still want its bytes
	kept    parser    // parsers with something to say
	h2c     bool      // HTTP/2 took over from HTTP/1
	looked  bool      // ssh may have started
	carried           // where the stream starts that ssh, http1 and http2 read
	wrapped           // what TLS is wrapped in
	ssh     *ssh.Session
	http1   *http1.Conn
	http2   *http2.Conn
	dns     *dns.Flow
	quic    *quic.Conn
	tls     *tls.Session
	// How DNS travels between these ports of TCP, and whether they are its own.
	dnsCarrier dns.Carrier
	dnsPort    bool
	// Segments and bytes of a direction that were tested for TLS before there was a session.
	tlsTried [2]uint8
	tlsBytes [2]int64
}

// needs adds the parsers that others need: HTTP/1 opens tunnels, and what lies in them is
// read as what lies outside.
func (p parser) needs() parser {
	if p&parseStreams != 0 {
		p |= parseHTTP1
	}
	return p
}

// protocolPools keep objects for the next flow.
type protocolPools struct {
	live    []*protocols // by number; 0 is none
	numbers []uint32     // free numbers
	spare   []*protocols
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

func give[T any](list *[]*T, v *T) {
	if v != nil {
		*list = append(*list, v)
	}
}

// open makes the flow's protocols.
func (p *protocolPools) open(s *protocolState) *protocols {
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

// detach takes the flow's protocols out of the list of live ones.
func (p *protocolPools) detach(s *protocolState) *protocols {
	x := p.live[s.at]
	p.live[s.at] = nil
	p.numbers = append(p.numbers, s.at)
	s.at = 0
	return x
}

// release makes everything in x ready for another flow.
func (p *protocolPools) release(x *protocols) {
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
	*x = protocols{dir: x.dir, carried: x.carried, wrapped: x.wrapped}
	give(&p.spare, x)
}

// update takes the flow's next packet.
func (s *protocolState) update(m *Memory, o *flow.Obs) {
	if s.done {
		return
	}
	switch {
	case o.Has&packet.HasTCP != 0:
		s.segment(m, o)
	case o.Proto == packet.ProtoUDP && o.Has&packet.HasTransport != 0 && len(o.Payload) > 0:
		s.datagram(m, o)
	}
}

// drop gives up what was parsed.
func (s *protocolState) drop(m *Memory) {
	m.protocolPools.release(m.protocolPools.detach(s))
}

// finish moves the flow's protocols to its row.
func (r *Row) finishProtocols(m *Memory) {
	if r.parsers != nil {
		m.protocolPools.release(r.parsers)
		r.parsers = nil
	}
	if r.protocol.at != 0 {
		r.parsers = m.protocolPools.detach(&r.protocol)
		if t := r.parsers.tls; t != nil {
			t.Finish()
		}
		if h := r.parsers.http1; h != nil {
			h.Finish()
			r.parsers.upgradeLate(m)
		}
	}
}
