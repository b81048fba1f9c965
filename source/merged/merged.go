// Package merged has several captures as one source: their frames in the order of merge time, then
// of the captures' positions, then of record numbers. The merge time of a frame is the greatest
// timestamp so far of its own capture, so that of every capture the frames stay in their order.
//
// What frames come in which order follows from the captures alone, so a run over some of them meets
// the frames of those in the order in which a run over all of them does.
package merged

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"pinyon/packet"
	"pinyon/source"
)

// MaxCaptures is the most captures of one union, those included that are read elsewhere.
const MaxCaptures = 1<<16 - 1

// openAtOnce is how many captures are kept open before their first frame's turn. Others are opened
// for it, and opened again in their turn.
const openAtOnce = 128

// A Capture is one of those merged.
type Capture struct {
	source.Input
	// Position is the capture's place in the union, from 0; it stands in packet.Frame.Iface and above
	// packet.NumberBits of Number.
	Position int
}

// Options are the rules of a union.
type Options struct {
	// StepBack, if above 0, is the most nanoseconds that a frame may lie before the greatest timestamp
	// so far of its capture; one that lies farther back ends the union with an error.
	StepBack int64
	// Match, if not nil, says whether a frame counts for merge times: those that a filter refuses are
	// handed out and do not.
	Match func(*packet.Frame) (bool, error)
	// End is the greatest timestamp of the captures that are read elsewhere, 0 without.
	End int64
}

// Captures numbers inputs from 0.
func Captures(ins []source.Input) []Capture {
	list := make([]Capture, len(ins))
	for i := range ins {
		list[i] = Capture{ins[i], i}
	}
	return list
}

// Input is captures as one input; names are those of the whole union, by position.
func Input(list []Capture, names []string, o Options) (source.Input, error) {
	if len(names) > MaxCaptures {
		return source.Input{}, fmt.Errorf("%d captures: at most %d can be merged", len(names), MaxCaptures)
	}
	in := source.Input{Name: fmt.Sprintf("%d captures", len(list)), Interfaces: names}
	if len(list) == 1 {
		in.Name = list[0].Name
	}
	in.Open = func() (source.Source, error) { return Open(list, o) }
	for i := range list {
		if list[i].Live {
			return source.Input{}, fmt.Errorf("%s: a live source has no end and is not merged with others", list[i].Name)
		}
	}
	return in, nil
}

// A Span is how many records of a capture were read, and the least and greatest of their timestamps.
type Span struct {
	Records     uint64
	First, Last int64
}

// A Union is captures as one source; see source.Union.
type Union struct {
	spans []Span // in the order of the list
	o     Options
	heads heads
	last  *capture // whose frame was handed out
	now   int64
	end   int64
	stats source.Stats // of captures that ended
	errs  []error      // of captures that could not be read to their end
	err   error        // that ended the union
}

// capture is one of the captures at work.
type capture struct {
	Capture
	span   *Span
	src    source.Source // nil before its turn
	frame  packet.Frame
	number uint64 // of frame, in the capture
	time   int64  // merge time of frame
	began  bool   // some frame counted for time
}

// Open opens captures, all of which there have to be. Of one that cannot be read to its end the error
// comes behind the frames of all others.
func Open(list []Capture, o Options) (*Union, error) {
	u := &Union{o: o, end: o.End, spans: make([]Span, len(list))}
	u.stats.Since = time.Now()
	for i := range list {
		c := &capture{Capture: list[i], span: &u.spans[i]}
		if !u.open(c) {
			u.Close()
			return nil, u.errs[len(u.errs)-1]
		}
		more, err := u.read(c)
		if err != nil {
			u.Close()
			c.src.Close()
			return nil, err
		}
		if !more {
			continue
		}
		if i >= openAtOnce && c.Size > 0 { // of a regular file, which can be opened again
			if err := c.src.Close(); err != nil {
				u.fail(c, err)
				continue
			}
			c.src = nil
		}
		u.heads = append(u.heads, c)
	}
	heap.Init(&u.heads)
	return u, nil
}

// fail notes that a capture cannot be read, or not to its end.
func (u *Union) fail(c *capture, err error) {
	if !strings.Contains(err.Error(), c.Name) {
		err = fmt.Errorf("%s: %w", c.Name, err)
	}
	u.errs = append(u.errs, err)
}

// open opens a capture and reports whether that is possible.
func (u *Union) open(c *capture) bool {
	src, err := c.Open()
	if err != nil {
		u.fail(c, err)
		return false
	}
	c.src, c.began, c.number = src, false, 0
	*c.span = Span{}
	return true
}

