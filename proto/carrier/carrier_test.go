package carrier

import (
	"bytes"
	"slices"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/proto"
	"pinyon/proto/openvpn"
)

const (
	proxy1   = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n"
	proxy2   = proxyV2 + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x01\xbb"
	socks5   = "\x05\x02\x00\x02\x01\x04user\x06secret\x05\x01\x00\x03\x09a.example\x01\xbb"
	answer5  = "\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	socks4a  = "\x04\x01\x01\xbb\x00\x00\x00\x01me\x00a.example\x00"
	answer4  = "\x00\x5a\x00\x00\x00\x00\x00\x00"
	xClient  = "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"
	tlsBytes = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
	tdsTLS   = "\x12\x01\x00\x12\x00\x00\x01\x00" + tlsBytes
)

func TestHeads(t *testing.T) {
	for _, c := range []struct {
		name, other, in string
		rest            string
	}{
		{"PROXY v1", "", proxy1, "GET / HTTP/1.1\r\n"},
		{"PROXY v2", "", proxy2, "SSH-2.0-x\r\n"},
		{"PROXY v2 of nothing", "", proxyV2 + "\x20\x00\x00\x00", "GET"},
		{"two PROXY headers", "", proxy1 + proxy2, "x"},
		{"SOCKS 5 client", "", socks5, "GET /"},
		{"SOCKS 5 server", "", answer5, "HTTP/1.1"},
		{"SOCKS 4a client", "", socks4a, "GET /"},
		{"SOCKS 4 server behind its client", socks4a, answer4, "HTTP/1.1"},
		{"SOCKS 4 server ahead of its client", "", answer4, "HTTP/1.1"},
		{"no SOCKS 4 client", socks5, "", answer4},
		{"HTTP", "", "", "POST / HTTP/1.1\r\n"},
		{"a line end first", "", "", "\r\n\r\nGET"},
		{"PROXY of no kind", "", "", "PROXY TCP5 a b c d\r\n"},
		{"PROXY of two words", "", "", "PROXY TCP4 1.1.1.1\r\n"},
		{"PROXY without end", "", "", "PROXY TCP4 " + string(bytes.Repeat([]byte("1"), 200))},
		{"PROXY v3", "", "", proxyV2 + "\x31\x11\x00\x00"},
		{"SOCKS 5 without methods", "", "", "\x05\x00\x05\x01"},
		{"SOCKS 5 that binds", "", "", "\x05\x01\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00x"},
		{"SOCKS 5 refused", "", "", "\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00x"},
		{"SOCKS 4 with a name that is none", "", "", "\x04\x01\x01\xbb\x01\x02\x03\x04\x01\x00"},
		{"DCE/RPC", "", "", "\x05\x00\x0b\x03\x10\x00\x00\x00"},
	} {
		for n := 1; n <= len(c.in)+len(c.rest); n++ {
			var conn Conn
			conn.Reset()
			for b := []byte(c.other); len(b) > 0; {
				k, v := conn.Feed(1, b)
				if v != proto.Mine {
					t.Fatal(c.name)
				}
				b = b[k:]
			}
			if got := headLen(&conn, 0, c.in+c.rest, n); got != len(c.in) {
				t.Errorf("%s, %d bytes each: heads of %d bytes; want %d", c.name, n, got, len(c.in))
			}
		}
	}
}

// headLen feeds a direction in pieces of n bytes and returns where the last head ended.
func headLen(c *Conn, dir int, s string, n int) (end int) {
	for at := 0; at < len(s); {
		b := []byte(s[at:min(at+n, len(s))])
		for len(b) > 0 {
			k, v := c.Feed(dir, b)
			if v != proto.Mine {
				at += len(b)
				break
			}
			b = b[k:]
			at += k
			end = at
		}
	}
	return end
}

func TestDepth(t *testing.T) {
	var c Conn
	c.Reset()
	if got := headLen(&c, 0, proxy1+proxy1+proxy1+proxy1+proxy1, 1000); got != maxDepth*len(proxy1) || c.Reads(0) {
		t.Errorf("%d bytes of heads", got)
	}
}

