package carrier

import (
	"bytes"

	"pinyon/internal/cursor"
	"pinyon/proto"
	"pinyon/proto/openvpn"
)

// A Kind says how TLS goes on behind what Before found.
type Kind uint8

// The kinds of Before.
const (
	Request   Kind = iota // TLS follows the message directly
	InTDS                 // TLS is in TDS packets, of which this is the first
	InOpenVPN             // TLS is in packets of OpenVPN over TCP, of which this is the first
)

// MaxBefore is how many bytes Before may want to see.
const MaxBefore = 160

// Before tells whether b, the bytes of a stream from the start of a message on, starts with
// one that TLS follows directly in the same direction: a request for TLS, or the consent to
// it, of n bytes; or with a packet that holds the start of TLS. n may be more than b holds.
//
// A sender that does not wait may put its ClientHello in the same segment; where it waits,
// the message has a segment of its own, and whoever looks for TLS at the start of each
// segment needs no help with requests.
func Before(b []byte) (k Kind, n int, v proto.Verdict) {
	if len(b) == 0 {
		return 0, 0, proto.NeedMore
	}
	read := func(next Kind, m int, w proto.Verdict) {
		if w > v {
			k, n, v = next, m, w
		}
	}
	switch b[0] {
	case 'S':
		if len(b) > 1 && b[1] == 0x16 { // the consent of PostgreSQL is this one byte
			return Request, 1, proto.Mine
		}
	case 'A':
		m, w := literal(b, "AMQP\x02\x01\x00\x00") // AMQP 1.0 part 5.2.1
		read(Request, m, w)
	case tdsPrelogin, tdsResponse:
		m, w := prelogin(b)
		read(Request, m, w)
		m, w = wrapsTLS(b)
		read(InTDS, m, w)
	case 0x03:
		m, w := negotiation(b)
		read(Request, m, w)
	case 0x30:
		m, w := ldapStartTLS(b)
		read(Request, m, w)
	case 0x00:
		m, w := literal(b, "\x00\x00\x00\x08\x04\xd2\x16\x2f") // SSLRequest, PostgreSQL's documentation, section 55.7
		read(Request, m, w)
		m, w = literal(b, "\x00\x00\x00\x08\x04\xd2\x16\x30") // GSSENCRequest, behind whose refusal that may come
		read(Request, m, w)
	}
	if b[0] == 4 || b[0] == 32 {
		m, w := mysqlRequest(b)
		read(Request, m, w)
	}
	if b[0] <= openvpn.Most>>8 {
		read(InOpenVPN, 0, looksOpenVPNStream(b))
	}
	if v == proto.NotMine {
		if m := max(connectHead(b), textRequest(b)); m > 0 {
			return Request, m, proto.Mine
		}
	}
	return k, n, v
}

// literal tells whether b starts with want.
func literal(b []byte, want string) (n int, v proto.Verdict) {
	switch {
	case !prefixOf(b, want):
		return 0, proto.NotMine
	case len(b) < len(want):
		return 0, proto.NeedMore
	}
	return len(want), proto.Mine
}

// negotiation is a connection request or confirm of X.224 in a TPKT, with which RDP and
// others agree on TLS (ITU-T X.224 section 13, RFC 1006, MS-RDPBCGR section 2.2.1):
//
//	3, 0, length (16) │ length (8), 0xe0 request or 0xd0 confirm, …
func negotiation(b []byte) (n int, v proto.Verdict) {
	c := cursor.New(b)
	version, reserved, n := c.U8(), c.U8(), int(c.U16())
	header, code := int(c.U8()), c.U8()
	switch {
	case version != 3 || reserved != 0 || len(b) >= 4 && n < 11 || len(b) >= 5 && header != n-5:
		return 0, proto.NotMine
	case c.Failed():
		return 0, proto.NeedMore
	case code&0xf0 != 0xe0 && code&0xf0 != 0xd0:
		return 0, proto.NotMine
	}
	return n, proto.Mine
}

// mysqlSSL is the capability in a MySQL client's first packet that asks for TLS.
const mysqlSSL = 0x0800

