package files

import (
	"context"
	"errors"
	"sync"

	"pinyon/column"
	"pinyon/sink"
)

// Outputs are sinks all of which get every row, each those columns that its target asks for. Files among them appear under their names
// together, once every one is complete. The zero value has no output; Open adds them. An
// Outputs is a sink itself.
type Outputs struct {
	mu   sync.Mutex // of list and over; held while files get their names, or are removed
	list []Opened
	over bool
	none sink.Counters

	goOn func(o *Opened, kept *Kept, err error) error
	// Opener opens a target; nil is its Open.
	Opener func(ctx context.Context, t *sink.Target, s *column.Schema, run *sink.Run) (sink.Sink, error)
}

// Opened is one of Outputs and where it goes.
type Opened struct {
	Target *sink.Target
	Sink   sink.Sink
	Failed error // why it takes no more rows, which then count as lost; see GoOn

	view *column.View // of the columns that it is given; nil is all
}

// GoOn has the outputs go on without one that fails. Of that one stays what Keep would have
// stay, which failed is told, kept being nil if nothing does, with the error. An error that
// failed returns ends the run.
func (all *Outputs) GoOn(failed func(o *Opened, kept *Kept, err error) error) { all.goOn = failed }

// Open opens the targets, one after the other. If one fails none is left.
func (all *Outputs) Open(ctx context.Context, targets []*sink.Target, s *column.Schema, run *sink.Run) error {
	for _, t := range targets {
		k, view, err := all.open(ctx, t, s, run)
		if err != nil {
			all.Abort()
			return err
		}
		all.mu.Lock()
		over := all.over
		all.list = append(all.list, Opened{Target: t, Sink: k, view: view})
		all.mu.Unlock()
		if over {
			k.Abort()
			return sink.ErrAborted
		}
	}
	return nil
}

// open opens a target for the columns that it asks for, of those of s, which view shows it.
func (all *Outputs) open(ctx context.Context, t *sink.Target, s *column.Schema, run *sink.Run) (k sink.Sink, view *column.View, err error) {
	of := s
	if t.Schema != nil {
		of = t.Schema
	} else if len(t.Columns) > 0 {
		if of, err = s.Pick(t.Columns); err != nil {
			return nil, nil, &sink.SettingError{Target: t.Name(), Err: err}
		}
	}
	if of != s {
		if view, err = column.NewView(s, of); err != nil {
			return nil, nil, err
		}
	}
	if all.Opener != nil {
		k, err = all.Opener(ctx, t, of, run)
	} else {
		k, err = t.Open(ctx, of, run)
	}
	return k, view, err
}

// List are the outputs in the order of their targets.
func (all *Outputs) List() []Opened {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.list
}

// Members are the outputs by the names of their targets; see sink.Group.
func (all *Outputs) Members() []sink.Member {
	list := all.List()
	members := make([]sink.Member, len(list))
	for i, o := range list {
		members[i] = sink.Member{Name: o.Target.Name(), Format: o.Target.Sink.Name, Counters: o.Sink.Counters()}
	}
	return members
}

// Write gives a batch to every output.
func (all *Outputs) Write(ctx context.Context, b *column.Batch) error {
	for i := range all.List() {
		o := &all.list[i]
		if o.Failed != nil {
			o.Sink.Counters().Accepted.Add(uint64(b.Rows))
			o.Sink.Counters().Lost.Add(uint64(b.Rows))
			o.Sink.Counters().Dropped.Add(uint64(b.Rows))
		} else if err := sink.Write(ctx, o.Sink, o.of(b)); err != nil {
			if err := all.fail(o, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// of is what the output is given of a batch.
func (o *Opened) of(b *column.Batch) *column.Batch {
	if o.view == nil {
		return b
	}
	return o.view.Of(b)
}

// Flush hands on what the outputs hold.
func (all *Outputs) Flush(ctx context.Context) error {
	return all.each(func(s sink.Sink) error { return s.Flush(ctx) })
}

func (all *Outputs) each(do func(sink.Sink) error) error {
	for i := range all.List() {
		o := &all.list[i]
		if o.Failed != nil {
			continue
		}
		if err := do(o.Sink); err != nil {
			if err := all.fail(o, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// fail goes on without an output, or returns its error.
func (all *Outputs) fail(o *Opened, why error) error {
	if all.goOn == nil || errors.Is(why, sink.ErrAborted) {
		return why
	}
	o.Failed = why
	var kept *Kept
	var err error
	if f, ok := o.Sink.(keeper); ok {
		kept, err = f.Keep()
	} else {
		err = o.Sink.Abort()
	}
	if err != nil && !errors.Is(err, why) {
		why = errors.Join(why, err)
	}
	return all.goOn(o, kept, why)
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
	for i := range all.list {
		o := &all.list[i]
		if f, ok := o.Sink.(*Output); ok && o.Failed == nil {
			if err := f.commit(); err != nil {
				if err := all.fail(o, err); err != nil {
					return err
				}
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
