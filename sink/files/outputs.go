package files

import (
	"context"
	"errors"
	"sync"

	"pinyon/column"
	"pinyon/sink"
)

// Outputs are sinks all of which get every row. Files among them appear under their names
// together, once every one is complete. The zero value has no output; Open adds them. An
// Outputs is a sink itself.
type Outputs struct {
	mu   sync.Mutex // of list and over; held while files get their names, or are removed
	list []Opened
	over bool
	none sink.Counters
}

// Opened is one of Outputs and where it goes.
type Opened struct {
	Target *sink.Target
	Sink   sink.Sink
}

// Open opens the targets, one after the other. If one fails none is left.
func (all *Outputs) Open(ctx context.Context, targets []*sink.Target, s *column.Schema, run *sink.Run) error {
	for _, t := range targets {
		k, err := t.Open(ctx, s, run)
		if err != nil {
			all.Abort()
			return err
		}
		all.mu.Lock()
		over := all.over
		all.list = append(all.list, Opened{t, k})
		all.mu.Unlock()
		if over {
			k.Abort()
			return sink.ErrAborted
		}
	}
	return nil
}

// List are the outputs in the order of their targets.
func (all *Outputs) List() []Opened {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.list
}

// Write gives a batch to every output.
func (all *Outputs) Write(ctx context.Context, b *column.Batch) error {
	return all.each(func(s sink.Sink) error { return s.Write(ctx, b) })
}

// Flush hands on what the outputs hold.
func (all *Outputs) Flush(ctx context.Context) error {
	return all.each(func(s sink.Sink) error { return s.Flush(ctx) })
}

func (all *Outputs) each(do func(sink.Sink) error) error {
	for _, o := range all.List() {
		if err := do(o.Sink); err != nil {
			return err
		}
	}
	return nil
}

// Close completes every output, and then gives files their names. An output that lost rows is
// complete all the same: the LossError of the first is returned once all are closed.
func (all *Outputs) Close(ctx context.Context) error {
	var lost *sink.LossError
	err := all.each(func(s sink.Sink) (err error) {
		if f, ok := s.(*Output); ok {
			err = f.complete(ctx)
		} else {
			err = s.Close(ctx)
		}
		var loss *sink.LossError
		if !errors.As(err, &loss) {
			return err
		}
		if lost == nil {
			lost = loss
		}
		return nil
	})
	if err != nil {
		return err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.over {
		return sink.ErrAborted
	}
	for _, o := range all.list {
		if f, ok := o.Sink.(*Output); ok {
			if err := f.commit(); err != nil {
				return err
			}
		}
	}
	if lost != nil {
		return lost
	}
	return nil
}

// Abort gives up every output that is not complete.
func (all *Outputs) Abort() error {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.over = true
	var first error
	for _, o := range all.list {
		if err := o.Sink.Abort(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Counters are those of the first output, which gets the same rows as the others. List has
// those of each.
func (all *Outputs) Counters() *sink.Counters {
	if list := all.List(); len(list) > 0 {
		return list[0].Sink.Counters()
	}
	return &all.none
}

// Most is the greatest value that an output has of a counter.
func (all *Outputs) Most(of func(sink.Stats) uint64) (n uint64) {
	for _, o := range all.List() {
		n = max(n, of(o.Sink.Counters().Stats()))
	}
	return n
}
