package tls

import (
	"pinyon/internal/cursor"
	"pinyon/proto"
)

// StartDTLS tells from a UDP payload whether it is DTLS with a hello in clear: a handshake
// record of epoch 0 in DTLS 1.0, 1.2 (of which 1.3 hellos carry the number) or OpenSSL's
// form before the RFC. A payload that a capture cut short may still pass. The answer is
// never NeedMore. It does not allocate.
//
//	type (1) | version (2) | epoch (2) | sequence (6) | length (2)           RFC 6347 section 4.1
//	type (1) | length (3) | message (2) | offset (3) | fragment length (3)   section 4.2.2
func StartDTLS(b []byte) proto.Verdict {
	if len(b) < 13+12 || b[0] != RecordHandshake {
		return proto.NotMine
	}
	return startDTLS(b)
}

func startDTLS(b []byte) proto.Verdict {
	c := cursor.New(b)
	c.Skip(1)
	version, epoch := c.U16(), c.U16()
	c.Skip(6)
	size := int(c.U16())
	typ, length := c.U8(), c.U24()
	c.Skip(2)
	at, n := c.U24(), c.U24()
	switch {
	case !isDTLS(version), epoch != 0, size > maxRecord, int(n)+12 > size,
		typ < typeClientHello || typ > typeHelloVerifyRequest, length > maxHello, at+n > length:
		return proto.NotMine
	}
	return proto.Mine
}

func isDTLS(version uint16) bool {
	return version == VersionDTLS10 || version == VersionDTLS12 || version == VersionDTLSPre
}
