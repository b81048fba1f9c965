package quic

import (
	"testing"

	"pinyon/internal/allocs"
)

var dns = unhex("d4e30100000100000000000003777777076578616d706c6503636f6d0000010001")

func BenchmarkLooks(b *testing.B) {
	for name, p := range map[string][]byte{
		"dns":    dns,
		"random": unhex("e17f8a90cc6b5d3f2a1944c07d"),
		"quic":   long{version: 1, dcid: idA, size: 1200}.bytes(),
	} {
		b.Run("payload="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Looks(p)
			}
		})
	}
}

func BenchmarkShort(b *testing.B) {
	var w wire
	w.send(0, long{version: 1, dcid: idA, size: 1200}.bytes())
	d := Datagram{Payload: short(1), Dir: 1}
	b.ReportAllocs()
	for b.Loop() {
		w.Datagram(&w.Scratch, &d)
	}
}

// BenchmarkInitial: a client's first packet, keys and all, and one more with the same keys.
func BenchmarkInitial(b *testing.B) {
	ch, _ := hellos(b, "example.org")
	d := Datagram{Payload: long{version: 1, dcid: idA, frames: cryptoFrame(0, ch), size: 1200}.bytes()}
	var c Conn
	var s Scratch
	b.Run("keys=new", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(d.Payload)))
		for b.Loop() {
			c.Reset(&s)
			c.Datagram(&s, &d)
		}
	})
	b.Run("keys=cached", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(d.Payload)))
		for b.Loop() {
			c.Datagram(&s, &d)
		}
	})
	b.Run("keys=wrong", func(b *testing.B) {
		var c Conn
		d := Datagram{Payload: long{version: 1, dcid: idA, keyID: idB, size: 1200}.bytes()}
		b.ReportAllocs()
		for b.Loop() {
			c.Datagram(&s, &d)
		}
	})
}

// TestAllocations: what most datagrams cost.
func TestAllocations(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	var w wire
	client := Datagram{Payload: long{version: 1, dcid: idA, scid: idB, frames: cryptoFrame(0, ch), size: 1200}.bytes()}
	server := Datagram{Payload: long{version: 1, dcid: idB, keyID: idA, server: true, frames: cryptoFrame(0, sh)}.bytes(), Dir: 1}
	answer := Datagram{Payload: negotiate(idB, idA, 1, 2, 3), Dir: 1}
	late := Datagram{Payload: short(1), Dir: 1}
	w.Datagram(&w.Scratch, &client)
	w.Datagram(&w.Scratch, &server)
	w.Datagram(&w.Scratch, &answer)
	if n := allocs.PerRun(t, 100, func() {
		Looks(dns)
		w.Datagram(&w.Scratch, &client)
		w.Datagram(&w.Scratch, &server)
		w.Datagram(&w.Scratch, &answer)
		w.Crypto(0)
		w.CryptoAt(0, 9)
		w.CryptoFrames(0, 0, 100)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := allocs.PerRun(t, 100, func() { w.Datagram(&w.Scratch, &late) }); n != 0 {
		t.Errorf("short header: %v allocations", n)
	}
	if n := allocs.PerRun(t, 100, func() {
		w.Reset(&w.Scratch)
		w.Datagram(&w.Scratch, &client)
	}); n > 6 {
		t.Errorf("a new connection: %v allocations", n)
	}
}
