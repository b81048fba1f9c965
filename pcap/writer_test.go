package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

func TestWriter(t *testing.T) {
	var want []frame
	for n := range 300 {
		want = append(want, frame{
			data: string(bytes.Repeat([]byte{byte(n)}, n*7)), ts: int64(n) * 1_234_567_891, wire: uint32(n * 8), link: 276, number: uint64(n + 1),
		})
	}
	for _, o := range []WriterOptions{{Link: 276}, {Link: 276, Nano: true}, {Link: 276, BigEndian: true, Snaplen: 5000}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			var out bytes.Buffer
			w := NewWriter(&out, o)
			for _, f := range want {
				if err := w.Write(f.packet()); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, c, err := read(t, out.Bytes(), blockSize)
			exact := slices.Clone(want)
			for i := range exact {
				if !o.Nano {
					exact[i].ts -= exact[i].ts % 1000
				}
			}
			if err != nil || c.CapLenExceedsSnap != 0 || !slices.Equal(got, exact) {
				t.Errorf("%d frames, %+v, error %v", len(got), c, err)
			}
		})
	}
}

func (f *frame) packet() *packet.Frame {
	return &packet.Frame{Data: []byte(f.data), TS: f.ts, Wire: f.wire, Iface: f.iface, Link: f.link, NoTime: f.noTime, Number: f.number}
}

// TestWriterBytes pins every byte of small files.
func TestWriterBytes(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{Link: 1, Nano: true, BigEndian: true, Snaplen: 99})
	w.Write(&packet.Frame{Data: []byte("abc"), TS: 5_000_000_007, Wire: 60, Link: 1})
	w.Close()
	if want := cat(header(be, magicNano, 99, 1), rec(be, 5, 7, 60, "abc")); !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got  % x\nwant % x", out.Bytes(), want)
	}
	for _, big := range []bool{false, true} {
		o := byteOrder(big)
		out.Reset()
		ng := NewNGWriter(&out, NGOptions{BigEndian: big, OS: "Plan 9"})
		ng.AddInterface(InterfaceOptions{Link: 1, Snaplen: 3, Name: "eth0", Offset: 2})
		ng.Write(&packet.Frame{Data: []byte("abc"), TS: 5_000_000_007, Wire: 60, Link: 1})
		ng.Write(&packet.Frame{Data: []byte("abc"), TS: 5_000_000_007, Wire: 60, Link: 1, NoTime: true})
		ng.Close()
		want := cat(
			block(o, blockSection, uint32(orderMagic), uint16(1), uint16(0), int64(-1), opt(o, 3, "Plan 9")),
			idb(o, 1, 3, opt(o, 2, "eth0"), opt(o, 9, uint8(9)), opt(o, 14, int64(2))),
			epb(o, 0, 3_000_000_007, 60, "abc"), spb(o, 60, "abc"))
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("got  % x\nwant % x", out.Bytes(), want)
		}
	}
}

func TestNGWriter(t *testing.T) {
	for _, big := range []bool{false, true} {
		var out bytes.Buffer
		w := NewNGWriter(&out, NGOptions{BigEndian: big, Hardware: "pinyon", Application: "test"})
		opts := []InterfaceOptions{
			{Link: 1, Snaplen: 64}, {Link: 101, Resolution: Microseconds, Name: "lo"}, {Link: 276, Resolution: Seconds, Offset: -7}, {Link: 9, Resolution: 0xa0},
		}
		var want []frame
		for n := range 400 {
			if n < 200 && n%50 == 0 {
				if id, err := w.AddInterface(opts[n/50]); err != nil || id != n/50 {
					t.Fatal(id, err)
				}
			}
			f := frame{data: string(bytes.Repeat([]byte{byte(n)}, n)), wire: uint32(n + 3), iface: uint32(n % min(n/50+1, 4)), ts: int64(n) * 1e9, number: uint64(n + 1)}
			f.link = opts[f.iface].Link
			want = append(want, f)
			if err := w.Write(f.packet()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, _, err := read(t, out.Bytes(), blockSize)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d frames, error %v", len(got), err)
		}
	}
}

func TestUnwritable(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, WriterOptions{Link: 1})
	for _, f := range []packet.Frame{
		{Link: 2}, {Link: 1, TS: -1}, {Link: 1, TS: math.MaxInt64}, {Link: 1, Data: make([]byte, maxRecord+1)},
	} {
		if err := w.Write(&f); !errors.Is(err, ErrFrame) {
			t.Errorf("%d, %d ns: got %v", f.Link, f.TS, err)
		}
	}
	w.Close()
	if fs, _, err := read(t, out.Bytes(), 64); len(fs) != 0 || err != nil {
		t.Errorf("%d frames, error %v", len(fs), err)
	}
	out.Reset()
	ng := NewNGWriter(&out, NGOptions{})
	if err := ng.Write(&packet.Frame{}); !errors.Is(err, ErrFrame) {
		t.Errorf("got %v", err)
	}
	ng.AddInterface(InterfaceOptions{Link: 1})
	ng.AddInterface(InterfaceOptions{Link: 1, Resolution: 20})
	for _, f := range []packet.Frame{
		{Link: 2}, {Link: 1, TS: -1}, {Link: 1, Iface: 1, TS: math.MaxInt64}, {Link: 1, Data: make([]byte, maxBlock)},
	} {
		if err := ng.Write(&f); !errors.Is(err, ErrFrame) {
			t.Errorf("%d, %d ns: got %v", f.Link, f.TS, err)
		}
	}
	ng.Close()
	if fs, _, err := read(t, out.Bytes(), 64); len(fs) != 0 || err != nil {
		t.Errorf("%d frames, error %v", len(fs), err)
	}
}

// full is a disk with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	f := &packet.Frame{Data: make([]byte, 1000), Wire: 1000, Link: 1}
	w := NewWriter(&full{1 << 20}, WriterOptions{Link: 1})
	ng := NewNGWriter(&full{1 << 20}, NGOptions{})
	ng.AddInterface(InterfaceOptions{Link: 1})
	for name, fn := range map[string]struct {
		write func(*packet.Frame) error
		end   func() error
	}{"pcap": {w.Write, w.Close}, "pcapng": {ng.Write, ng.Close}} {
		var err error
		n := 0
		for ; err == nil && n < 2000; n++ {
			err = fn.write(f)
		}
		if !errors.Is(err, errFull) || errors.Is(err, ErrFrame) || n > 1100 {
			t.Errorf("%s: after %d frames: %v", name, n, err)
		}
		if err := fn.write(f); !errors.Is(err, errFull) {
			t.Errorf("%s: next Write: %v", name, err)
		}
		if err := fn.end(); !errors.Is(err, errFull) {
			t.Errorf("%s: Close: %v", name, err)
		}
	}
	if err := NewWriter(&full{}, WriterOptions{}).Close(); !errors.Is(err, errFull) {
		t.Errorf("header only: %v", err)
	}
}

func TestWriteAllocations(t *testing.T) {
	f := &packet.Frame{Data: make([]byte, 1000), Wire: 1000, Link: 1}
	w := NewWriter(io.Discard, WriterOptions{Link: 1})
	ng := NewNGWriter(io.Discard, NGOptions{})
	ng.AddInterface(InterfaceOptions{Link: 1})
	if n := allocs.PerRun(t, 1000, func() { w.Write(f); ng.Write(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