func TestBefore(t *testing.T) {
	for _, c := range []struct {
		name, in string
		kind     Kind
		n        int
		v        proto.Verdict
	}{
		{"X.224", xClient + tlsBytes, Request, len(xClient), proto.Mine},
		{"X.224 of other lengths", "\x03\x00\x00\x13\x0d\xe0\x00\x00", 0, 0, proto.NotMine},
		{"X.224 data", "\x03\x00\x00\x07\x02\xf0\x80\x00", 0, 0, proto.NotMine},
		{"MySQL's SSLRequest", "\x20\x00\x00\x01\x85\xae\xff\x19\x00\x00\x00\x01\x2d" + string(make([]byte, 23)), Request, 36, proto.Mine},
		{"MySQL's login", "\x20\x00\x00\x01\x85\xa6\xff\x19\x00\x00\x00\x01\x2d" + string(make([]byte, 23)), 0, 0, proto.NotMine},
		{"before 4.1", "\x04\x00\x00\x01\x00\x08\xff\xff" + tlsBytes, Request, 8, proto.Mine},
		{"PostgreSQL", "\x00\x00\x00\x08\x04\xd2\x16\x2f", Request, 8, proto.Mine},
		{"PostgreSQL's cancel", "\x00\x00\x00\x10\x04\xd2\x16\x2e", 0, 0, proto.NotMine},
		{"consent of PostgreSQL", "S" + tlsBytes, Request, 1, proto.Mine},
		{"LDAP", "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037", Request, 31, proto.Mine},
		{"LDAP, long form", "\x30\x84\x00\x00\x00\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037", Request, 35, proto.Mine},
		{"LDAP bind", "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", 0, 0, proto.NotMine},
		{"SMTP", "EHLO a\r\nSTARTTLS\r\n" + tlsBytes, Request, 18, proto.Mine},
		{"text that does not ask", "hello\r\n" + tlsBytes, 0, 0, proto.NotMine},
		{"a page with TLS behind a line", "HTTP/1.1 200 OK\r\n\r\n" + tlsBytes, 0, 0, proto.NotMine},
		{"TLS in TDS", tdsTLS, InTDS, 0, proto.Mine},
		{"SQL in TDS", "\x12\x01\x00\x12\x00\x00\x01\x00\x17\x03\x01", 0, 0, proto.NotMine},
		{"OpenVPN", "\x00\x0e\x38abcdefgh\x00\x00\x00\x00\x00", InOpenVPN, 0, proto.Mine},
		{"OpenVPN's data", "\x00\x0e\x30abcdefgh\x00\x00\x00\x00\x00", 0, 0, proto.NotMine},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", 0, 0, proto.NotMine},
	} {
		k, n, v := Before([]byte(c.in))
		if v != c.v || v == proto.Mine && (k != c.kind || n != c.n) {
			t.Errorf("%s: kind %d, %d bytes, %v; want %d, %d, %v", c.name, k, n, v, c.kind, c.n, c.v)
		}
	}
}

// packets are those of an OpenVPN handshake, with mac bytes of tls-auth.
func packets(mac int, hello string) (all [][]byte) {
	auth := make([]byte, mac)
	if mac > 0 {
		copy(auth, bytes.Repeat([]byte{0xa5}, mac-8))
		copy(auth[mac-8:], "\x00\x00\x00\x01\x68\x00\x00\x00")
	}
	control := func(op openvpn.Opcode, number byte, payload string) {
		all = append(all, append(append(append([]byte{byte(op << 3)}, "session1"...), auth...), "\x00\x00\x00\x00"+string(rune(number))+payload...))
	}
	control(openvpn.ResetClient2, 0, "")
	for i := 0; len(hello) > 0; i++ {
		n := min(100, len(hello))
		control(openvpn.Control, byte(i+1), hello[:n])
		hello = hello[n:]
	}
	return all
}

