package ssh

import (
	"testing"

	"pinyon/internal/allocs"
	"pinyon/proto"
)

// feed gives both directions in pieces whose sizes cut decides.
func feed(s *Session, c, v, cut []byte) {
	i := 0
	for dir, b := range [][]byte{c, v} {
		end := int64(0)
		for len(b) > 0 {
			n := len(b)
			if len(cut) > 0 {
				n = min(n, 1+int(cut[i%len(cut)]))
				i++
			}
			s.Feed(dir, b[:n])
			end += int64(n)
			b = b[n:]
		}
		s.Segment(dir, end, int(end))
		s.Packet(dir, int(end), false)
	}
}

// FuzzSession: no input panics, pieces change nothing, a reused Session equals a fresh one,
// and memory is bounded.
func FuzzSession(f *testing.F) {
	f.Add(join([]byte("SSH-2.0-a b\r\n"), clientInit, msg(30), newKeys, newKeys), join([]byte("x\nSSH-2.0-s\n"), serverInit, msg(append([]byte{31}, str(nil, key)...)...), newKeys), []byte{0, 3, 70}, byte(1))
	f.Add([]byte("SSH-1.5-a\n"), []byte("SSH-1.99-\n"), []byte{0}, byte(0))
	var used Session
	f.Fuzz(func(t *testing.T, c, v, cut []byte, syn byte) {
		var a, b Session
		used.Reset()
		for _, s := range []*Session{&a, &b, &used} {
			if syn < 2 {
				s.SYN(int(syn))
			}
		}
		feed(&a, c, v, nil)
		feed(&b, c, v, cut)
		feed(&used, c, v, cut)
		want := facts(&a)
		if got := facts(&b); got != want {
			t.Fatalf("in pieces\n%s, whole\n%s", got, want)
		}
		if got := facts(&used); got != want {
			t.Fatalf("reused\n%s, fresh\n%s", got, want)
		}
		for i := range used.sides {
			if d := &used.sides[i]; len(d.init.body)+len(d.partial) > maxStream {
				t.Fatalf("direction %d keeps %d bytes", i, len(d.init.body)+len(d.partial))
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	var s Session
	dst := make([]byte, 0, 4096)
	c, v := join([]byte("SSH-2.0-a\r\n"), clientInit, newKeys), join([]byte("SSH-2.0-a\r\n"), serverInit, newKeys)
	if n := allocs.PerRun(t, 100, func() {
		s.Reset()
		s.Feed(0, c[:40])
		s.Feed(0, c[40:])
		s.Feed(1, v)
		dst = s.AppendHASSH(dst[:0])
		dst = s.AppendHASSHServer(dst[:0])
		dst = s.AppendKexAlg(dst[:0])
	}); n != 0 {
		t.Errorf("%v allocations a session", n)
	}
}

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		b      string
		server bool
		want   proto.Verdict
	}{
		{"", false, proto.NeedMore}, {"S", false, proto.NeedMore}, {"SSH-2", false, proto.NeedMore}, {"SSL-", false, proto.NotMine},
		{"GET / HTTP/1.1\r\n", false, proto.NotMine}, {"220 hello", true, proto.NeedMore}, {"\x16\x03\x01\x00\xa5", true, proto.NotMine},
		{"\x00", true, proto.NotMine},
	} {
		if got := Looks([]byte(c.b), c.server); got != c.want {
			t.Errorf("%q, server %v: got %d, want %d", c.b, c.server, got, c.want)
		}
	}
}

func BenchmarkLooks(b *testing.B) {
	for name, in := range map[string]string{"ssh": "SSH-2.0-OpenSSH_9.6\r\n", "tls": "\x16\x03\x01\x02\x00\x01", "http": "GET / HTTP/1.1\r\n"} {
		p := []byte(in)
		b.Run("in="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Looks(p, false)
			}
		})
	}
}

func BenchmarkHandshake(b *testing.B) {
	c, v := join([]byte("SSH-2.0-a\r\n"), clientInit, newKeys), join([]byte("SSH-2.0-a\r\n"), serverInit, newKeys)
	var s Session
	b.ReportAllocs()
	b.SetBytes(int64(len(c) + len(v)))
	for b.Loop() {
		s.Reset()
		s.Feed(0, c)
		s.Feed(1, v)
	}
}