// mysqlRequest is MySQL's SSLRequest: a packet of 32 bytes, or 4 before the protocol of 4.1,
// numbered 1, whose capabilities ask for TLS; little-endian.
func mysqlRequest(b []byte) (n int, v proto.Verdict) {
	n = 4 + int(b[0])
	switch want := [...]byte{b[0], 0, 0, 1}; {
	case !prefixOf(b, string(want[:])):
		return 0, proto.NotMine
	case len(b) < 6:
		return 0, proto.NeedMore
	case (uint16(b[4])|uint16(b[5])<<8)&mysqlSSL == 0:
		return 0, proto.NotMine
	case b[0] == 4:
		return n, proto.Mine
	case len(b) < n:
		return 0, proto.NeedMore
	case len(bytes.Trim(b[13:32], "\x00")) > 0: // reserved; what MariaDB added stands behind that
		return 0, proto.NotMine
	}
	return n, proto.Mine
}

// ldapOID names the extended operation StartTLS (RFC 4511 section 4.14).
const ldapOID = "1.3.6.1.4.1.1466.20037"

// ldapStartTLS is an LDAP message that asks for TLS or consents: a SEQUENCE with the message
// id and an extended request or response.
func ldapStartTLS(b []byte) (n int, v proto.Verdict) {
	c := cursor.New(b)
	c.U8()
	switch n = int(c.U8()); n {
	case 0x81:
		n = int(c.U8())
	case 0x82:
		n = int(c.U16())
	case 0x84: // as Active Directory's clients write it
		n = int(c.U32())
	default:
		if n >= 0x80 {
			return 0, proto.NotMine
		}
	}
	n += c.At()
	switch {
	case c.Failed():
		return 0, proto.NeedMore
	case n > MaxBefore:
		return 0, proto.NotMine
	case n > len(b):
		return 0, proto.NeedMore
	case bytes.Contains(b[:n], []byte(ldapOID)), bytes.Contains(b[:n], []byte("\x0a\x01\x00")) && bytes.IndexByte(b[:n], 0x78) > 0:
		return n, proto.Mine
	}
	return 0, proto.NotMine
}

// connectHead is the head of an HTTP CONNECT, if b holds the whole of it.
func connectHead(b []byte) int {
	if !bytes.HasPrefix(b, []byte("CONNECT ")) {
		return 0
	}
	if i := bytes.Index(b, []byte("\r\n\r\n")); i > 0 {
		return i + 4
	}
	return 0
}

// textRequest is text that ends with a command of a mail, news, chat or file transfer
// protocol for TLS, or with the consent to it, if what follows starts like TLS. It may have
// further lines before that.
func textRequest(b []byte) int {
	if b[0] < 0x20 && b[0] != '\r' && b[0] != '\n' || b[0] > 0x7e {
		return 0
	}
	n := bytes.Index(b, []byte("\x16\x03"))
	if n <= 0 {
		return 0
	}
	text := b[:n]
	switch text[n-1] {
	case '\n':
		text = bytes.TrimRight(text, "\r\n")
		if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	case '>': // XMPP (RFC 6120 section 5)
		if i := bytes.LastIndexByte(text, '<'); i >= 0 {
			text = text[i:]
		}
	default:
		return 0
	}
	if asksTLS(text) || grantsTLS(text) {
		return n
	}
	return 0
}

// asksTLS reports whether a line, its end removed, asks for TLS: SMTP, NNTP, Sieve and IRC say
// STARTTLS, IMAP behind a tag, XMPP in an element, POP3 says STLS and FTP AUTH TLS (RFC 3207,
// 4642, 5804, 9051, 6120, 2595, 4217).
func asksTLS(line []byte) bool {
	if i := bytes.LastIndexByte(line, ' '); i >= 0 && equalFold(line[i+1:], "starttls") {
		return true
	}
	return equalFold(line, "starttls") || equalFold(line, "stls") || startsFold(line, "auth tls") || startsFold(line, "auth ssl") ||
		startsFold(line, "<starttls") || startsFold(line, "</starttls>")
}

// grantsTLS reports whether a line consents to TLS.
func grantsTLS(line []byte) bool {
	for _, w := range [...]string{"220", "234", "334", "382", "+ok", "ok", "<proceed"} {
		if startsFold(line, w) && (len(line) == len(w) || !isAlphanumeric(line[len(w)])) {
			return true
		}
	}
	i := bytes.IndexByte(line, ' ') // of IMAP's tag
	return i > 0 && startsFold(line[i:], " ok ")
}

func isAlphanumeric(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' < 26 }

// startsFold compares the start of b with a lower-case ASCII word.
func startsFold(b []byte, word string) bool {
	return len(b) >= len(word) && equalFold(b[:len(word)], word)
}

// equalFold compares with a lower-case ASCII word.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
