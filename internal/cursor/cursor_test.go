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

func TestPastTheEnd(t *testing.T) {
	c := New([]byte{0, 9, 1})
	if v := c.Vector16(); v.Len() != 0 || !c.Failed() || c.Empty() || c.Len() != 0 {
		t.Errorf("cut vector: %d bytes, failed %v", v.Len(), c.Failed())
	}
	if c.U8() != 0 || c.Bytes(0) != nil || !c.Failed() {
		t.Error("a failed cursor reads on")
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
