package tls

import (
	"pinyon/internal/cursor"
	"pinyon/proto"
)

// Content types (RFC 8446 section 5.1, RFC 6520).
const (
	RecordChangeCipherSpec uint8 = 20
	RecordAlert            uint8 = 21
	RecordHandshake        uint8 = 22
	RecordApplicationData  uint8 = 23
	RecordHeartbeat        uint8 = 24
)

// maxRecord is the longest record body: 2^14 bytes of text, 2048 for what protects them
// (RFC 5246 section 6.2.3).
const maxRecord = 1<<14 + 2048

// maxHello is the longest handshake message that a start may declare.
const maxHello = 1 << 17

// helloHead is what a start test reads of the first message: header 4, version 2, random
// 32, session id 1 + 32, length of the suites 2.
const helloHead = 4 + 2 + 32 + 1 + 32 + 2

// Start tells from the first bytes of a stream, or of one segment of it, whether TLS starts
// there: a handshake record with a ClientHello or ServerHello, in clear alerts before it
// walked over; or a ClientHello in the format of SSL 2.0. It does not allocate.
func Start(b []byte) proto.Verdict {
	if len(b) == 0 {
		return proto.NeedMore
	}
	switch first := b[0]; {
	case first == RecordHandshake || first == RecordAlert:
		return startRecords(b)
	case first&0x80 != 0:
		return startV2(b)
	}
	return proto.NotMine
}

// startRecords gathers the head of the first handshake message, which a sender may spread
// over records, and looks at it. Each byte is judged as soon as it is there.
func startRecords(b []byte) proto.Verdict {
	var room [helloHead]byte
	head := room[:0]
	for {
		if len(b) < 5 {
			if !headerStarts(b) {
				return proto.NotMine
			}
			return headVerdict(head)
		}
		typ, n := b[0], int(b[3])<<8|int(b[4])
		switch {
		case !headerStarts(b) || n > maxRecord || typ == RecordHandshake && n == 0:
			return proto.NotMine
		case typ == RecordAlert && (n != 2 || len(head) > 0):
			return proto.NotMine
		}
		b = b[5:]
		n = min(n, len(b))
		if typ == RecordHandshake {
			head = append(head, b[:min(n, cap(head)-len(head))]...)
			if v := headVerdict(head); v != proto.NeedMore {
				return v
			}
		}
		b = b[n:]
		if len(b) == 0 {
			return headVerdict(head)
		}
	}
}

// headerStarts reports whether b may be the start of an alert or handshake record header.
func headerStarts(b []byte) bool {
	return len(b) == 0 || (b[0] == RecordHandshake || b[0] == RecordAlert) &&
		(len(b) < 2 || b[1] == 3) && (len(b) < 3 || b[2] <= 4)
}

// retryVerdict judges a HelloRetryRequest of TLS 1.3 drafts before 22 by its length and version.
func retryVerdict(n uint32, version uint16, cut bool) proto.Verdict {
	switch {
	case n < 2 || n > 1<<10:
		return proto.NotMine
	case cut:
		return proto.NeedMore
	case version == VersionTLS13 || version>>8 == 0x7f:
		return proto.Mine
	}
	return proto.NotMine
}

// headVerdict judges the first bytes of a handshake message.
func headVerdict(head []byte) proto.Verdict {
	if len(head) > 0 && head[0] != typeClientHello && head[0] != typeServerHello && head[0] != typeHelloRetryRequest {
		return proto.NotMine
	}
	if len(head) > 4 && head[0] == typeClientHello && head[4] != 3 {
		return proto.NotMine
	}
	c := cursor.New(head)
	typ, n := c.U8(), c.U24()
	switch {
	case c.Failed():
		return proto.NeedMore
	case n > maxHello:
		return proto.NotMine
	case typ == typeServerHello:
		return proto.Mine
	case typ == typeHelloRetryRequest:
		return retryVerdict(n, c.U16(), c.Failed())
	}
	c.Skip(2 + 32)
	id := c.U8()
	if c.Failed() {
		return proto.NeedMore
	}
	if id > 32 {
		return proto.NotMine
	}
	c.Skip(int(id))
	suites := c.U16()
	switch {
	case c.Failed():
		return proto.NeedMore
	case suites < 2 || suites%2 != 0:
		return proto.NotMine
	}
	return proto.Mine
}

// startV2 judges an SSLv2-format ClientHello: its lengths have to add up.
func startV2(b []byte) proto.Verdict {
	if len(b) > 0 && b[0]&0x80 == 0 || len(b) > 2 && b[2] != typeClientHello {
		return proto.NotMine
	}
	c := cursor.New(b)
	n := int(c.U16() & 0x7fff)
	c.Skip(1)
	version := c.U16()
	specs, id, challenge := int(c.U16()), int(c.U16()), int(c.U16())
	switch {
	case c.Failed():
		return proto.NeedMore
	case version != VersionSSL20 && (version < VersionSSL30 || version > VersionTLS13),
		specs == 0 || specs%3 != 0, id != 0 && id != 16, challenge < 16 || challenge > 32,
		9+specs+id+challenge != n:
		return proto.NotMine
	}
	return proto.Mine
}
