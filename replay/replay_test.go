package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"pinyon/internal/allocs"
	"pinyon/packet"
	"pinyon/source"
)

// wire is a Sender that keeps what it was given.
type wire struct {
	sent  [][]byte
	times []time.Time
	calls int
	most  int // frames a call takes; 0 is all
	max   int
	fail  func(frame []byte, n int) error // n is how often frames were tried before
	tried int
}

func (w *wire) SendBatch(frames [][]byte) (int, error) {
	w.calls++
	for i, f := range frames {
		if w.most > 0 && i == w.most {
			return i, syscall.ENOBUFS
		}
		if w.fail != nil {
			w.tried++
			if err := w.fail(f, w.tried-1); err != nil {
				return i, err
			}
		}
		w.sent = append(w.sent, slices.Clone(f))
		w.times = append(w.times, time.Now())
	}
	return len(frames), nil
}

func (w *wire) Accepts(link uint16) bool { return link == packet.LinkEthernet }
func (w *wire) MaxFrame() int            { return max(w.max, 100) }

// frames is a source of n frames, gap apart, that ends with err.
type frames struct {
	source.Tally
	n    int
	gap  time.Duration
	err  error
	link func(i int) uint16
	size func(i int) int
	i    int
}

func (s *frames) Next(f *packet.Frame) error {
	if s.i == s.n {
		if s.err != nil {
			return s.err
		}
		return io.EOF
	}
	size := 60
	if s.size != nil {
		size = s.size(s.i)
	}
	*f = packet.Frame{Data: fmt.Appendf(make([]byte, 0, size), "%*d", size, s.i), TS: 1e18 + int64(s.i)*int64(s.gap), Wire: uint32(size), Link: 1, Number: uint64(s.i + 1)}
	if s.link != nil {
		f.Link = s.link(s.i)
	}
	s.i++
	s.Count(f)
	return nil
}

func (s *frames) Close() error { return nil }

func opener(s frames) func() (source.Source, error) {
	return func() (source.Source, error) { one := s; return &one, nil }
}

// check demands that frames first..last of every loop were sent, in order.
func check(t *testing.T, name string, w *wire, want []int) {
	t.Helper()
	if len(w.sent) != len(want) {
		t.Fatalf("%s: %d frames sent; want %d", name, len(w.sent), len(want))
	}
	for i, f := range w.sent {
		var n int
		if fmt.Sscan(string(f), &n); n != want[i] {
			t.Fatalf("%s: frame %d is number %d; want %d", name, i, n, want[i])
		}
	}
}

