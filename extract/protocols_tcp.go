package extract

import (
	"pinyon/flow"
	"pinyon/internal/stream"
	"pinyon/packet"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// streamBound is how far into a direction parsers look; the walks over HTTP messages and
// frames, which store nothing, go on.
const streamBound = stream.Window

// tlsSegments is how many segments of a direction are asked whether TLS starts
// with them: it may follow STARTTLS, CONNECT or SOCKS.
const tlsSegments = 64

// segment takes a TCP segment.
func (s *protocolState) segment(m *Memory, o *flow.Obs) {
	p := &m.protocolPools
	d := o.Dir & 1
	if o.Known != 0 {
		s.numbered(m, o)
	}
	if o.Stray {
		return
	}
	var x *protocols
	switch {
	case s.at != 0:
		x = p.live[s.at]
	case len(o.Payload) == 0 && !s.counts(m, o):
		return
	default:
		x = s.begin(m, o)
	}
	if x.ssh != nil && m.plan.need&needSegments != 0 {
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
		x.feed(m, s, d, &seg)
	}
	if x.ssh != nil && (x.active[0]|x.active[1]|x.kept)&parseSSH == 0 {
		give(&p.ssh, x.ssh)
		x.ssh = nil
	}
	if x.active[0]|x.active[1] == 0 {
		s.done = true
		if x.kept == 0 {
			s.drop(m)
		}
	}
}

// numbered takes the initial numbers that became known.
func (s *protocolState) numbered(m *Memory, o *flow.Obs) {
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
			m.protocolPools.live[s.at].dir[d].SYN(s.syn[d], o.Numbers.Size(d))
		}
	}
}

