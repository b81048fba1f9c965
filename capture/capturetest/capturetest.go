// Package capturetest says what every source.Source keeps to. A source's own test calls Run.
package capturetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"

	"pinyon/capture"
	"pinyon/internal/allocs"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/source"
)

// An Opener makes a source that gives the frames in this order and then io.EOF. What is to
// be cleaned up beside closing the source goes to t.Cleanup.
type Opener func(t *testing.T, frames []packet.Frame) source.Source

// A Trait says in what a source differs from a file.
type Trait uint8

const (
	// Live: times are those of the system, source.ErrTimeout may come between frames, and
	// frames are no shorter on the wire than captured.
	Live Trait = iota + 1
	// Blocks: memory is lent by the block, and stays for as long as that is held, after
	// Close as well. Without it a source may give frames without Block, whose memory is theirs.
	Blocks
)

// epoch is the time of the first frame, in whole microseconds: formats differ.
const epoch = int64(1700000000_123456000)

// Frames are n Ethernet frames of different lengths, some of which are cut.
func Frames(n int) []packet.Frame {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: 53, TTL: 64}
	frames := make([]packet.Frame, n)
	for i := range frames {
		payload := binary.BigEndian.AppendUint64(nil, uint64(i))
		payload = append(payload, make([]byte, i*37%1400)...)
		data := (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: payload}).Append(nil)
		f := &frames[i]
		f.Data, f.Wire, f.Link = data, uint32(len(data)), packet.LinkEthernet
		f.TS, f.Number = epoch+int64(i)*1000, uint64(i+1)
		if i%11 == 5 {
			f.Data = data[:min(60, len(data))]
		}
	}
	return frames
}

// Whole are Frames of which none is cut, as a device gives them.
func Whole(n int) []packet.Frame {
	frames := Frames(n)
	for i := range frames {
		f := &frames[i]
		f.Data = f.Data[:cap(f.Data)][:f.Wire]
	}
	return frames
}

// Run tests a source.
func Run(t *testing.T, name string, open Opener, traits ...Trait) {
	s := suite{open, slices.Contains(traits, Live), slices.Contains(traits, Blocks)}
	t.Run(name, func(t *testing.T) {
		t.Run("frames", s.frames)
		t.Run("empty", s.empty)
		t.Run("memory", s.memory)
		t.Run("ends", s.ends)
		t.Run("close", s.close)
		t.Run("allocations", s.allocations)
	})
}

type suite struct {
	open         Opener
	live, blocks bool
}

func (s *suite) make(n int) []packet.Frame {
	if s.live {
		return Whole(n)
	}
	return Frames(n)
}

// next is Next past timeouts.
func (s *suite) next(t *testing.T, src source.Source, f *packet.Frame) error {
	for range 100 {
		err := src.Next(f)
		if err != source.ErrTimeout {
			return err
		}
		if !s.live {
			t.Error("a source that is not live timed out")
		}
	}
	t.Fatal("a hundred timeouts")
	return nil
}

func same(t *testing.T, got, want *packet.Frame, live bool) {
	t.Helper()
	if !bytes.Equal(got.Data, want.Data) || got.Wire != want.Wire || got.Link != want.Link {
		t.Fatalf("frame %d: %d bytes of %d, link type %d; want %d of %d, %d", want.Number, len(got.Data), got.Wire, got.Link, len(want.Data), want.Wire, want.Link)
	}
	if !live && got.TS != want.TS {
		t.Errorf("frame %d: time %d; want %d", want.Number, got.TS, want.TS)
	}
	if got.Number != want.Number || got.NoTime {
		t.Errorf("frame %d: number %d, without time %t", want.Number, got.Number, got.NoTime)
	}
}

// frames: all of them come, in order, with bytes, lengths, times and numbers, and are counted.
func (s *suite) frames(t *testing.T) {
	want := s.make(500)
	src := s.open(t, want)
	defer src.Close()
	var f packet.Frame
	last := int64(0)
	for i := range want {
		if err := s.next(t, src, &f); err != nil {
			t.Fatalf("frame %d: %v", i+1, err)
		}
		same(t, &f, &want[i], s.live)
		if f.TS < last {
			t.Errorf("frame %d: time goes back from %d to %d", i+1, last, f.TS)
		}
		last = f.TS
	}
	if err := s.next(t, src, &f); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	counted(t, src, want)
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	counted(t, src, want) // as before
}