func upTo(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestOrderAndAccount(t *testing.T) {
	tooLong := func(i int) int { return map[bool]int{true: 200, false: 60}[i%10 == 3] }
	odd := func(f *packet.Frame) (bool, error) { return f.Number%2 == 1, nil }
	for name, c := range map[string]struct {
		src  frames
		opt  Options
		wire wire
		want []int
		stat Stats
	}{
		"once":    {frames{n: 3000}, Options{TopSpeed: true}, wire{}, upTo(3000), Stats{Records: 3000, Sent: 3000, Loops: 1, InMemory: true}},
		"streams": {frames{n: 3000}, Options{TopSpeed: true, Memory: -1}, wire{}, upTo(3000), Stats{Records: 3000, Sent: 3000, Loops: 1}},
		"half in memory, twice": {frames{n: 3000}, Options{TopSpeed: true, Memory: 1000, Loops: 2}, wire{}, append(upTo(3000), upTo(3000)...),
			Stats{Records: 6000, Sent: 6000, Loops: 2}},
		"three loops": {frames{n: 5}, Options{TopSpeed: true, Loops: 3}, wire{}, []int{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4}, Stats{Records: 15, Sent: 15, Loops: 3, InMemory: true}},
		"limit":       {frames{n: 5}, Options{TopSpeed: true, Loops: -1, Limit: 7}, wire{}, []int{0, 1, 2, 3, 4, 0, 1}, Stats{Records: 7, Sent: 7, Loops: 1, InMemory: true}},
		"full queue":  {frames{n: 10}, Options{TopSpeed: true}, wire{most: 3}, upTo(10), Stats{Records: 10, Sent: 10, Loops: 1, InMemory: true}},
		"too long": {frames{n: 20, size: tooLong}, Options{TopSpeed: true}, wire{}, []int{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19},
			Stats{Records: 20, Sent: 18, TooLong: 2, Loops: 1, InMemory: true}},
		"filtered": {frames{n: 6}, Options{TopSpeed: true, Keep: odd}, wire{}, []int{0, 2, 4}, Stats{Records: 6, Sent: 3, Filtered: 3, Loops: 1, InMemory: true}},
		"one bad": {frames{n: 5}, Options{TopSpeed: true}, wire{fail: func(_ []byte, n int) error {
			if n == 2 {
				return syscall.EINVAL
			}
			return nil
		}}, []int{0, 1, 3, 4}, Stats{Records: 5, Sent: 4, Loops: 1, InMemory: true}},
	} {
		w := c.wire
		s, err := Run(context.Background(), opener(c.src), &w, &c.opt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		check(t, name, &w, c.want)
		addsUp(t, name, s)
		if s.Records != c.stat.Records || s.Sent != c.stat.Sent || s.Filtered != c.stat.Filtered || s.TooLong != c.stat.TooLong || s.Loops != c.stat.Loops || s.InMemory != c.stat.InMemory {
			t.Errorf("%s: %+v; want %+v", name, s, c.stat)
		}
		if name == "full queue" && s.Retries["ENOBUFS"] == 0 || name == "one bad" && s.Failed["EINVAL"] != 1 {
			t.Errorf("%s: retries %v, failed %v", name, s.Retries, s.Failed)
		}
	}
}

// addsUp demands that every frame that was dealt with stands somewhere.
func addsUp(t *testing.T, name string, s Stats) {
	t.Helper()
	sum := s.Sent + s.Filtered + s.TooLong
	for _, n := range s.Failed {
		sum += n
	}
	if s.Records != sum {
		t.Errorf("%s: %+v does not add up", name, s)
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	down := func(_ []byte, n int) error {
		if n == 2 {
			return syscall.ENETDOWN
		}
		return nil
	}
	for name, c := range map[string]struct {
		src  frames
		opt  Options
		wire wire
		want error
		sent int
	}{
		"damage":             {frames{n: 4, err: broken}, Options{TopSpeed: true}, wire{}, broken, 4},
		"damage, streaming":  {frames{n: 4, err: broken}, Options{TopSpeed: true, Memory: -1}, wire{}, broken, 4},
		"nothing but damage": {frames{err: broken}, Options{TopSpeed: true}, wire{}, broken, 0},
		"link type":          {frames{n: 4, link: func(i int) uint16 { return uint16(1 + i/2) }}, Options{TopSpeed: true}, wire{}, ErrLinkType, 0},
		"device down":        {frames{n: 4}, Options{TopSpeed: true}, wire{fail: down}, syscall.ENETDOWN, 2},
		"nothing fits":       {frames{n: 4, size: func(int) int { return 5000 }}, Options{TopSpeed: true, Loops: -1}, wire{}, ErrNothing, 0},
		"pipe, twice":        {frames{n: 3000}, Options{TopSpeed: true, Memory: 1000, Loops: 2, Once: true}, wire{}, ErrOnce, 0},
	} {
		w := c.wire
		s, err := Run(context.Background(), opener(c.src), &w, &c.opt)
		addsUp(t, name, s)
		if !errors.Is(err, c.want) || len(w.sent) != c.sent {
			t.Errorf("%s: %v after %d frames; want %v after %d", name, err, len(w.sent), c.want, c.sent)
		}
	}
}

// TestPace: no frame leaves before its time, and the last one not much after it.
func TestPace(t *testing.T) {
	for name, c := range map[string]struct {
		opt Options
		gap time.Duration
		due func(i int) time.Duration
	}{
		"capture":  {Options{}, 2 * time.Millisecond, func(i int) time.Duration { return time.Duration(i) * 2 * time.Millisecond }},
		"twice":    {Options{Multiplier: 2}, 2 * time.Millisecond, func(i int) time.Duration { return time.Duration(i) * time.Millisecond }},
		"cut gaps": {Options{MaxGap: time.Millisecond}, time.Hour, func(i int) time.Duration { return time.Duration(i) * time.Millisecond }},
		"pps":      {Options{PPS: 1000}, time.Hour, func(i int) time.Duration { return time.Duration(i) * time.Millisecond }},
		"mbps":     {Options{Mbps: 0.48}, time.Hour, func(i int) time.Duration { return time.Duration(i) * time.Millisecond }},
	} {
		w := &wire{}
		start := time.Now()
		s, err := Run(context.Background(), opener(frames{n: 50, gap: c.gap}), w, &c.opt)
		if err != nil || s.Sent != 50 {
			t.Fatalf("%s: %v, %d sent", name, err, s.Sent)
		}
		for i, at := range w.times {
			if early := c.due(i) - at.Sub(start); early > 0 {
				t.Errorf("%s: frame %d is %v early", name, i, early)
			}
		}
		if s.MaxLate > 2 {
			t.Errorf("%s: %v s late", name, s.MaxLate)
		}
	}
}

// TestStops: a context and a duration end a run that would go on for ever.
func TestStops(t *testing.T) {
	cause := errors.New("enough")
	none := func(*packet.Frame) (bool, error) { return false, nil }
	for _, opt := range []Options{{TopSpeed: true, Loops: -1}, {Loops: -1}, {PPS: 0.001}, {Keep: none}, {Keep: none, Memory: -1}} {
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
		start := time.Now()
		n := 10
		if opt.Keep != nil {
			n = -1 // without end
		}
		s, err := Run(ctx, opener(frames{n: n, gap: time.Hour}), &wire{}, &opt)
		addsUp(t, "stopped", s)
		if err != cause || time.Since(start) > 30*time.Second {
			t.Errorf("%+v: %v after %v", opt, err, time.Since(start))
		}
	}
	start := time.Now()
	s, err := Run(context.Background(), opener(frames{n: 10}), &wire{}, &Options{TopSpeed: true, Loops: -1, Duration: 50 * time.Millisecond})
	if err != nil || s.Sent == 0 || time.Since(start) > 30*time.Second {
		t.Errorf("%v, %d sent in %v", err, s.Sent, time.Since(start))
	}
}

// TestNever: what is due after more ns than can be counted is not due at once.
func TestNever(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		opt  Options
		n    int
		gap  time.Duration
		sent uint64
	}{
		"slow":        {Options{Multiplier: 1e-5}, 5, 2 * day, 1},
		"slower":      {Options{Multiplier: 1e-300}, 5, day, 1},
		"slow, again": {Options{Multiplier: 1e-300, Loops: 3}, 1, 0, 3}, // a loop of no length
		"pps":         {Options{PPS: 1e-10}, 5, 0, 1},
		"least pps":   {Options{PPS: 5e-324}, 5, 0, 1},
		"mbps":        {Options{Mbps: 1e-300}, 5, 0, 1},
	} {
		c.opt.Duration = 50 * time.Millisecond
		if s, err := Run(context.Background(), opener(frames{n: c.n, gap: c.gap}), &wire{}, &c.opt); err != nil || s.Sent != c.sent {
			t.Errorf("%s: %v, %d sent; want %d", name, err, s.Sent, c.sent)
		}
	}
	r := run{base: never - 1, opt: Options{Multiplier: 1}}
	if at := r.at(&chunk{due: []int64{5}}, 0, 0, 0); at != never {
		t.Errorf("due at %d", at)
	}
}

func TestSendDoesNotAllocate(t *testing.T) {
	in := &input{open: opener(frames{n: 500}), to: &none{}, opt: &Options{Memory: 1 << 20}}
	if err := in.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := &run{ctx: context.Background(), to: &none{}, opt: Options{TopSpeed: true}, stats: Stats{Failed: map[string]uint64{}, Retries: map[string]uint64{}}}
	if n := allocs.PerRun(t, 20, func() { r.send(in.held[0]) }); n != 0 {
		t.Errorf("%v allocations for 500 frames", n)
	}
}

// none takes everything and keeps nothing.
type none struct{}

func (none) SendBatch(f [][]byte) (int, error) { return len(f), nil }
func (none) Accepts(uint16) bool               { return true }
func (none) MaxFrame() int                     { return 1500 }
