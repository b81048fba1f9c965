package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"pinyon/packet"
)

// FuzzMessage gives any bytes to what reads messages, as either side gets them. What is taken is
// written again and reads the same; what is not is ErrFormat; nothing that is unpacked exceeds its
// bound.
func FuzzMessage(f *testing.F) {
	for _, m := range vectors() {
		f.Add(m)
	}
	in := frames(rand.New(rand.NewPCG(7, 8)), 50)
	var w Writer
	w.Reset(nil, 1, in[0].TS)
	for i := range in {
		w.Add(&in[i], in[i].Data)
	}
	f.Add(NewPacker().Pack(w.Finish()))
	u := NewUnpacker()
	var buf []byte
	f.Fuzz(func(t *testing.T, m []byte) {
		typ, flags, body, err := Split(m)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if typ == TypeBatch {
			if flags&FlagZstd != 0 {
				if buf, err = u.Unpack(buf, body); err != nil {
					return
				}
				body = buf
				if len(body) > MaxBody {
					t.Fatalf("%d bytes unpacked", len(body))
				}
			}
			readBatch(t, body)
			return
		}
		in, out := empty[typ](), empty[typ]()
		if err := Parse(in, body); err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		again := Append(nil, in)
		if err := Parse(out, again[HeaderSize:]); err != nil || !reflect.DeepEqual(in, out) {
			t.Fatalf("%v: %v\n%+v\n%+v", typ, err, in, out)
		}
		if p, ok := in.(*Proof); ok {
			if s, err := ParseSubscription(p.Want); err == nil {
				if o, err := ParseSubscription(s.Append(nil)); err != nil || !reflect.DeepEqual(s, o) {
					t.Fatalf("%v\n%+v\n%+v", err, s, o)
				}
			}
		}
	})
}

// readBatch reads a body, and writes and reads again what it holds.
func readBatch(t *testing.T, body []byte) {
	const base = 1700000000e9
	var b, again Batch
	var f, g packet.Frame
	if b.Open(body, base, 3) != nil {
		return
	}
	var w Writer
	w.Reset(nil, b.First, base)
	n := b.N
	for range n {
		if ok, err := b.Next(&f); err != nil {
			if ok || !errors.Is(err, ErrFormat) {
				t.Fatal(ok, err)
			}
			return
		}
		if len(f.Data) > int(f.Wire) || f.Iface >= 3 {
			t.Fatalf("%+v", f)
		}
		w.Add(&f, f.Data)
	}
	if ok, _ := b.Next(&f); ok {
		t.Fatal("more records than there are")
	}
	if len(w.Message) > MaxMessage {
		t.Fatalf("%d bytes", len(w.Message))
	}
	b.Open(body, base, 3)
	again.Open(w.Finish()[HeaderSize:], base, 3)
	for range n {
		_, e1 := b.Next(&f)
		_, e2 := again.Next(&g)
		if e1 != nil || e2 != nil || f.TS != g.TS || f.Wire != g.Wire || f.Iface != g.Iface || f.Type != g.Type || !bytes.Equal(f.Data, g.Data) {
			t.Fatalf("%v %v\n%+v\n%+v", e1, e2, f, g)
		}
	}
}
