package cursor

import (
	"bytes"
	"testing"
)

func TestReads(t *testing.T) {
	c := New([]byte{1, 0, 2, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 2, 'a', 'b', 0, 1, 'c', 9})
	if a, b, d, e, f := c.U8(), c.U16(), c.U24(), c.U32(), c.U64(); a != 1 || b != 2 || d != 3 || e != 4 || f != 5 {
		t.Errorf("got %d %d %d %d %d", a, b, d, e, f)
	}
	if v := c.Vector8(); string(v.Rest()) != "ab" {
		t.Errorf("vector8 %q", v.Rest())
	}
	if v := c.Vector16(); string(v.Rest()) != "c" {
		t.Errorf("vector16 %q", v.Rest())
	}
	if c.At() != 24 || c.Len() != 1 || c.Empty() {
		t.Errorf("at %d, %d left", c.At(), c.Len())
	}
	if c.U8(); !c.Empty() {
		t.Error("not empty at the end")
	}
}

// TestVarint: the examples of RFC 9000 appendix A.1, and one that is cut.
func TestVarint(t *testing.T) {
	c := New([]byte{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c, 0x9d, 0x7f, 0x3e, 0x7d, 0x7b, 0xbd, 0x25, 0x40, 0x25, 0x80, 1})
	for _, want := range []uint64{151288809941952652, 494878333, 15293, 37, 37} {
		if got := c.Varint(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if got := c.Varint(); got != 0 || !c.Failed() {
		t.Errorf("cut: got %d, failed %v", got, c.Failed())
	}
}

func TestPastTheEnd(t *testing.T) {
	c := New([]byte{0, 9, 1})
	if v := c.Vector16(); v.Len() != 0 || !c.Failed() || c.Empty() || c.Len() != 0 {
		t.Errorf("cut vector: %d bytes, failed %v", v.Len(), c.Failed())
	}
	if c.U8() != 0 || c.Bytes(0) != nil || !c.Failed() {
		t.Error("a failed cursor reads on")
	}
	p := New([]byte{1, 2, 3})
	if a, b := p.Part(1), p.Part(5); len(a) != 1 || string(b) != "\x02\x03" || !p.Failed() || p.Part(1) != nil && p.Len() != 0 {
		t.Errorf("parts %x, %x, failed %v", a, b, p.Failed())
	}
	n := New([]byte{1})
	if n.Bytes(-1) != nil || !n.Failed() {
		t.Error("a negative length was read")
	}
}

// FuzzCursor: no sequence of reads panics or reads outside, and a read succeeds exactly
// when there are enough bytes.
func FuzzCursor(f *testing.F) {
	f.Add([]byte{2, 1, 2, 3}, []byte{0, 5, 1})
	f.Fuzz(func(t *testing.T, b, ops []byte) {
		c := New(b)
		var out []byte
		for _, op := range ops {
			left, failed := c.Len(), c.Failed()
			n := int(op) - 3
			s := c.Bytes(n)
			if ok := !failed && n >= 0 && n <= left; ok == c.Failed() || ok && len(s) != n {
				t.Fatalf("%d of %d bytes: got %d, failed %v", n, left, len(s), c.Failed())
			}
			out = append(out, s...)
		}
		if !bytes.HasPrefix(b, out) {
			t.Fatal("bytes out of order")
		}
	})
}
