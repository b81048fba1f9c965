package http1

import (
	"testing"

	"pinyon/internal/allocs"
	"pinyon/proto"
)

// FuzzConn: no input panics, pieces change nothing, a reused Conn equals a fresh one, and
// memory is bounded. The directions take turns,
// half of each at a time.
func FuzzConn(f *testing.F) {
	f.Add([]byte(get+get), []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: x\r\n y\r\n\r\nabcHTTP/1.1 404\r\n\r\n"), []byte{0, 3})
	f.Add([]byte("CONNECT a HTTP/1.1\r\n\r\nCONNECT b HTTP/1.1\r\n\r\n\x16"), []byte("HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\nHTTP/1.0 200\r\n\r\n"), []byte{4})
	f.Add([]byte("POST http://h/ HTTP/1.1\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: t\r\n\r\nPRI * HTTP/2.0\r\n"), []byte("HTTP/1.1 101 x\r\n\r\n\x00"), []byte{9, 1})
	f.Add([]byte("HEAD / HTTP/1.1\r\n\r\n"+get), []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 304 x\n\n"), []byte{0})
	f.Add([]byte(get+"\r\n"+get+"\r"), []byte("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n\r\nHTTP/1.1 200\r\n\r\n"), []byte{0})
	f.Add([]byte("\r\n\r\nGET / HTTP/1.1\r\nUpgrade: a\r\nUpgrade: H2C\r\n b\r\nHost: x\r\n y"), []byte("\nHTTP/1.1 101 x\r\nServer: a\r\nUpgrade: h2c\r\n\r\n"), []byte{0, 7})
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n"), []byte("HTTP/1.1 101 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), []byte{0})
	f.Add([]byte{}, []byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.0 200\r\n\r\nx"), []byte{2})
	var used Conn
	f.Fuzz(func(t *testing.T, x, y, cut []byte) {
		var whole, pieces Conn
		used.Reset()
		half := len(x) / 2
		for _, turn := range []struct {
			dir int
			b   []byte
		}{{0, x[:half]}, {1, y[:len(y)/2]}, {0, x[half:]}, {1, y[len(y)/2:]}} {
			whole.Feed(turn.dir, turn.b, int64(turn.dir)*1000)
			for _, c := range []*Conn{&pieces, &used} {
				i := 0
				for rest := turn.b; len(rest) > 0; i++ {
					n := len(rest)
					if len(cut) > 0 {
						n = min(n, 1+int(cut[i%len(cut)]))
					}
					c.Feed(turn.dir, rest[:n], int64(turn.dir)*1000)
					rest = rest[n:]
				}
			}
		}
		for _, c := range []*Conn{&whole, &pieces, &used} {
			c.Finish()
		}
		want := columns(&whole)
		if got := columns(&pieces); got != want {
			t.Fatalf("in pieces\n%s, whole\n%s", got, want)
		}
		if got := columns(&used); got != want {
			t.Fatalf("reused\n%s, fresh\n%s", got, want)
		}
		for i := range used.sides {
			if d := &used.sides[i]; len(d.buf)+len(d.header) > maxHead || len(d.late)-d.lateAt > maxHead || len(d.late) > 2*maxHead {
				t.Fatalf("direction %d keeps %d bytes of heads, %d for later", i, len(d.buf)+len(d.header), len(d.late))
			}
		}
		if len(used.first.text)+len(used.first.names) > 4*maxHead {
			t.Fatal("values are not bounded")
		}
		if Looks(x) == proto.NotMine && Looks(y) == proto.NotMine && whole.Detected() {
			t.Fatal("the first test refuses what is read")
		}
	})
}

func TestNoAllocations(t *testing.T) {
	req, resp := []byte(get), []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc")
	var c Conn
	dst := make([]byte, 0, 64)
	if n := allocs.PerRun(t, 100, func() {
		c.Reset()
		c.Feed(0, req[:5], 0)
		c.Feed(0, req[5:], 0)
		c.Feed(1, resp, 0)
		dst = c.AppendHost(dst[:0])
		dst = c.AppendServer(dst)
	}); n != 0 || string(dst) != "ax" {
		t.Errorf("%v allocations, %q", n, dst)
	}
}

func BenchmarkLooks(b *testing.B) {
	for name, in := range map[string]string{"http": "GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n", "tls": "\x16\x03\x01\x02\x00\x01", "ssh": "SSH-2.0-OpenSSH_9.6\r\n"} {
		p := []byte(in)
		b.Run("in="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Looks(p)
			}
		})
	}
}

func BenchmarkExchange(b *testing.B) {
	req := []byte("GET /index.html HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nAccept-Language: en\r\nCookie: a=b\r\n\r\n")
	resp := append([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: x\r\nContent-Length: 1000\r\n\r\n"), make([]byte, 1000)...)
	var c Conn
	b.ReportAllocs()
	b.SetBytes(int64(len(req) + len(resp)))
	for b.Loop() {
		c.Reset()
		c.Feed(0, req, 0)
		c.Feed(1, resp, 0)
	}
}
