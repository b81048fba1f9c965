package dispatch

import (
	"pinyon/flow"
	"pinyon/internal/stream"
	"pinyon/packet"
	"pinyon/proto"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// streamBound is how far into a direction parsers look; the walks over HTTP messages and
// frames, which store nothing, go on.
const streamBound = stream.Window

// segment takes a TCP segment.
func (s *State) segment(p *Pools, o *flow.Obs) {
	d := o.Dir & 1
	if o.Known != 0 {
		s.numbered(p, o)
	}
	if o.Stray {
		return
	}
	var x *Parsers
	switch {
	case s.at != 0:
		x = p.live[s.at]
	case len(o.Payload) == 0 && !s.counts(p, o):
		return
	default:
		x = s.begin(p, o)
	}
	if x.ssh != nil && p.CountSegments {
		x.ssh.Packet(d, int(o.PayloadLen), o.TCPFlags == packet.ACK)
	}
	if len(o.Payload) == 0 || x.active[d] == 0 {
		return
	}
	seq := o.Seq
	if o.TCPFlags&packet.SYN != 0 {
		seq++
	}
	x.dir[d].Push(seq, o.Payload, o.Index, o.Time)
	for seg, ok := x.dir[d].Pull(); ok; seg, ok = x.dir[d].Pull() {
		x.feed(p, s, d, &seg)
	}
	if x.ssh != nil && (x.active[0]|x.active[1]|x.kept)&SSH == 0 {
		give(&p.ssh, x.ssh)
		x.ssh = nil
	}
	if x.active[0]|x.active[1] == 0 {
		s.done = true
		if x.kept == 0 {
			s.drop(p)
		}
	}
}

// numbered takes the initial numbers that became known.
func (s *State) numbered(p *Pools, o *flow.Obs) {
	for d := range s.syn {
		if o.Known>>d&1 == 0 {
			continue
		}
		s.syn[d] = o.Numbers.ISN[d]
		s.synSeen |= 1 << d
		if d == o.Dir&1 && o.TCPFlags&(packet.SYN|packet.ACK) == packet.SYN {
			s.synSeen |= 4 << d
		}
		if s.at != 0 {
			p.live[s.at].dir[d].SYN(s.syn[d], o.Numbers.Size(d))
		}
	}
}

// counts notes a segment without captured payload before the flow's first data, and reports
// whether more has to be kept of it than fits here.
func (s *State) counts(p *Pools, o *flow.Obs) bool {
	if !p.CountSegments {
		return false
	}
	if o.PayloadLen > 0 {
		return true
	}
	if o.TCPFlags != packet.ACK {
		return false
	}
	shift := 4 * (o.Dir & 1)
	if s.tried>>shift&0xf == 0xf {
		return true
	}
	s.tried += 1 << shift
	return false
}

// begin makes the protocols of a TCP flow at its first data.
func (s *State) begin(p *Pools, o *flow.Obs) *Parsers {
	x := p.open(s)
	want := p.On & onStreams
	if p.On&DNS != 0 {
		want |= DNS
		x.dnsCarrier, x.dnsPort = dns.CarrierOf(o.SrcPort, o.DstPort, true)
	}
	x.active = [2]Set{want, want}
	if want&SSH != 0 && p.CountSegments {
		// It counts segments from the first one on, whether or not it gets to read them.
		x.ssh = take(&p.ssh)
		x.ssh.Reset()
		x.ssh.BareACKs = [2]int64{int64(s.tried & 0xf), int64(s.tried >> 4)}
	}
	for d := range x.dir {
		if s.synSeen>>d&1 != 0 {
			x.dir[d].SYN(s.syn[d], 0)
		}
	}
	return x
}

// feed gives the parsers that want them the next bytes of a direction. None of them stops
// another: several protocols may be found in one flow.
func (x *Parsers) feed(p *Pools, s *State, d int, seg *stream.Segment) {
	x.ncuts[d] = 0
	x.marks[d] = tls.Mark{Index: seg.Index, Time: seg.Time}
	if x.active[d]&DNS != 0 {
		x.feedDNS(p, d, seg, seg.Offset == 0)
	}
	if x.active[d]&fromFirstByte != 0 {
		x.carry(p, s, d, *seg)
	}
	if x.active[d]&TLS != 0 {
		x.feedTLS(p, d, seg)
	}
	if x.dir[d].Next() >= streamBound {
		x.active[d] &^= DNS | TLS
		if x.kept&SSH == 0 {
			x.active[d] &^= SSH
		}
	}
}

// opener is the direction that opened the connection: it sent the SYN or, if only the other
// half was captured, was sent the SYN-ACK. It is -1 without either.
func (s *State) opener() int {
	for d := range 2 {
		if s.synSeen>>(2+d)&1 != 0 {
			return d
		}
	}
	for d := range 2 {
		if s.synSeen>>d&1 != 0 {
			return 1 - d
		}
	}
	return -1
}

func (x *Parsers) feedSSH(p *Pools, s *State, d int, seg *stream.Segment, first bool) {
	if !x.looked {
		// A side that is known to have opened the connection is no server.
		opener := s.opener()
		if !first || ssh.Looks(seg.Data, opener != d) == proto.NotMine || http1.Looks(seg.Data) == proto.Mine {
			x.active[d] &^= SSH
			return
		}
		x.looked = true
		if x.ssh == nil {
			x.ssh = take(&p.ssh)
			x.ssh.Reset()
		}
		if opener >= 0 {
			x.ssh.SYN(opener)
		}
	}
	switch x.ssh.Feed(d, seg.Data) {
	case proto.NotMine:
		x.active[d] &^= SSH
	case proto.Mine:
		if x.kept&SSH == 0 {
			x.found(SSH)
		}
	}
	x.ssh.Segment(d, int64(seg.Offset-x.base[d])+int64(len(seg.Data)), len(seg.Data))
}

func (x *Parsers) feedHTTP2(p *Pools, d int, data []byte, first bool) {
	if x.http2 == nil {
		if !first || http2.Looks(data) == proto.NotMine {
			x.active[d] &^= HTTP2
			return
		}
		x.http2 = take(&p.http2)
		x.http2.Reset()
		if x.dir[1-d].Next() > 0 {
			x.http2.Other(1 - d)
		}
	}
	switch x.http2.Feed(d, data) {
	case proto.NotMine:
		x.active[d] &^= HTTP2
	case proto.Mine:
		if x.kept&HTTP2 == 0 {
			x.found(HTTP2)
		}
	}
}

// feedDNS reads messages from the start of the stream on. On ports that are not of DNS the
// first one has to have its shape.
func (x *Parsers) feedDNS(p *Pools, d int, seg *stream.Segment, first bool) {
	if x.dns == nil {
		if !x.dnsPort && (!first || dns.LooksStream(seg.Data) == proto.NotMine) {
			x.active[d] &^= DNS
			return
		}
		x.dns = take(&p.dns)
		x.dns.Reset(x.dnsCarrier, x.dnsPort)
	}
	switch x.dns.Stream(d, seg.Data, seg.Time) {
	case proto.Mine:
		x.found(DNS)
	case proto.NotMine:
		if !x.dnsPort {
			x.active[d] &^= DNS
		}
	}
}