// read reads the next frame of a capture. It reports false behind the last one, where it closes it.
func (u *Union) read(c *capture) (bool, error) {
	f := &c.frame
	if err := c.src.Next(f); err != nil {
		if err != io.EOF {
			u.fail(c, err)
		}
		if err := c.src.Close(); err != nil {
			u.fail(c, err)
		}
		st := c.src.Stats()
		u.stats.Add(&st)
		return false, nil
	}
	c.number = max(c.number+1, f.Number)
	if c.number > packet.NumberMask {
		return false, fmt.Errorf("%s: more records than a union can number", c.Name)
	}
	if f.TS < 0 {
		return false, fmt.Errorf("%s: record %d is dated before 1970: captures are merged by times since then", c.Name, c.number)
	}
	u.end = max(u.end, f.TS)
	s := c.span
	if s.Records == 0 {
		s.First = f.TS
	}
	s.Records++
	s.First, s.Last = min(s.First, f.TS), max(s.Last, f.TS)
	counts := true
	if u.o.Match != nil {
		var err error
		if counts, err = u.o.Match(f); err != nil {
			return false, err
		}
	}
	switch {
	case !counts:
		if !c.began {
			c.time = math.MinInt64
		}
	case !c.began || f.TS > c.time:
		c.time, c.began = f.TS, true
	case u.o.StepBack > 0 && c.time-f.TS > u.o.StepBack:
		return false, &StepBackError{Name: c.Name, Record: c.number, By: c.time - f.TS, Most: u.o.StepBack}
	}
	return true, nil
}

// A StepBackError is that of a capture whose clock stepped back so far that its flows do not follow
// from merge times.
type StepBackError struct {
	Name   string
	Record uint64 // in the capture, from 1
	By     int64  // nanoseconds
	Most   int64  // Options.StepBack
}

// Error says which capture it is.
func (e *StepBackError) Error() string {
	return fmt.Sprintf("%s: record %d lies %v before an earlier one, more than the flow timeout of %v: no merge with other captures is exact", e.Name, e.Record, time.Duration(e.By), time.Duration(e.Most))
}

// Next fills f with the next frame. Its Data stays valid until the following call, or as long as
// its Block is held. Behind the last frame comes io.EOF, or the errors of captures joined.
func (u *Union) Next(f *packet.Frame) error {
	if u.err != nil {
		return u.err
	}
	if c := u.last; c != nil {
		u.last = nil
		switch more, err := u.read(c); {
		case err != nil:
			u.err = err
			return err
		case more:
			heap.Fix(&u.heads, 0)
		default:
			heap.Pop(&u.heads)
		}
	}
	for len(u.heads) > 0 {
		c := u.heads[0]
		if c.src == nil { // its turn has come
			if !u.open(c) {
				heap.Pop(&u.heads)
				continue
			}
			more, err := u.read(c)
			if err != nil {
				u.err = err
				return err
			}
			if !more {
				heap.Pop(&u.heads)
				continue
			}
		}
		u.last, u.now = c, c.time
		*f = c.frame
		f.Iface = uint32(c.Position)
		f.Number = uint64(c.Position)<<packet.NumberBits | c.number
		return nil
	}
	if u.err = errors.Join(u.errs...); u.err == nil {
		u.err = io.EOF
	}
	return u.err
}

// Spans are what was read of the captures so far, in the order in which they were given.
func (u *Union) Spans() []Span { return u.spans }

// Time is the merge time of the latest frame.
func (u *Union) Time() int64 { return u.now }

// End is the greatest timestamp of all captures; see source.Union.
func (u *Union) End() int64 { return u.end }

// Ready is true: captures lend no memory that they would run out of.
func (u *Union) Ready() bool { return true }

// Stats are the sums of the captures.
func (u *Union) Stats() source.Stats {
	s := u.stats
	for _, c := range u.heads {
		if c.src != nil {
			st := c.src.Stats()
			s.Add(&st)
		}
	}
	return s
}

// Close closes the captures.
func (u *Union) Close() error {
	var errs []error
	for _, c := range u.heads {
		if c.src != nil {
			errs = append(errs, c.src.Close())
			st := c.src.Stats()
			u.stats.Add(&st)
		}
	}
	u.heads, u.last = nil, nil
	return errors.Join(errs...)
}

// heads is a heap of captures, the one whose frame comes next on top.
type heads []*capture

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].time, h[j].time), cmp.Compare(h[i].Position, h[j].Position)) < 0
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(*capture)) }
func (h *heads) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return c
}
