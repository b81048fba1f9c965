// Package carrier reads what stands before or around another protocol: a PROXY protocol
// header, a SOCKS exchange, the message that asks for TLS (STARTTLS and its kin), the packets
// in which TDS and OpenVPN wrap a TLS handshake. It says where the protocol within starts and
// hands out its bytes; what these are is for others to read.
//
//	bytes of a direction → Conn: PROXY, SOCKS           → offset of the stream within
//	one segment          → BeforeTLS: a request for TLS → bytes that stand before TLS
//	one segment, packet  → TDS, OpenVPN                 → bytes of TLS
//
// Bytes may end at any point and come in any pieces. Nothing here allocates but the buffers
// for what is cut, which are bounded and reused, and the package knows neither flows nor
// packets.
package carrier

// prefixOf reports whether b and want agree as far as both go.
func prefixOf(b []byte, want string) bool {
	n := min(len(b), len(want))
	return string(b[:n]) == want[:n]
}