// counts notes a segment without captured payload before the flow's first data, and reports
// whether more has to be kept of it than fits here.
func (s *protocolState) counts(m *Memory, o *flow.Obs) bool {
	if m.plan.need&needSegments == 0 {
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
func (s *protocolState) begin(m *Memory, o *flow.Obs) *protocols {
	x := m.protocolPools.open(s)
	want := m.plan.parsers & parseStreams
	if m.plan.parsers&parseDNS != 0 {
		want |= parseDNS
		x.dnsCarrier, x.dnsPort = dns.CarrierOf(o.SrcPort, o.DstPort, true)
	}
	x.active = [2]parser{want, want}
	if want&parseSSH != 0 && m.plan.need&needSegments != 0 {
		// It counts segments from the first one on, whether or not it gets to read them.
		x.ssh = take(&m.protocolPools.ssh)
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

// feed gives the parsers that want them the next bytes of a direction.
func (x *protocols) feed(m *Memory, s *protocolState, d int, seg *stream.Segment) {
	on := x.active[d]
	first := seg.Offset == 0
	if on&parseSSH != 0 {
		x.feedSSH(m, s, d, seg, first)
	}
	if on&parseHTTP2 != 0 {
		x.feedHTTP2(m, d, seg.Data, first)
	}
	if on&parseHTTP1 != 0 { // behind HTTP/2, to which it may hand over
		x.feedHTTP1(m, d, seg, first)
	}
	if on&parseDNS != 0 {
		x.feedDNS(m, d, seg, first)
	}
	if x.active[d]&on&parseTLS != 0 {
		x.feedTLS(m, d, seg)
	}
	if x.dir[d].Next() >= streamBound {
		x.active[d] &^= parseDNS | parseTLS
		if x.kept&parseSSH == 0 {
			x.active[d] &^= parseSSH
		}
	}
}

// found keeps what a parser has, and stops those that cannot share a stream with it.
func (x *protocols) found(p parser) {
	x.kept |= p
	var rivals parser
	switch p {
	case parseSSH:
		rivals = parseHTTP1 | parseHTTP2 | parseTLS
	case parseHTTP1:
		rivals = parseSSH | parseHTTP2 // TLS may follow CONNECT, HTTP/2 an upgrade
	case parseHTTP2:
		rivals = parseSSH | parseTLS
	case parseTLS:
		rivals = parseSSH | parseHTTP2
	case parseDNS:
		rivals = parseStreams
	}
	x.active[0] &^= rivals
	x.active[1] &^= rivals
}

// opener is the direction that opened the connection: it sent the SYN or, if only the other
// half was captured, was sent the SYN-ACK. It is -1 without either.
func (s *protocolState) opener() int {
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

func (x *protocols) feedSSH(m *Memory, s *protocolState, d int, seg *stream.Segment, first bool) {
	if !x.looked {
		// A side that is known to have opened the connection is no server.
		opener := s.opener()
		if !first || ssh.Looks(seg.Data, opener != d) == ssh.NotMine {
			x.active[d] &^= parseSSH
			return
		}
		x.looked = true
		if x.ssh == nil {
			x.ssh = take(&m.protocolPools.ssh)
			x.ssh.Reset()
		}
		if opener >= 0 {
			x.ssh.SYN(opener)
		}
	}
	switch x.ssh.Feed(d, seg.Data) {
	case ssh.NotMine:
		x.active[d] &^= parseSSH
	case ssh.Mine:
		if x.kept&parseSSH == 0 {
			x.found(parseSSH)
		}
	}
	x.ssh.Segment(d, int64(seg.Offset)+int64(len(seg.Data)), len(seg.Data))
}

func (x *protocols) feedHTTP1(m *Memory, d int, seg *stream.Segment, first bool) {
	if x.http1 == nil {
		if !first || http1.Looks(seg.Data) == http1.NotMine {
			x.active[d] &^= parseHTTP1
			return
		}
		x.http1 = take(&m.protocolPools.http1)
		x.http1.Reset()
	}
	switch x.http1.Feed(d, seg.Data, seg.Time) {
	case http1.NotMine:
		x.active[d] &^= parseHTTP1
		return
	case http1.Mine:
		if x.kept&parseHTTP1 == 0 {
			x.found(parseHTTP1)
		}
	}
	if at, ok := x.http1.Tunnel(d); ok {
		x.upgrade(m, d, seg, at)
	}
}

// upgrade hands a connection over to HTTP/2 where a request was answered 101 and h2c. It comes to pass in the server's direction, whose bytes behind the answer lie
// in the segment at hand; what the client sent ahead was held back.
func (x *protocols) upgrade(m *Memory, d int, seg *stream.Segment, at int64) {
	x.active[0] &^= parseHTTP1
	x.active[1] &^= parseHTTP1
	if x.h2c || m.plan.parsers&parseHTTP2 == 0 || !x.http1.H2C() {
		return
	}
	x.h2c = true
	if x.http2 == nil {
		x.http2 = take(&m.protocolPools.http2)
	}
	if !x.http2.PrefaceSeen() { // else the client's was captured ahead of the answer
		x.http2.Reset()
	}
	x.http2.Upgrade(d)
	x.active[0] |= parseHTTP2
	x.active[1] |= parseHTTP2
	if held := x.http1.Held(1 - d); len(held) > 0 {
		x.feedHTTP2(m, 1-d, held, true)
	}
	if skip := at - int64(seg.Offset); skip < int64(len(seg.Data)) {
		x.feedHTTP2(m, d, seg.Data[max(skip, 0):], true)
	}
}

func (x *protocols) feedHTTP2(m *Memory, d int, data []byte, first bool) {
	if x.http2 == nil {
		if !first || http2.Looks(data) == http2.NotMine {
			x.active[d] &^= parseHTTP2
			return
		}
		x.http2 = take(&m.protocolPools.http2)
		x.http2.Reset()
		if x.dir[1-d].Next() > 0 {
			x.http2.Other(1 - d)
		}
	}
	switch x.http2.Feed(d, data) {
	case http2.NotMine:
		x.active[d] &^= parseHTTP2
	case http2.Mine:
		if x.kept&parseHTTP2 == 0 {
			x.found(parseHTTP2)
		}
	}
}

// feedDNS reads messages from the start of the stream on. On ports that are not of DNS the
// first one has to have its shape.
func (x *protocols) feedDNS(m *Memory, d int, seg *stream.Segment, first bool) {
	if x.dns == nil {
		if !x.dnsPort && (!first || dns.LooksStream(seg.Data) == dns.NotMine) {
			x.active[d] &^= parseDNS
			return
		}
		x.dns = take(&m.protocolPools.dns)
		x.dns.Reset(x.dnsCarrier, x.dnsPort)
	}
	switch x.dns.Stream(d, seg.Data, seg.Time) {
	case dns.Mine:
		x.found(parseDNS)
	case dns.NotMine:
		if !x.dnsPort {
			x.active[d] &^= parseDNS
		}
	}
}

func (x *protocols) feedTLS(m *Memory, d int, seg *stream.Segment) {
	if x.tls == nil {
		if tls.Start(seg.Data) == tls.NotMine {
			x.tlsTried[d]++
			x.tlsBytes[d] += int64(len(seg.Data))
			if x.tlsTried[d] == tlsSegments {
				x.active[d] &^= parseTLS
			}
			return
		}
		x.openTLS(m)
		for e := range x.dir {
			x.tls.Skip(e, int(x.tlsTried[e]), x.tlsBytes[e])
		}
	}
	x.tls.Feed(d, seg.Data, tls.Mark{Index: seg.Index, Time: seg.Time})
	if x.tls.Ended(d) {
		x.active[d] &^= parseTLS
	}
	if x.kept&parseTLS == 0 && x.tls.Detected() {
		x.found(parseTLS)
	}
}

func (x *protocols) openTLS(m *Memory) {
	x.tls = take(&m.protocolPools.tls)
	x.tls.KeepCertificates = m.plan.need&needCerts != 0
	x.tls.Reset()
}
