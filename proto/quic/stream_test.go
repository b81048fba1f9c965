package quic

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pinyon/internal/cursor"
)

// TestStream: any pieces in any order give what a plain array with marks gives.
func TestStream(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var s stream
		total := 1 + r.IntN(400)
		want, have := make([]byte, total), make([]bool, total)
		for i := range 1 + r.IntN(60) {
			from := r.IntN(total)
			to := from + r.IntN(total-from+1)
			data := bytes.Repeat([]byte{byte(i + 1)}, to-from)
			s.add(uint64(from), data, uint32(i), int64(i))
			for j := from; j < to; j++ {
				if !have[j] {
					have[j], want[j] = true, byte(i+1)
				}
			}
			n := 0
			for n < total && have[n] {
				n++
			}
			if !bytes.Equal(s.buf, want[:n]) {
				t.Fatalf("got %x, want %x", s.buf, want[:n])
			}
		}
		for _, p := range s.spans {
			for j := p.off; j < p.end; j++ {
				if want[j] != byte(p.index+1) || !have[j] {
					t.Fatalf("byte %d is of datagram %d, not %d", j, want[j]-1, p.index)
				}
			}
		}
	}
}

func TestStreamBounds(t *testing.T) {
	var s stream
	s.add(1<<62-1, []byte{1}, 0, 0)
	s.add(maxCrypto-1, []byte{1, 2, 3}, 0, 0)
	if cap(s.buf)+cap(s.held) > 64 {
		t.Errorf("%d bytes for one at the end", cap(s.buf)+cap(s.held))
	}
	s.add(0, make([]byte, 2*maxCrypto), 1, 0)
	if len(s.buf) != maxCrypto || s.buf[maxCrypto-1] != 1 {
		t.Errorf("%d bytes, last %d", len(s.buf), s.buf[len(s.buf)-1])
	}
	s.reset()
	for i := range maxCrypto {
		s.add(uint64(2*i+1), []byte{1}, 0, 0)
	}
	if len(s.spans) > maxSpans || len(s.held) > maxSpans {
		t.Errorf("%d spans, %d bytes held", len(s.spans), len(s.held))
	}
}

func TestFrames(t *testing.T) {
	for _, v := range []struct{ in, want string }{
		{"0001 02 05 00 00 00 06 01 02 aabb", "c1:aabb"},
		{"02 4005 8000000a 02 00 0000 0101 06 00 01 cc", "c0:cc"},
		{"03 05 00 00 00 010203 06 00 01 cc 06 01 00", "c0:ccc1:"},
		{"03 05 00 00 00 0102", ""},
		{"02 05 00 40ff 00 0000 06 00 01 cc", ""},
		{"06 00 02 aa", ""},
		{"06 00 c000000000000001 aa", "c0:aa"},
		{"06 00 ffffffffffffffff aa", ""},
		{"1c 41 28 06 01 ff 06 00 01 cc", "x296c0:cc"},
		{"1c 41 28 06 02 ff", ""},
		{"06 00 01 aa 07 06 01 01 bb", "c0:aa"},
		{"1d 00 00 06 00 01 aa", ""},
		{"", ""},
	} {
		if got := frameText(unhex(v.in)); got != v.want {
			t.Errorf("%s: got %s, want %s", v.in, got, v.want)
		}
	}
}

func frameText(b []byte) string {
	r := frameReader{c: cursor.New(b)}
	var out bytes.Buffer
	for {
		switch r.next() {
		case frameCrypto:
			out.WriteString("c" + itoa(r.offset) + ":" + hexText(r.data))
		case frameClose:
			out.WriteString("x" + itoa(r.code))
		default:
			return out.String()
		}
	}
}
