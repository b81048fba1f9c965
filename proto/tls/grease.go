package tls

// IsGREASE reports whether v is one of the 16 values that RFC 8701 reserves for suites,
// extensions, groups, versions and signature schemes: 0x0A0A, 0x1A1A ... 0xFAFA.
func IsGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// isGREASEProtocol reports whether p is an ALPN name reserved by RFC 8701.
func isGREASEProtocol(p []byte) bool {
	return len(p) == 2 && IsGREASE(uint16(p[0])<<8|uint16(p[1]))
}
