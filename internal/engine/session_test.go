package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pinyon/account"
	"pinyon/column"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// TestSession pushes records in several ways and wants the rows, and the batches, of a file
// that holds them.
func TestSession(t *testing.T) {
	frames := traffic(11, 5000)
	for name, change := range map[string]func(*groups.Options, *Options){
		"all":         nil,
		"in order":    func(x *groups.Options, _ *Options) { x.Groups = []string{"timing", "tcp"} },
		"file":        func(_ *groups.Options, o *Options) { o.WaitMemory = 1 },
		"filter":      func(_ *groups.Options, o *Options) { o.Filter = "tcp" },
		"small limit": func(_ *groups.Options, o *Options) { o.Flow.Limit = 30 },
	} {
		want, reports := output(t, []Input{input("x", frames)}, testOptions(t, change))
		for _, every := range []int{0, 700} {
			var got bytes.Buffer
			s, err := New(testOptions(t, change)).Session(context.Background(), "x")
			if err != nil {
				t.Fatal(err)
			}
			drain := func() {
				for b, err := range s.Batches() {
					if err != nil {
						t.Fatal(err)
					}
					digest(&got, b)
				}
			}
			for i := range frames {
				f := frames[i]
				f.Data = bytes.Clone(f.Data)
				if err := s.Push(&f); err != nil {
					t.Fatal(err)
				}
				clear(f.Data) // it was borrowed until Push returned
				if every > 0 && (i%every == 0 || i < 20) {
					if i+1 < len(frames) && every > 1 && frames[i+1].TS > f.TS {
						if err := s.Advance(f.TS); err != nil {
							t.Fatal(err)
						}
					}
					drain()
				}
			}
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			drain()
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s, drained every %d: other rows than those of a file", name, every)
			}
			of := s.Report().Intake
			of.Source.Since = time.Time{} // of the session alone
			if g, w := fmt.Sprint(of), fmt.Sprint(reports[0].Intake); g != w {
				t.Errorf("%s: counts %s; want %s", name, g, w)
			}
			if s.Report().Rows != reports[0].Rows || s.Report().InRows != reports[0].InRows {
				t.Errorf("%s: %d rows; want %d", name, s.Report().Rows, reports[0].Rows)
			}
			if s.Push(&frames[0]) == nil || s.Advance(0) == nil || s.Flush() == nil {
				t.Errorf("%s: a session that was flushed goes on", name)
			}
		}
	}
}

