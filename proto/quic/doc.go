// Package quic reads QUIC in UDP datagrams: the long and short headers of RFC 8999, 9000
// and 9369, drafts 22 to 34, mvfst, and Google QUIC; and it opens Initial packets with
// their public keys (RFC 9001 section 5) and puts the CRYPTO bytes of each side in order.
// Of Google QUIC before Q050 the handshake is in clear, by messages of tags or TLS.
//
// It does not parse TLS, open anything but Initial packets, or know flows: whoever owns the
// flow asks Looks until it says yes, takes a Conn, and hands it every datagram from there on.
package quic