// TestOpenVPN: what control packets hold comes out once and in order, whatever the length of
// the HMAC, and in any order of up to a window.
func TestOpenVPN(t *testing.T) {
	hello := tlsBytes + string(bytes.Repeat([]byte("0123456789"), 90))
	for _, mac := range ovpnMACs {
		ps := packets(mac, hello)
		for name, order := range map[string][]int{"in order": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "twice": {0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10}, "shuffled": {0, 3, 1, 2, 10, 9, 4, 5, 8, 7, 6}} {
			var o OpenVPN
			o.Reset()
			var got []byte
			for _, i := range order {
				if !o.Packet(0, ps[i]) {
					t.Fatalf("mac of %d, %s: packet %d is none", mac, name, i)
				}
				for b, ok := o.Next(0); ok; b, ok = o.Next(0) {
					got = append(got, b...)
				}
			}
			if string(got) != hello {
				t.Errorf("mac of %d, %s: %d bytes; want %d", mac, name, len(got), len(hello))
			}
		}
		var stream []byte
		for _, p := range ps {
			stream = append(append(stream, byte(len(p)>>8), byte(len(p))), p...)
		}
		for n := 1; n < 200; n += 13 {
			var o OpenVPN
			o.Reset()
			var got []byte
			for at := 0; at < len(stream); at += n {
				for rest := stream[at:min(at+n, len(stream))]; len(rest) > 0; {
					rest = o.Stream(0, rest)
					for b, ok := o.Next(0); ok; b, ok = o.Next(0) {
						got = append(got, b...)
					}
				}
			}
			if string(got) != hello {
				t.Errorf("mac of %d, over TCP in pieces of %d: %d bytes; want %d", mac, n, len(got), len(hello))
			}
		}
	}
}

// FuzzConn: any bytes in any pieces have heads of the same length as at once, and little is
// kept of them.
func FuzzConn(f *testing.F) {
	for _, s := range []string{proxy1, proxy2, socks5, answer5, socks4a, answer4, proxy1 + socks5, proxyV2 + "\x21\x11\xff\xff"} {
		f.Add([]byte(s+"GET / HTTP/1.1\r\n"), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		var whole, cut Conn
		want := headLen(&whole, 0, string(b), max(1, len(b)))
		if got := headLen(&cut, 0, string(b), int(n)+1); got != want || want > len(b) {
			t.Fatalf("heads of %d bytes in pieces, %d at once", got, want)
		}
		if len(cut.sides[0].buf) > maxHead {
			t.Fatalf("%d bytes held", len(cut.sides[0].buf))
		}
		if n := allocs.PerRun(t, 1, func() { whole.Reset(); headLen(&whole, 0, "", 1); Before(b); LooksOpenVPN(b) }); n > 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}

// FuzzBefore: a verdict on a prefix is that of the whole or that more is needed, in no more
// bytes than said; what TDS and OpenVPN hand out is no more than came in.
func FuzzBefore(f *testing.F) {
	for _, s := range []string{xClient + tlsBytes, "\x00\x00\x00\x08\x04\xd2\x16\x2f", "AMQP\x02\x01\x00\x00", "STARTTLS\r\n" + tlsBytes, tdsTLS + tdsTLS,
		"\x00\x0e\x38abcdefgh\x00\x00\x00\x00\x00\x00\x1c\x20abcdefgh\x00\x00\x00\x00\x01" + tlsBytes + "abcd", "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"} {
		f.Add([]byte(s), uint8(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		_, _, want := Before(b)
		if len(b) >= MaxBefore && want == proto.NeedMore {
			t.Fatalf("%d bytes are not enough", len(b))
		}
		var tds TDS
		total := 0
		for piece := range slices.Chunk(b, int(n)+1) {
			for len(piece) > 0 {
				var inner []byte
				inner, piece = tds.Next(piece)
				total += len(inner)
			}
		}
		var o OpenVPN
		o.Reset()
		for i, piece := range slices.Collect(slices.Chunk(b, int(n)+1)) {
			for rest := piece; len(rest) > 0; {
				rest = o.Stream(i%2, rest)
				for p, ok := o.Next(i % 2); ok; p, ok = o.Next(i % 2) {
					total += len(p)
				}
			}
			o.Packet(i%2, piece)
			for p, ok := o.Next(i % 2); ok; p, ok = o.Next(i % 2) {
				total += len(p)
			}
		}
		if total > 3*len(b) {
			t.Fatalf("%d bytes out of %d", total, len(b))
		}
	})
}
