package merged_test

import (
	"cmp"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/merged"
)

// list is a capture in memory.
type list struct {
	source.Tally
	frames []packet.Frame
	n      int
	err    error // behind the last frame
	open   *int
}

func (l *list) Next(f *packet.Frame) error {
	if l.n == len(l.frames) {
		return cmp.Or(l.err, io.EOF)
	}
	*f = l.frames[l.n]
	l.n++
	l.Count(f)
	return nil
}

func (l *list) Close() error { *l.open--; return nil }

// input is frames as an input that may be opened again.
func input(name string, frames []packet.Frame, err error, open *int) source.Input {
	return source.Input{Name: name, Size: 1, Open: func() (source.Source, error) {
		*open++
		return &list{frames: frames, err: err, open: open}, nil
	}}
}

// even refuses frames of odd length.
func even(f *packet.Frame) (bool, error) { return len(f.Data)%2 == 0, nil }

// TestOrder holds the order of frames, their numbers and the merge times against a sort of all of
// them, for captures whose clocks go back now and then, are equal, and of which some are empty or
// fail; with a filter and without; and asks that everything that was opened is closed.
func TestOrder(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		type want struct {
			at       int64
			position int
			number   uint64
			length   int
		}
		var all []want
		var ins []source.Input
		open, failing, end := 0, 0, int64(0)
		filtered := seed%2 == 1
		captures := r.IntN(5)
		if seed%50 == 0 {
			captures = 200 // beyond what is kept open
		}
		for position := range captures {
			var frames []packet.Frame
			ts, most, counted := r.Int64N(50), int64(0), false
			for i := range r.IntN(12) {
				ts = max(0, ts+r.Int64N(9)-3)
				f := packet.Frame{TS: ts, Data: make([]byte, r.IntN(4)), Number: uint64(i + 1)}
				frames = append(frames, f)
				end = max(end, ts)
				if filtered && len(f.Data)%2 == 1 {
					if !counted {
						all = append(all, want{-1 << 63, position, f.Number, len(f.Data)})
						continue
					}
				} else {
					most, counted = max(most, ts), true
				}
				all = append(all, want{most, position, f.Number, len(f.Data)})
			}
			var err error
			if r.IntN(6) == 0 {
				err = io.ErrUnexpectedEOF
				failing++
			}
			ins = append(ins, input("capture", frames, err, &open))
		}
		slices.SortStableFunc(all, func(a, b want) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.position, b.position), cmp.Compare(a.number, b.number))
		})
		o := merged.Options{StepBack: 1000}
		if filtered {
			o.Match = even
		}
		u, err := merged.Open(merged.Captures(ins), o)
		if err != nil {
			t.Fatal(err)
		}
		var f packet.Frame
		for i, w := range all {
			if err := u.Next(&f); err != nil {
				t.Fatalf("seed %d, frame %d: %v", seed, i, err)
			}
			got := want{u.Time(), int(f.Number >> packet.NumberBits), f.Number & packet.NumberMask, len(f.Data)}
			if got != w || int(f.Iface) != w.position {
				t.Fatalf("seed %d, frame %d: %+v; want %+v", seed, i, got, w)
			}
		}
		err = u.Next(&f)
		if failing == 0 && err != io.EOF || failing > 0 && (!errors.Is(err, io.ErrUnexpectedEOF) || strings.Count(err.Error(), "capture") != failing) {
			t.Fatalf("seed %d: at the end %v, %d captures fail", seed, err, failing)
		}
		if u.End() != end || u.Stats().Captured != uint64(len(all)) {
			t.Fatalf("seed %d: end %d, %d frames; want %d, %d", seed, u.End(), u.Stats().Captured, end, len(all))
		}
		if err := u.Close(); err != nil || open != 0 {
			t.Fatalf("seed %d: %v, %d left open", seed, err, open)
		}
	}
}

// TestRefused: a clock that steps back too far is told with the name and record, to the nanosecond,
// and so is a time before 1970; a live source is none to merge.
func TestRefused(t *testing.T) {
	open := 0
	for _, c := range []struct {
		times []int64
		want  string
	}{
		{[]int64{100, 50}, ""},
		{[]int64{100, 49}, "b: record 2 lies 51ns before an earlier one"},
		{[]int64{100, -1}, "b: record 2 is dated before 1970"},
		{[]int64{-1}, "b: record 1 is dated before 1970"},
	} {
		var frames []packet.Frame
		for i, ts := range c.times {
			frames = append(frames, packet.Frame{TS: ts, Number: uint64(i + 1)})
		}
		ins := []source.Input{input("a", []packet.Frame{{TS: 1}}, nil, &open), input("b", frames, nil, &open)}
		u, err := merged.Open(merged.Captures(ins), merged.Options{StepBack: 50})
		var f packet.Frame
		for err == nil {
			err = u.Next(&f)
		}
		if c.want == "" != (err == io.EOF) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.times, err)
		}
		if u != nil {
			u.Close()
		}
		if open != 0 {
			t.Fatalf("%v: %d left open", c.times, open)
		}
	}
	if _, err := merged.Input(merged.Captures([]source.Input{{Name: "eth0", Live: true}}), nil, merged.Options{}); err == nil {
		t.Error("a live source was merged")
	}
}
