package engine

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/column"
	"pinyon/flow"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// halting is a source that says now and then that nothing came, and sleeps once.
type halting struct {
	memory
	rng   *rand.Rand
	sleep time.Duration
	tail  time.Duration // of silence before the end
}

func (h *halting) Next(f *packet.Frame) error {
	if h.rng.IntN(40) == 0 {
		return source.ErrTimeout
	}
	if h.i == len(h.frames)/2 && h.sleep > 0 {
		time.Sleep(h.sleep)
		h.sleep = 0
		return source.ErrTimeout
	}
	err := h.memory.Next(f)
	if err == io.EOF && h.tail > 0 {
		time.Sleep(100 * time.Millisecond)
		h.tail -= 100 * time.Millisecond
		return source.ErrTimeout
	}
	return err
}

// lines are the rows of a run, a line each.
func lines(t *testing.T, in Input, o *Options) []string {
	t.Helper()
	var out []string
	_, err := run(context.Background(), []Input{in}, o, func(b *column.Batch) error {
		for i := range b.Rows {
			var line strings.Builder
			r := b.Row(i)
			for j := range b.Schema.Fields {
				if name := b.Schema.Fields[j].Name; name != "end_reason" { // silence, or the input's end
					fmt.Fprintf(&line, "%s=%v ", name, r.At(j))
				}
			}
			out = append(out, line.String())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stepped are the frames of a machine whose clock is set: an hour ahead, two hours back, and
// a few seconds back.
func stepped(frames []packet.Frame) []packet.Frame {
	frames = slices.Clone(frames)
	for i := range frames {
		for k, step := range []int64{3600e9, -7200e9, -5e9} {
			if i >= (k+1)*len(frames)/4 {
				frames[i].TS += step
			}
		}
	}
	return frames
}

// TestLiveEqualsFile: a live input gives the rows of a file with the same records, in the
// same order, wherever its epochs end and whether silence or the end flushed a flow.
func TestLiveEqualsFile(t *testing.T) {
	frames := traffic(11, 2000)
	for name, change := range map[string]func(*groups.Options, *Options){
		"plain":       nil,
		"small limit": func(_ *groups.Options, o *Options) { o.Flow.Limit = 30 },
		"oldest":      func(_ *groups.Options, o *Options) { o.Flow.Limit, o.Flow.Strategy = 30, flow.Oldest },
		"big limit":   func(_ *groups.Options, o *Options) { o.Flow.Limit = 4100 },
		"active":      func(_ *groups.Options, o *Options) { o.Flow.Active = 3e9 },
		"steps":       nil,
		"short":       func(_ *groups.Options, o *Options) { o.Flow.Timeout, o.Flow.CloseDelay = 1e9, 2e8 },
	} {
		o := testOptions(t, change)
		frames := frames
		if name == "steps" {
			frames = stepped(frames)
		}
		want := lines(t, input("x", frames), o)
		for _, workers := range []int{1, 2, 8} {
			o.Workers = workers
			in := Input{Name: "x", Live: true, Open: func() (source.Source, error) {
				h := &halting{memory: memory{frames: frames}, rng: rand.New(rand.NewPCG(uint64(workers), 1))}
				if name == "short" {
					h.tail = 2 * time.Second
				}
				return h, nil
			}}
			if got := lines(t, in, o); !slices.Equal(got, want) {
				t.Errorf("%s: %d workers: %d rows of a live input differ from %d of the file", name, workers, len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Logf("row %d:\n%.300s\n%.300s", i, got[i], want[i])
						break
					}
				}
			}
		}
	}
}

// TestClockStep: flows end by silence also behind a clock that was set back, by more and by
// less than the timeout.
func TestClockStep(t *testing.T) {
	for _, workers := range []int{1, 2} {
		o := testOptions(t, func(x *groups.Options, o *Options) {
			x.Groups = []string{"timing"}
			o.Flow.Timeout, o.Flow.CloseDelay = 3e8, 1e6
		})
		o.Workers = workers
		early, seen, _, err := untilSilence(o, stepped(traffic(3, 60)), 2*time.Second)
		if err != nil || early != seen || seen < 10 {
			t.Errorf("%d workers: %d of %d rows before the end, %v", workers, early, seen, err)
		}
	}
}

// untilSilence runs a live input that is silent for a while before its end. early is how
// many of the rows seen came before that.
func untilSilence(o *Options, frames []packet.Frame, silence time.Duration) (early, seen, pauses int, err error) {
	var stillOpen atomic.Bool
	stillOpen.Store(true)
	in := Input{Name: "x", Live: true, Open: func() (source.Source, error) {
		return &watched{halting: halting{memory: memory{frames: frames}, rng: rand.New(rand.NewPCG(1, 1)), tail: silence}, end: &stillOpen}, nil
	}}
	_, err = run(context.Background(), []Input{in}, o, func(b *column.Batch) error {
		if b.Rows == 0 {
			pauses++
		}
		seen += b.Rows
		if stillOpen.Load() {
			early = seen
		}
		return nil
	})
	return early, seen, pauses, err
}

// TestSilenceEndsFlows: rows of a live input come while it is silent, in partial batches,
// and are flushed.
func TestSilenceEndsFlows(t *testing.T) {
	for _, workers := range []int{1, 2} {
		o := testOptions(t, func(x *groups.Options, o *Options) {
			x.Groups = []string{"timing"} // none that waits for the end of the input
			o.Flow.Timeout = 1e6
		})
		o.Workers = workers
		early, seen, pauses, err := untilSilence(o, traffic(3, 50), 1500*time.Millisecond)
		if err != nil || early != seen || seen < 10 || pauses == 0 {
			t.Errorf("%d workers: %d of %d rows before the end, %d pauses, %v", workers, early, seen, pauses, err)
		}
	}
}

// watched notes when its end was read.
type watched struct {
	halting
	end *atomic.Bool
}

func (w *watched) Next(f *packet.Frame) error {
	err := w.halting.Next(f)
	if err == io.EOF {
		w.end.Store(false)
	}
	return err
}

// TestBusySink: epochs with a few rows each go on while the sink is busy, until batches
// full of rows fill the queue.
func TestBusySink(t *testing.T) {
	for _, workers := range []int{1, 2} {
		o := testOptions(t, func(x *groups.Options, o *Options) {
			x.Groups = []string{"timing"}
			o.Flow.Timeout, o.Flow.CloseDelay = 1e6, 1
		})
		o.Workers = workers
		frames := traffic(5, 4000)
		want := len(lines(t, input("x", frames), o))
		ended := make(chan struct{})
		in := Input{Name: "x", Live: true, Open: func() (source.Source, error) {
			return &ending{halting{memory: memory{frames: frames}, rng: rand.New(rand.NewPCG(1, 1))}, ended}, nil
		}}
		rows, batches := 0, 0
		_, err := run(context.Background(), []Input{in}, o, func(b *column.Batch) error {
			if rows == 0 {
				select {
				case <-ended:
				case <-time.After(60 * time.Second):
					t.Errorf("%d workers: reading waited for the sink", workers)
				}
			}
			rows += b.Rows
			batches += min(b.Rows, 1)
			return nil
		})
		// A batch for each epoch that has rows would be 266.
		if err != nil || rows != want || want < 4*liveJobs || batches > liveJobs {
			t.Errorf("%d workers: %d of %d rows in %d batches, %v", workers, rows, want, batches, err)
		}
	}
}

// ending closes ended when it has no more.
type ending struct {
	halting
	ended chan struct{}
}

func (e *ending) Next(f *packet.Frame) error {
	err := e.halting.Next(f)
	if err == io.EOF {
		close(e.ended)
	}
	return err
}
