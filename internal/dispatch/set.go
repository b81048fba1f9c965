package dispatch

// Set is a set of parsers.
type Set uint8

// The parsers: a package below proto each.
const (
	SSH Set = 1 << iota
	HTTP1
	HTTP2
	DNS
	QUIC
	TLS
)

const (
	// onStreams are the parsers of TCP that look at a flow whatever its ports are.
	onStreams = SSH | HTTP1 | HTTP2 | TLS
	// fromFirstByte are parsers of a stream from its first byte on, which may be that within
	// a tunnel; TLS is sought further on too.
	fromFirstByte = SSH | HTTP1 | HTTP2
)

// WithNeeded is p and the parsers that those in it need: HTTP/1 opens tunnels, and what lies in
// them is read as what lies outside.
func (p Set) WithNeeded() Set {
	if p&onStreams != 0 {
		p |= HTTP1
	}
	return p
}
