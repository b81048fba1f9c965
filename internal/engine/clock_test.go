package engine

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/column"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// elsewhere is a live source of which another machine says what time it is.
type elsewhere struct {
	memory
	now    int64
	silent int           // how often it says that nothing came, before it ends
	pause  time.Duration // before each
	moves  int64         // by which now moves each time
	wait   func() bool   // nil, or what its end waits for
}

func (e *elsewhere) Clock() int64 { return e.now }

func (e *elsewhere) Next(f *packet.Frame) error {
	err := e.memory.Next(f)
	if err != io.EOF {
		e.now = f.TS
		return err
	}
	if e.silent--; e.silent >= 0 || e.wait != nil && !e.wait() {
		time.Sleep(e.pause)
		e.now += e.moves
		return source.ErrTimeout
	}
	return err
}

// TestOwnClock: flows of a source with a clock of its own end by that clock, and by no other,
// however long this machine waits.
func TestOwnClock(t *testing.T) {
	for _, moves := range []bool{true, false} {
		o := testOptions(t, func(x *groups.Options, o *Options) {
			x.Groups = []string{"timing"}
			o.Flow.Timeout, o.Flow.CloseDelay = 2e8, 2e8
		})
		frames := traffic(3, 50)
		last := frames[len(frames)-1].TS
		for i := range frames { // none ends before the last one comes
			frames[i].TS = last - int64(len(frames)-i)
		}
		var ended atomic.Bool
		var early, seen atomic.Int64
		src := &elsewhere{memory: memory{frames: frames}, silent: 12, pause: 100 * time.Millisecond}
		if moves {
			end := time.Now().Add(30 * time.Second)
			src.moves, src.wait = 1e8, func() bool { return early.Load() > 0 || time.Now().After(end) }
		}
		in := Input{Name: "x", Live: true, Open: func() (source.Source, error) { return &lastWord{src, &ended}, nil }}
		if _, err := run(context.Background(), []Input{in}, o, func(b *column.Batch) error {
			seen.Add(int64(b.Rows))
			if !ended.Load() {
				early.Add(int64(b.Rows))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if moves != (early.Load() > 0) || seen.Load() == 0 {
			t.Errorf("moves %t, clock %d, frames to %d: %d of %d rows before the end", moves, src.now, last, early.Load(), seen.Load())
		}
	}
}

// lastWord notes that its end comes.
type lastWord struct {
	*elsewhere
	end *atomic.Bool
}

func (e *lastWord) Next(f *packet.Frame) error {
	err := e.elsewhere.Next(f)
	if err == io.EOF {
		e.end.Store(true)
	}
	return err
}