// TestSessionLeft leaves the loop over the batches of a session, which ends it.
func TestSessionLeft(t *testing.T) {
	s, err := New(testOptions(t, nil)).Session(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	frames := traffic(11, 9000)
	for i := range frames {
		if err := s.Push(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range s.Batches() {
		n++
		break
	}
	for range s.Batches() {
		n++
	}
	if n != 1 {
		t.Errorf("%d batches; want 1", n)
	}
}

// TestSessionCancelled ends the context of a session.
func TestSessionCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := New(testOptions(t, nil)).Session(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Flush(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestSmallInputs reads many inputs side by side: the bytes and reports are those of one
// after the other, with inputs among them that are large, empty, broken or hold more rows than
// are held back.
func TestSmallInputs(t *testing.T) {
	broken := errors.New("broken")
	var ins []Input
	for i := range 64 {
		in := input(fmt.Sprint(i), traffic(uint64(i), 1+i%37))
		switch i % 32 {
		case 7:
			in = input(fmt.Sprint(i), nil)
		case 13:
			in = input(fmt.Sprint(i), traffic(uint64(i), 3000))
		case 21:
			in = Input{Name: "bad", Open: in.Open}
			in.Open = ins[0].Open
		}
		in.Size = int64(1000 * (1 + i%7))
		if i%32 == 29 {
			in.Size = smallInput + 1
		}
		ins = append(ins, in)
	}
	ins[40].Open = func() (source.Source, error) { return nil, broken }
	ins[41].Open = func() (source.Source, error) { return &memory{frames: traffic(5, 300), fail: broken}, nil }
	for name, change := range map[string]func(*groups.Options, *Options){
		"all":      nil,
		"in order": func(x *groups.Options, _ *Options) { x.Groups = []string{"timing", "tcp"} },
		"few":      func(_ *groups.Options, o *Options) { o.WaitMemory = 1 },
		"sampled":  func(x *groups.Options, o *Options) { x.MaxSources = 3 },
	} {
		o := testOptions(t, change)
		want, reports := output(t, ins, o)
		for _, workers := range []int{2, 5} {
			o.Workers = workers
			r := New(o)
			var got bytes.Buffer
			for b, err := range r.Batches(context.Background(), ins) {
				if err != nil {
					t.Fatal(err)
				}
				digest(&got, b)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s: %d workers give other rows than one", name, workers)
			}
			if len(r.workers) != 2*workers {
				t.Errorf("%s: small inputs were not read side by side", name)
			}
			for i := range reports {
				if g, w := fmt.Sprint(r.Reports()[i]), fmt.Sprint(reports[i]); g != w {
					t.Errorf("%s: %d workers: report %s; want %s", name, workers, g, w)
				}
			}
		}
	}
}

// TestAccount reads the account of a run while it works, and compares it with the reports.
func TestAccount(t *testing.T) {
	ins := []Input{input("a", traffic(1, 9000)), input("b", nil), input("c", traffic(3, 5000))}
	for _, workers := range []int{1, 3} {
		var a Account
		o := testOptions(t, func(_ *groups.Options, o *Options) { o.Account, o.Workers = &a, workers })
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			var before Snapshot
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := a.Read()
				if s.Records < before.Records || s.Rows < before.Rows || s.Opened < before.Opened {
					t.Error("a count went down")
				}
				before = s
			}
		}()
		r, err := run(context.Background(), ins, o, func(*column.Batch) error { return nil })
		close(stop)
		<-stopped
		if err != nil {
			t.Fatal(err)
		}
		s := a.Read()
		var want Report
		for _, rep := range r.Reports() {
			want.Intake.Add(&rep.Intake)
			want.Outcome.Add(&rep.Outcome)
		}
		if fmt.Sprint(s.Intake) != fmt.Sprint(want.Intake) || s.Outcome != want.Outcome || s.Inputs != 3 {
			t.Errorf("%d workers: %+v; want %+v", workers, s, want)
		}
		if s.Flows != 0 || s.Opened != s.Rows {
			t.Errorf("%d workers: %d flows left, %d opened, %d rows", workers, s.Flows, s.Opened, s.Rows)
		}
		var wire uint64
		for _, o := range s.Origins {
			wire += o.Captured
		}
		took := s.Took[account.ModeFile]
		if len(s.Origins) != 1 || s.Origins[0].Name != account.FileOrigin || wire != s.Records || took.Count() != 3 || s.Lag != 0 || s.TableBytes == 0 || s.Bytes == 0 {
			t.Errorf("%d workers: origins %+v, took %v, lag %v, tables of %d bytes, %d bytes of packets", workers, s.Origins, took, s.Lag, s.TableBytes, s.Bytes)
		}
		if (len(s.Queues) > 0) != (workers > 1) {
			t.Errorf("%d workers: queues %v", workers, s.Queues)
		}
	}
}

// curious is a source that looks at the account of its run while it is read.
type curious struct {
	memory
	look func()
}

func (c *curious) Next(f *packet.Frame) error {
	if c.i == len(c.frames)-1 {
		c.look()
	}
	return c.memory.Next(f)
}

// TestSourceStats: what a source says of itself is in the account while it is read, and in the
// report of its input afterwards; a live source is asked too.
func TestSourceStats(t *testing.T) {
	for _, live := range []bool{false, true} {
		var a Account
		o := testOptions(t, func(_ *groups.Options, o *Options) { o.Account = &a })
		frames := traffic(2, 9000)
		var during Snapshot
		src := &curious{memory: memory{frames: frames}}
		src.look = func() { during = a.Read() }
		ins := []Input{input("first", traffic(1, 300)), {Name: "second", Live: live, Open: func() (source.Source, error) { return src, nil }}}
		r, err := run(context.Background(), ins, o, func(*column.Batch) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if len(during.Sources) != 1 || during.Sources[0].Input != 1 || during.Sources[0].Name != "second" || during.Sources[0].Captured == 0 {
			t.Errorf("live %t: sources at hand: %+v", live, during.Sources)
		}
		var all source.Stats
		for _, rep := range r.Reports() {
			all.Add(&rep.Source)
		}
		var want source.Tally
		for _, fs := range [][]packet.Frame{traffic(1, 300), frames} {
			for i := range fs {
				want.Count(&fs[i])
			}
		}
		if all != want.Stats() || a.Read().Source != all || a.Read().Sources != nil {
			t.Errorf("live %t: reports say %+v, the account %+v; want %+v", live, all, a.Read().Source, want.Stats())
		}
		origin := func(name string) (n uint64) {
			for _, o := range a.Read().Origins {
				if o.Name == name {
					n = o.Captured
				}
			}
			return n
		}
		file, second := uint64(300+9000), uint64(0)
		if live {
			file, second = 300, 9000
			epochs := a.Read().Took[account.ModeLive]
			if epochs.Count() == 0 || during.Lag <= 0 { // the frames are years old
				t.Errorf("%d epochs of a live input were timed, its lag is %v", epochs.Count(), during.Lag)
			}
		}
		if origin(account.FileOrigin) != file || origin("second") != second {
			t.Errorf("live %t: origins %+v", live, a.Read().Origins)
		}
	}
}
