package stream

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pinyon/internal/allocs"
)

func pull(d *Dir) []byte {
	var out []byte
	for s, ok := d.Pull(); ok; s, ok = d.Pull() {
		if s.Offset+uint64(len(s.Data)) != d.Next() {
			panic("offset")
		}
		out = append(out, s.Data...)
	}
	return out
}

func TestOrder(t *testing.T) {
	type seg struct {
		seq  uint32
		data string
	}
	for _, c := range []struct {
		name string
		syn  int64 // -1: none
		in   []seg
		want string
	}{
		{"in order", 99, []seg{{100, "ab"}, {102, "cd"}}, "abcd"},
		{"no SYN: begins with the first data", -1, []seg{{100, "ab"}, {98, "xy"}, {102, "cd"}}, "abcd"},
		{"early", 99, []seg{{102, "cd"}, {100, "ab"}}, "abcd"},
		{"again", 99, []seg{{100, "ab"}, {100, "AB"}, {100, "ABcd"}}, "abcd"},
		{"first arrival wins over later ones", 99, []seg{{102, "cd"}, {100, "abXYef"}}, "abcdef"},
		{"and between two early ones", 99, []seg{{101, "b"}, {103, "d"}, {100, "ABCDE"}}, "AbCdE"},
		{"a hole that never fills", 99, []seg{{100, "ab"}, {103, "de"}}, "ab"},
		{"wrap", 0xfffffffe - 1, []seg{{0, "cd"}, {0xfffffffe, "ab"}}, "abcd"},
	} {
		var d Dir
		if c.syn >= 0 {
			d.SYN(uint32(c.syn), 0)
		}
		var got []byte
		for i, s := range c.in {
			d.Push(s.seq, []byte(s.data), i, 0)
			got = append(got, pull(&d)...)
		}
		if string(got) != c.want {
			t.Errorf("%s: got %q; want %q", c.name, got, c.want)
		}
	}
}

// FuzzDir compares with a map of first arrivals.
func FuzzDir(f *testing.F) {
	f.Add(uint64(1), uint16(20), uint32(1000))
	f.Add(uint64(2), uint16(200), uint32(0xffffff00))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, isn uint32) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var d Dir
		d.SYN(isn-1, 0)
		first := map[uint32]byte{}
		var got []byte
		packet := make([]byte, 300) // reused, as a capture's memory is
		for i := range int(n % 500) {
			off := rng.Uint32N(3000)
			data := packet[:1+rng.IntN(len(packet)-1)]
			for j := range data {
				data[j] = byte(rng.Uint32())
				if _, ok := first[off+uint32(j)]; !ok {
					first[off+uint32(j)] = data[j]
				}
			}
			d.Push(isn+off, data, i, int64(i))
			got = append(got, pull(&d)...)
		}
		var want []byte
		for {
			b, ok := first[uint32(len(want))]
			if !ok {
				break
			}
			want = append(want, b)
		}
		if !bytes.Equal(got, want) || d.Dropped != 0 || d.Next() != uint64(len(got)) {
			t.Fatalf("got %d bytes, want %d, %d dropped", len(got), len(want), d.Dropped)
		}
	})
}

func TestBound(t *testing.T) {
	var d Dir
	d.SYN(0, 0)
	chunk := make([]byte, 1000)
	for i := range uint32(1000) {
		d.Push(2+1000*i, chunk, int(i), 0) // byte 1 never comes
	}
	if d.held > Window || d.Dropped != 1000*1000-uint64(d.held) || len(pull(&d)) != 0 {
		t.Errorf("%d bytes held, %d dropped", d.held, d.Dropped)
	}
	d.Push(1, chunk[:1], 0, 0)
	if n := len(pull(&d)); n != 1+65000 || d.held != 0 {
		t.Errorf("%d bytes after the hole was filled, %d held", n, d.held)
	}
	d.Reset()
	d.Push(7, chunk, 0, 0)
	if len(pull(&d)) != 1000 {
		t.Error("Reset does not start anew")
	}
}

// TestPieces: bytes that come early one at a time wait in so many pieces and no more, and
// those that did are handed out.
func TestPieces(t *testing.T) {
	var d Dir
	d.SYN(0, 0)
	for i := range Window - 1 {
		d.Push(uint32(i*2+2), []byte{byte(i)}, i, 0) // every other byte: a piece each
	}
	if len(d.early) != Pieces || d.held != Pieces || d.Dropped != Window-1-Pieces {
		t.Errorf("%d pieces, %d bytes, %d dropped", len(d.early), d.held, d.Dropped)
	}
	d.Push(1, make([]byte, Pieces*2), 0, 0)
	if got := pull(&d); len(got) != Pieces*2 {
		t.Errorf("%d bytes", len(got))
	}
	if d.Waiting() || d.held != 0 {
		t.Errorf("%d bytes wait", d.held)
	}
}

func TestInOrderDoesNotAllocate(t *testing.T) {
	var d Dir
	chunk := make([]byte, 1448)
	seq := uint32(1)
	if n := allocs.PerRun(t, 1000, func() {
		d.Push(seq, chunk, 0, 0)
		d.Pull()
		seq += 1448
	}); n != 0 {
		t.Errorf("%v allocations a segment", n)
	}
}
