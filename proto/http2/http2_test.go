package http2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/proto"
)

// frame is a frame with a body.
func frame(typ, flags byte, stream uint32, body ...byte) []byte {
	n := len(body)
	b := []byte{byte(n >> 16), byte(n >> 8), byte(n), typ, flags, byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}
	return append(b, body...)
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

var (
	preface  = []byte(Preface)
	settings = frame(typeSettings, 0, 0)
	ack      = frame(typeSettings, flagACK, 0)
)

// big is the header of a frame of n bytes, and the bytes.
func big(typ byte, stream uint32, n int) []byte {
	return frame(typ, 0, stream, make([]byte, n)...)
}

// facts prints every column.
func facts(c *Conn) string {
	return fmt.Sprint(c.Detected(), c.PrefaceSeen(), c.FrameCount(), c.DataFrames(), c.HeadersFrames(), c.SettingsFrames(),
		c.PushPromiseFrames(), c.GoAwayFrames(), c.WindowUpdateFrames(), c.PingFrames(), c.RSTStreamFrames(), c.PriorityFrames(),
		c.ContinuationFrames(), c.StreamsEstimate(), c.ServerPush(), c.Multiplexed(), string(c.AppendSettings(nil)), c.InitialWindowUpdate(), " ", told(c))
}

func TestConn(t *testing.T) {
	client := cat(preface, frame(typeSettings, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0, 0x40, 0, 0), frame(typeWindowUpdate, 0, 3, 0, 0, 0, 9),
		frame(typeWindowUpdate, 0, 0, 0x80, 0, 1, 0), frame(typeWindowUpdate, 0, 0, 0, 0, 0, 1), frame(typeHeaders, 4, 1, 0x82),
		frame(typeHeaders, 4, 5, 0x82), frame(typePriority, 0, 99, 0, 0, 0, 0, 0), frame(typePushPromise, 4, 1, 0, 0, 0, 8, 0x82),
		frame(typePing, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8), ack)
	server := cat(settings, ack, frame(typePushPromise, 4, 1, 0x80, 0, 0, 2), frame(typePushPromise, 4|flagPadded, 1, 2, 0, 0, 0, 4, 0x82, 0, 0),
		frame(typeHeaders, 4, 1), frame(typeContinuation, 4, 1), frame(typeData, 0, 1, 'x'), frame(typeHeaders, 4, 2), frame(0xb, 0, 0),
		frame(typePriorityUpdate, 0, 0), frame(typeRSTStream, 0, 5, 0, 0, 0, 0), frame(typeGoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
	var c Conn
	if c.Feed(0, client) != proto.Mine || c.Feed(1, server) != proto.Mine {
		t.Fatal("not taken")
	}
	// Ten frames of the client, twelve of the server; streams 1, 5 and the promised 2, 4.
	want := fmt.Sprint(true, true, 22, 1, 4, 4, 2, 1, 3, 1, 1, 1, 1, 4, true, true, "2:0;4:4194304", 256, " ", "2|GET|||||||||0 false 0 -1")
	if got := facts(&c); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsHTTP2(t *testing.T) {
	h := frame(typeHeaders, 4, 1, 0x82)
	for _, c := range []struct {
		name           string
		client, server []byte
		frames         int64
	}{
		{"prior knowledge", cat(preface, settings, h), cat(settings, ack), 4},
		{"preface only", preface, nil, 0},
		{"preface cut", preface[:23], cat(settings, ack, h), 0},
		{"preface not followed by SETTINGS", cat(preface, h), nil, 0},
		{"ACK ahead of SETTINGS", cat(preface, ack, settings, h), cat(ack, ack, settings, h), 7},
		{"ACK and no SETTINGS", cat(preface, ack, h), cat(settings, h), 3},
		{"ACK with a body", cat(preface, frame(typeSettings, flagACK, 0, 0, 1, 0, 0, 0, 0), h), nil, 0},
		{"server alone, ACK ahead", nil, cat(ack, settings, h), 3},
		{"first SETTINGS of 5 bytes", cat(preface, frame(typeSettings, 0, 0, 1, 2, 3, 4, 5)), nil, 0},
		{"first SETTINGS on a stream", cat(preface, frame(typeSettings, 0, 1)), nil, 0},
		{"server alone, three headers", nil, cat(settings, ack, h), 3},
		{"server alone, two", nil, cat(settings, ack), 0},
		{"server alone, third invalid", nil, cat(settings, ack, frame(typeData, 0, 0)), 0},
		{"server alone, starts otherwise", nil, cat(h, settings, ack, h), 0},
		{"client is something else", []byte("GET / HTTP/1.1\r\n"), cat(settings, ack, h, h), 0},
		{"client starts with P", []byte("POST / HTTP/1.1\r\n"), cat(settings, ack, h, h), 0},
		{"both without preface", cat(settings, ack, h), cat(settings, ack, h), 0},
		{"short TLS record", []byte("\x17\x03\x03\x00\x40aaaaaaaaaaaaaaaa"), nil, 0},
		{"invalid header stops", cat(preface, settings, frame(typePing, 0, 1), h), nil, 1},
		{"PING on a stream", cat(preface, settings, frame(typePing, 0, 1)), nil, 1},
		{"GOAWAY on a stream", cat(preface, settings, frame(typeGoAway, 0, 1)), nil, 1},
		{"DATA on none", cat(preface, settings, frame(typeData, 0, 0)), nil, 1},
		{"CONTINUATION on none", cat(preface, settings, frame(typeContinuation, 0, 0)), nil, 1},
		{"WINDOW_UPDATE on either", cat(preface, settings, frame(typeWindowUpdate, 0, 0), frame(typeWindowUpdate, 0, 1)), nil, 3},
		{"reserved bit", cat(preface, settings, frame(typePing, 0, 1<<31)), nil, 2},
		{"length 16384", cat(preface, settings, big(typeData, 1, 16384)), settings, 3},
		{"length 16385", cat(preface, settings, big(typeData, 1, 16385)), settings, 2},
		{"past 64 KiB", cat(preface, settings, bytes.Repeat(big(typeData, 1, 16384), 10), h), nil, 12},
		{"body missing", cat(preface, settings, big(typeData, 1, 100)[:20]), nil, 2},
	} {
		var got Conn
		got.Feed(1, c.server)
		got.Feed(0, c.client)
		whole := bytes.HasPrefix(c.client, preface)
		if n := got.FrameCount(); n != c.frames || got.PrefaceSeen() != whole || got.Detected() != (n > 0 || whole) {
			t.Errorf("%s: got %d frames, want %d", c.name, n, c.frames)
		}
	}
}

// TestMaxFrameSize: what one side announces allows longer frames of the other only.
func TestMaxFrameSize(t *testing.T) {
	larger := frame(typeSettings, 0, 0, 0, 3, 0, 0, 0, 1, 0, 5, 0, 1, 0, 0)
	for _, c := range []struct {
		first, second []byte
		want          int64
	}{
		{cat(preface, larger), cat(settings, big(typeData, 1, 65536)), 3},
		{cat(preface, larger), cat(settings, big(typeData, 1, 65537)), 2},
		{cat(preface, larger, big(typeData, 1, 65536)), settings, 2},
	} {
		var s Conn
		s.Feed(0, c.first)
		s.Feed(1, c.second)
		if got := s.FrameCount(); got != c.want {
			t.Errorf("got %d frames, want %d", got, c.want)
		}
	}
}

// TestPriorKnowledge: prior knowledge, SETTINGS of both sides, one request on stream 3.
func TestPriorKnowledge(t *testing.T) {
	wu := frame(typeWindowUpdate, 0, 0, 0, 0, 1, 0)
	var c Conn
	c.Feed(0, cat(preface, settings, wu, frame(typeHeaders, 5, 3, 0x82)))
	c.Feed(1, cat(settings, ack, wu))
	c.Feed(0, cat(ack, wu, frame(typeData, 1, 3)))
	c.Feed(1, cat(frame(typeHeaders, 4, 3, 0x88), frame(typeData, 1, 3, 'x'), frame(typeGoAway, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0)))
	got := fmt.Sprint(c.FrameCount(), c.SettingsFrames(), c.WindowUpdateFrames(), c.HeadersFrames(), c.DataFrames(), c.GoAwayFrames(), c.StreamsEstimate(), c.Multiplexed(), c.ServerPush())
	if want := fmt.Sprint(12, 4, 3, 2, 2, 1, 1, false, false); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSettingsCut(t *testing.T) {
	b := cat(preface, frame(typeSettings, 0, 0, 0, 1, 0, 0, 0, 5))
	var c Conn
	c.Feed(0, b[:len(b)-1])
	if got := c.AppendSettings(nil); len(got) > 0 {
		t.Errorf("half a frame: %s", got)
	}
	if c.Feed(0, b[len(b)-1:]); string(c.AppendSettings(nil)) != "1:5" {
		t.Errorf("got %s", c.AppendSettings(nil))
	}
}

// TestRuns compares with a map, for numbers in order, in disorder and with gaps.
func TestRuns(t *testing.T) {
	x := uint32(1)
	random := func() uint32 { x = x*1664525 + 1013904223; return x >> 16 }
	for name, next := range map[string]func(i uint32) uint32{
		"in order":  func(i uint32) uint32 { return i },
		"backward":  func(i uint32) uint32 { return 5000 - i },
		"dense":     func(uint32) uint32 { return random() % 300 },
		"wide":      func(uint32) uint32 { return random() % 3000 },
		"every 2nd": func(i uint32) uint32 { return 2 * (i % 1000) },
	} {
		var s runs
		m := map[uint32]bool{}
		for i := range uint32(2000) {
			v := next(i)
			s.add(v)
			m[v] = true
			if s.count() != int64(len(m)) {
				t.Fatalf("%s: after %d numbers got %d, want %d", name, i+1, s.count(), len(m))
			}
		}
	}
	var s runs
	for i := range uint32(3 * maxRuns) {
		s.add(3 * i)
	}
	if len(s) != maxRuns || s.count() != maxRuns {
		t.Errorf("%d runs, %d numbers", len(s), s.count())
	}
}

func TestLooks(t *testing.T) {
	for in, want := range map[string]proto.Verdict{
		"": proto.NeedMore, "P": proto.NeedMore, "PRI * HTTP/2.0\r\n": proto.NeedMore, Preface: proto.Mine, "POST": proto.NotMine, "GET / H": proto.NotMine,
		"\x00": proto.NeedMore, "\x00\x00\x06\x04\x00\x00\x00\x00\x00": proto.Mine, "\x00\x00\x06\x04\x01": proto.NotMine,
		"\x00\x00\x05\x04\x00\x00\x00\x00\x00": proto.NotMine, "\x17\x03\x03\x00": proto.NotMine, "\x00\x00\x00\x05": proto.NotMine,
	} {
		if got := Looks([]byte(in)); got != want {
			t.Errorf("%q: got %d, want %d", in, got, want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	client := cat(preface, frame(typeSettings, 0, 0, 0, 2, 0, 0, 0, 0), frame(typeHeaders, 4, 1, 0x82))
	server := cat(settings, ack, frame(typeHeaders, 4, 1))
	var c Conn
	dst := make([]byte, 0, 64)
	if n := allocs.PerRun(t, 100, func() {
		c.Reset()
		c.Feed(0, client)
		c.Feed(1, server)
		dst = c.AppendSettings(dst[:0])
		if c.FrameCount() != 5 || c.StreamsEstimate() != 1 {
			t.Fatal(facts(&c))
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzConn: no input panics, pieces change nothing, a reused Conn equals a fresh one, and
// memory is bounded.
func FuzzConn(f *testing.F) {
	f.Add(cat(preface, frame(typeSettings, 0, 0, 0, 5, 0, 1, 0, 0), frame(typeHeaders, 0, 1, 1, 2), frame(typeWindowUpdate, 0, 0, 0, 0, 0, 7)),
		cat(settings, ack, frame(typePushPromise, flagPadded, 1, 1, 0, 0, 0, 2, 9), frame(typeHeaders, 0, 7)), []byte{0, 7})
	f.Add([]byte{}, cat(settings, ack, frame(typeHeaders, 0, 7), frame(typeData, 0, 7, 1)), []byte{3})
	f.Add([]byte(strings.ToLower(Preface)), []byte("P"), []byte{0})
	f.Add(cat(preface, settings, frame(typeHeaders, flagPadded|flagPriority, 1, 1, 0, 0, 0, 0, 9, 0x82, 0), frame(typeContinuation, flagEndHeaders, 1, 0x41, 1, 'a')),
		cat(ack, settings, frame(typeHeaders, flagEndHeaders, 1, 0x3f, 0xe1, 0x1f, 0x88), frame(typeHeaders, flagEndHeaders, 1, 0xbe)), []byte{1, 0, 3})
	var used Conn
	f.Fuzz(func(t *testing.T, x, y, cut []byte) {
		var whole, pieces Conn
		used.Reset()
		for dir, b := range [][]byte{x, y} {
			whole.Feed(dir, b)
			for _, c := range []*Conn{&pieces, &used} {
				i := 0
				for rest := b; len(rest) > 0; i++ {
					n := len(rest)
					if len(cut) > 0 {
						n = min(n, 1+int(cut[i%len(cut)]))
					}
					c.Feed(dir, rest[:n])
					rest = rest[n:]
				}
			}
		}
		want := facts(&whole)
		if got := facts(&pieces); got != want {
			t.Fatalf("in pieces\n%s, whole\n%s", got, want)
		}
		if got := facts(&used); got != want {
			t.Fatalf("reused\n%s, fresh\n%s", got, want)
		}
		if len(used.settings) > defaultMaxFrame || len(used.streams[0]) > maxRuns || len(used.streams[1]) > maxRuns {
			t.Fatal("memory is not bounded")
		}
		if Looks(x) == proto.NotMine && Looks(y) == proto.NotMine && whole.Detected() {
			t.Fatal("the first test refuses what is read")
		}
	})
}

func BenchmarkLooks(b *testing.B) {
	for name, in := range map[string]string{"h2": Preface, "tls": "\x16\x03\x01\x02\x00\x01", "http": "GET / HTTP/1.1\r\n"} {
		p := []byte(in)
		b.Run("in="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Looks(p)
			}
		})
	}
}

func BenchmarkFrames(b *testing.B) {
	in := cat(preface, settings)
	for i := range uint32(100) {
		in = cat(in, frame(typeHeaders, 4, 2*i+1, make([]byte, 40)...), frame(typeData, 1, 2*i+1, make([]byte, 1000)...))
	}
	var c Conn
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		c.Reset()
		c.Feed(0, in)
	}
}

// TestOther: frames of a server do not count beside a client whose bytes are none.
func TestOther(t *testing.T) {
	server := cat(settings, ack, frame(typeHeaders, 4, 1, 0x88))
	for _, broken := range [][]byte{nil, []byte("GET / HTTP/1.1\r\n"), preface[:20], cat(preface[:20], []byte("XX\r\n"), settings)} {
		var c Conn
		c.Feed(1, server)
		if len(broken) > 0 && Looks(broken) == proto.NotMine {
			c.Other(0)
		} else {
			c.Feed(0, broken)
		}
		if c.Detected() != (len(broken) == 0) {
			t.Errorf("%q: detected is %v", broken, c.Detected())
		}
	}
}

// TestSettingsBehindACK: the settings of a client are those of its first SETTINGS, also
// behind an acknowledgement.
func TestSettingsBehindACK(t *testing.T) {
	var c Conn
	c.Feed(0, cat(preface, ack, frame(typeSettings, 0, 0, 0, 1, 0, 0, 0, 5), frame(typeSettings, 0, 0, 0, 1, 0, 0, 0, 6)))
	if got := string(c.AppendSettings(nil)); got != "1:5" {
		t.Errorf("settings %q", got)
	}
}
