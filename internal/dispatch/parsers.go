package dispatch

import (
	"pinyon/internal/stream"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/quic"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

// Parsers are what the parsers hold of one flow. Its methods tell what they found.
type Parsers struct {
	dir     [2]stream.Dir
	carried // where the stream starts that ssh, http1 and http2 read
	wrapped // what TLS is wrapped in
	anew
}

// anew is the part of Parsers that every flow begins with empty.
type anew struct {
	active [2]Set // by direction: parsers that still want its bytes
	kept   Set    // parsers with something to say
	h2c    bool   // HTTP/2 took over from HTTP/1
	looked bool   // ssh may have started
	ssh    *ssh.Session
	http1  *http1.Conn
	http2  *http2.Conn
	dns    *dns.Flow
	quic   *quic.Conn
	tls    *tls.Session
	// How DNS travels between these ports of TCP, and whether they are its own.
	dnsCarrier dns.Carrier
	dnsPort    bool
	// Segments and bytes of a direction that were tested for TLS before there was a session.
	tlsTried [2]uint8
	tlsBytes [2]int64
}

// found keeps what a parser has.
func (x *Parsers) found(p Set) { x.kept |= p }

// SSH is the flow's session, or nil if it is not SSH or x is nil.
func (x *Parsers) SSH() *ssh.Session {
	if x != nil && x.kept&SSH != 0 {
		return x.ssh
	}
	return nil
}

// HTTP1 is the flow's connection, or nil if it is not HTTP/1 or x is nil.
func (x *Parsers) HTTP1() *http1.Conn {
	if x != nil && x.kept&HTTP1 != 0 {
		return x.http1
	}
	return nil
}

// HTTP2 is the flow's cleartext HTTP/2, or nil if there is none or x is nil.
func (x *Parsers) HTTP2() *http2.Conn {
	if x != nil && x.http2 != nil && x.http2.Detected() {
		return x.http2
	}
	return nil
}

// DNS is what the flow says in DNS, or nil if it holds no message or x is nil.
func (x *Parsers) DNS() *dns.Flow {
	if x != nil && x.dns != nil && x.dns.Detected() {
		return x.dns
	}
	return nil
}

// QUIC is the flow's connection, or nil if it is not QUIC or x is nil.
func (x *Parsers) QUIC() *quic.Conn {
	if x != nil && x.quic != nil && x.quic.Confirmed() {
		return x.quic
	}
	return nil
}

// TLS is the flow's session of TLS or DTLS, or nil if there is none or x is nil.
func (x *Parsers) TLS() *tls.Session {
	if x != nil && x.tls != nil && x.tls.Detected() {
		return x.tls
	}
	return nil
}

// InOpenVPN reports whether TLS was taken out of the control channel of OpenVPN.
func (x *Parsers) InOpenVPN() bool { return x != nil && x.openVPN != nil }