// counted: the statistics are those of the frames, all of which came.
func counted(t *testing.T, src source.Source, want []packet.Frame) {
	t.Helper()
	var sum source.Tally
	for i := range want {
		sum.Count(&want[i])
	}
	got, all := src.Stats(), sum.Stats()
	if got.Captured != all.Captured || got.Bytes != all.Bytes || got.Truncated != all.Truncated || got.Lost() != 0 {
		t.Errorf("statistics %+v; want %+v", got, all)
	}
	if sum := got.Captured + got.Dropped + got.FilterDropped + got.QueueDropped; got.Received != sum {
		t.Errorf("%d received; want %d: %+v", got.Received, sum, got)
	}
	if n := got.Counts; n.Records != uint64(len(want)) || n.Truncated || n.Damaged {
		t.Errorf("counts %+v", n)
	}
}

// empty: no frames are no error.
func (s *suite) empty(t *testing.T) {
	if s.live {
		t.Skip("a device does not end by itself")
	}
	src := s.open(t, nil)
	defer src.Close()
	var f packet.Frame
	if err := src.Next(&f); err != io.EOF {
		t.Errorf("%v", err)
	}
}

// memory: what a frame borrows stays for as long as its block is held, while the source goes
// on and after it was closed.
func (s *suite) memory(t *testing.T) {
	const n = 2000 // of about 700 bytes: several blocks of a file
	want := s.make(n)
	src := s.open(t, want)
	kept := make([]packet.Frame, 0, n/50)
	var f packet.Frame
	for i := range want {
		if err := s.next(t, src, &f); err != nil {
			t.Fatalf("frame %d: %v", i+1, err)
		}
		if f.Block == nil && s.blocks {
			t.Fatalf("frame %d without block", i+1)
		}
		if i%50 == 0 || i == n-1 {
			if f.Block != nil {
				f.Block.Retain()
			}
			kept = append(kept, f)
		}
	}
	if err := src.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for i := range kept {
		k := &kept[i]
		if w := &want[k.Number-1]; !bytes.Equal(k.Data, w.Data) {
			t.Errorf("frame %d has changed", k.Number)
		}
		if k.Block != nil {
			k.Block.Release()
		}
	}
}

// ends: the end is told again and again, and leaves the frame alone or empty, but never with
// bytes of something else.
func (s *suite) ends(t *testing.T) {
	src := s.open(t, s.make(3))
	defer src.Close()
	var f packet.Frame
	for range 3 {
		if err := s.next(t, src, &f); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if err := s.next(t, src, &f); err != io.EOF {
			t.Errorf("call %d after the end: %v", i+1, err)
		}
	}
}

// close: twice is once, in the middle as well, and then nothing comes.
func (s *suite) close(t *testing.T) {
	src := s.open(t, s.make(10))
	var f packet.Frame
	for range 4 {
		if err := s.next(t, src, &f); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if err := src.Close(); err != nil {
			t.Errorf("close %d: %v", i+1, err)
		}
	}
	for range 2 {
		switch err := src.Next(&f); {
		case err == nil:
			t.Error("a frame from a closed source")
		case errors.Is(err, source.ErrTimeout), errors.Is(err, capture.ErrWouldBlock):
			t.Errorf("a closed source says %v, as if something might come", err)
		}
	}
}

// allocations: none for a frame, once blocks are there. One for a new block of a file now
// and then is less than one in a thousand frames.
func (s *suite) allocations(t *testing.T) {
	const n, warm = 4000, 1000
	src := s.open(t, s.make(n))
	defer src.Close()
	var f packet.Frame
	for range warm {
		if err := s.next(t, src, &f); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if got := allocs.PerRun(t, (n-warm)/allocs.Tries-1, func() {
		if e := src.Next(&f); e != nil && e != source.ErrTimeout {
			err = e
		}
	}); got != 0 {
		t.Errorf("%v allocations a frame", got)
	}
	if err != nil {
		t.Error(err)
	}
}
