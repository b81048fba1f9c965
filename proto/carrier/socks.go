package carrier

import (
	"bytes"

	"pinyon/internal/cursor"
	"pinyon/proto"
)

// Methods of authentication in SOCKS 5 (RFC 1928 section 3).
const (
	methodGSSAPI   = 1
	methodPassword = 2
)

// verdictOf judges what a cursor read: cut bytes need more.
func verdictOf(c *cursor.Cursor) (n int, v proto.Verdict) {
	if c.Failed() {
		return 0, proto.NeedMore
	}
	return c.At(), proto.Mine
}

// socks5Client reads all that a SOCKS 5 client says before its own data, which it may send
// without waiting for the answers:
//
//	5, methods (8 + list) │ 1, user name (8 +), password (8 +) │ 5, 1 connect, 0, address
func socks5Client(b []byte) (n int, v proto.Verdict) {
	c := cursor.New(b)
	c.U8()
	methods := c.Vector8()
	if len(b) > 1 && b[1] == 0 {
		return 0, proto.NotMine
	}
	list := methods.Rest()
	if c.Failed() || c.Len() == 0 {
		return 0, proto.NeedMore
	}
	next := c.Rest()[0]
	if next == 1 && bytes.IndexByte(list, methodPassword) >= 0 {
		c.U8()
		c.Vector8()
		c.Vector8()
		if c.Failed() || c.Len() == 0 {
			return 0, proto.NeedMore
		}
		next = c.Rest()[0]
	}
	if next != 5 {
		return 0, proto.NotMine
	}
	return socks5Address(&c, 1)
}

// socks5Server reads all that a SOCKS 5 server answers before what it relays:
//
//	5, method │ 1, 0 (of a password) │ 5, 0 succeeded, 0, address
func socks5Server(b []byte) (n int, v proto.Verdict) {
	c := cursor.New(b)
	c.U8()
	method := c.U8()
	switch {
	case !c.Failed() && method != 0 && method != methodPassword:
		return 0, proto.NotMine
	case c.Len() == 0:
		return 0, proto.NeedMore
	}
	if method == methodPassword {
		version, status := c.U8(), c.U8()
		if version != 1 || !c.Failed() && status != 0 {
			return 0, proto.NotMine
		}
		if c.Len() == 0 {
			return 0, proto.NeedMore
		}
	}
	if c.Rest()[0] != 5 {
		return 0, proto.NotMine
	}
	return socks5Address(&c, 0)
}

// socks5Address reads a request for command, or a reply of that code: 5, code, 0, type of
// address, address, port.
func socks5Address(c *cursor.Cursor, code byte) (n int, v proto.Verdict) {
	b := c.Rest()
	want := [...]byte{5, code, 0}
	if k := min(len(b), len(want)); !bytes.Equal(b[:k], want[:k]) {
		return 0, proto.NotMine
	}
	c.Skip(len(want))
	if c.Len() == 0 {
		return 0, proto.NeedMore
	}
	switch c.U8() {
	case 1:
		c.Skip(4)
	case 3:
		c.Vector8()
	case 4:
		c.Skip(16)
	default:
		return 0, proto.NotMine
	}
	c.Skip(2)
	return verdictOf(c)
}

// socks4Request reads a request of SOCKS 4: 4, 1 connect, port, address, user name and a
// zero byte; of 4a, where the address is 0.0.0.x, a host name and a zero byte more.
func socks4Request(b []byte) (n int, v proto.Verdict) {
	if len(b) > 1 && b[1] != 1 {
		return 0, proto.NotMine
	}
	c := cursor.New(b)
	c.Skip(4)
	address := c.U32()
	if c.Failed() {
		return 0, proto.NeedMore
	}
	if v := zeroEnded(&c); v != proto.Mine {
		return 0, v
	}
	if address>>8 == 0 && address != 0 {
		if v := zeroEnded(&c); v != proto.Mine {
			return 0, v
		}
	}
	return c.At(), proto.Mine
}

// maxText is how long a user or host name of SOCKS 4 may be.
const maxText = 255

// zeroEnded passes over printable text and the zero byte behind it.
func zeroEnded(c *cursor.Cursor) proto.Verdict {
	for i, ch := range c.Rest() {
		switch {
		case ch == 0:
			c.Skip(i + 1)
			return proto.Mine
		case ch < 0x20 || i == maxText:
			return proto.NotMine
		}
	}
	return proto.NeedMore
}

// socks4Reply reads the answer of SOCKS 4 that grants a request: 0, 90, port, address.
func socks4Reply(b []byte) (n int, v proto.Verdict) {
	if len(b) > 1 && b[1] != 90 {
		return 0, proto.NotMine
	}
	c := cursor.New(b)
	c.Skip(8)
	return verdictOf(&c)
}
