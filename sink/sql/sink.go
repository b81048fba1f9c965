package sql

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// A Store is an open database in the hands of one run. Its methods are called by one
// goroutine at a time. An error of Append, Commit and Sync leaves what is not committed
// undone.
type Store interface {
	// Open makes the tables of the plan, fills in what the plan lacks, and says in p.Run how
	// many rows of the run are there.
	Open(ctx context.Context, p *Plan) error
	// Append takes rows from to to of a batch, which it does not keep.
	Append(ctx context.Context, b *column.Batch, from, to int) error
	// Commit ends the transaction of the rows appended. It may return before the database
	// has it; done is how many rows of the run are known to be committed.
	Commit(ctx context.Context) (done uint64, err error)
	// Sync waits for what Commit began; done is right beside an error, too.
	Sync(ctx context.Context) (done uint64, err error)
	// Complete makes the run one that has ended: tables swapped, indexes made.
	Complete(ctx context.Context) error
	// Abort undoes what is not committed and leaves no table that has no use.
	Abort(ctx context.Context) error
	Close() error
}

// Descriptor makes the Descriptor of a kind of database of its names, sentence and schemes,
// and what connects to an address.
func Descriptor(d sink.Descriptor, connect func(ctx context.Context, address string, c *sink.Counters) (Store, error)) *sink.Descriptor {
	d.NewOptions = NewOptions
	if d.Default == nil {
		d.Default = Address
	}
	d.Options = OptionList
	d.Open = func(ctx context.Context, to *sink.Target, s *column.Schema, settings any, run *sink.Run) (sink.Sink, error) {
		return open(ctx, to, s, settings.(*Options), run, connect)
	}
	return &d
}

// AddressVariable holds the address of a database for whoever keeps it from the command line.
const AddressVariable = "PINYON_DB_DSN"

// Address is what AddressVariable says.
func Address() (address string, ok bool) {
	address = os.Getenv(AddressVariable)
	return address, address != ""
}

// A table is the sink.
type table struct {
	target string
	plan   Plan
	store  Store
	count  sink.Counters

	mu      sync.Mutex // held while the store is at work
	aborted atomic.Bool
	stop    context.CancelFunc // ends what the store is doing
	ctx     context.Context
	next    uint64 // number of the next row in the run
	pending int    // rows appended since the last Commit
	done    uint64 // rows of the run known to be committed
	err     error
	closed  bool
}

// ErrClosed is what a sink returns that is given rows after Close.
var ErrClosed = errors.New("sink: write after Close")

func open(ctx context.Context, to *sink.Target, s *column.Schema, o *Options, run *sink.Run, connect func(context.Context, string, *sink.Counters) (Store, error)) (sink.Sink, error) {
	wrong := func(err error) error { return &sink.SettingError{Target: to.Name(), Err: err} }
	if err := o.check(); err != nil {
		return nil, wrong(err)
	}
	name, err := ParseName(o.Table)
	if err != nil {
		return nil, wrong(err)
	}
	t := &table{target: to.Name(), plan: Plan{Options: *o, Rows: s, Name: name, Into: name}, next: run.From}
	r := &t.plan.Run
	*r = Run{ID: run.ID, Resume: run.Resume, From: run.From, Tail: func() string { return "" }}
	if r.ID == "" {
		r.ID = NewRunID()
	}
	if p := run.Provenance; p != nil {
		r.Head = string(p.Head)
		r.Tail = func() string {
			if p.Tail == nil {
				return string(p.Head)
			}
			return string(p.Tail())
		}
	}
	if _, err := t.plan.Indexed(); err != nil {
		return nil, wrong(err)
	}
	if r.Resume && !o.Runs {
		return nil, wrong(errors.New("resume: needs the table of runs"))
	}
	t.ctx, t.stop = context.WithCancel(context.Background())
	if t.store, err = connect(ctx, to.Path, &t.count); err != nil {
		return nil, fmt.Errorf("%s: %w", t.target, err)
	}
	if err := t.store.Open(ctx, &t.plan); err != nil {
		t.store.Close()
		return nil, fmt.Errorf("%s: %w", t.target, err)
	}
	t.done = r.Done
	return t, nil
}

// NewRunID makes a name for a run: the time in UTC, and what tells it from others of that
// second.
func NewRunID() string {
	return time.Now().UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:8])
}

// RunID is the run's, which may have been made at Open.
func (t *table) RunID() string { return t.plan.Run.ID }

// Resumable says why the run could not go on behind the rows that are there.
func (t *table) Resumable() error {
	switch {
	case t.plan.Atomic:
		return errors.New("atomic: rows that are there only once all are cannot be resumed")
	case !t.plan.Runs:
		return errors.New("runs: without the table of runs nothing can be resumed")
	}
	return nil
}

// Write takes a batch; rows that an earlier attempt of the run has committed are passed over.
func (t *table) Write(ctx context.Context, b *column.Batch) error {
	return t.with(ctx, func(ctx context.Context) error {
		t.count.Accepted.Add(uint64(b.Rows))
		from := 0
		if t.next < t.plan.Run.Done {
			from = int(min(t.plan.Run.Done-t.next, uint64(b.Rows)))
			t.count.Resumed.Add(uint64(from))
		}
		t.next += uint64(b.Rows)
		for from < b.Rows {
			to := min(b.Rows, from+t.plan.BatchSize-t.pending)
			if err := t.store.Append(ctx, b, from, to); err != nil {
				return err
			}
			t.pending += to - from
			from = to
			if t.pending < t.plan.BatchSize {
				continue
			}
			if err := t.commit(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// commit ends the transaction of the pending rows.
func (t *table) commit(ctx context.Context) error {
	if t.pending == 0 || t.plan.Atomic {
		t.pending = 0
		return nil
	}
	t.pending = 0
	done, err := t.store.Commit(ctx)
	t.committed(done)
	return err
}

func (t *table) committed(done uint64) {
	if done > t.done {
		t.count.Committed.Add(done - t.done)
		t.done = done
	}
}

// Flush commits what was taken, unless everything is to be committed at the end.
func (t *table) Flush(ctx context.Context) error { return t.with(ctx, t.flush) }

func (t *table) flush(ctx context.Context) error {
	if err := t.commit(ctx); err != nil {
		return err
	}
	done, err := t.store.Sync(ctx)
	t.committed(done)
	return err
}

// Close commits the last rows and completes the run.
func (t *table) Close(ctx context.Context) error {
	t.mu.Lock()
	over := t.closed
	t.mu.Unlock()
	if over {
		return nil
	}
	err := t.with(ctx, func(ctx context.Context) error {
		if err := t.flush(ctx); err != nil {
			return err
		}
		if err := t.store.Complete(ctx); err != nil {
			return err
		}
		t.committed(t.next)
		t.closed = true
		return t.store.Close()
	})
	return err
}

// with has the store do something unless it was aborted or has failed. The first error is
// final: what is not committed is undone, and counted as lost.
func (t *table) with(ctx context.Context, do func(context.Context) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.aborted.Load():
		return sink.ErrAborted
	case t.err != nil:
		return t.err
	case t.closed:
		return ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(t.ctx, cancel)()
	defer cancel()
	err := do(ctx)
	if err == nil {
		return nil
	}
	if t.aborted.Load() {
		return sink.ErrAborted
	}
	done, _ := t.store.Sync(context.WithoutCancel(ctx)) // fails as what it is about did
	t.committed(done)
	st := t.count.Stats()
	t.count.Errors.Add(1)
	t.count.Lost.Add(st.Accepted - st.Committed - st.Resumed)
	t.err = fmt.Errorf("%s: %w", t.target, err)
	t.store.Close()
	return t.err
}

// patience is how long Abort waits for a database that does not answer.
const patience = 1500 * time.Millisecond

// Abort ends what the store is doing, and undoes what is not committed.
func (t *table) Abort() error {
	t.aborted.Store(true)
	t.stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.err != nil {
		return nil
	}
	t.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(t.store.Abort(ctx), t.store.Close())
}

// Kill ends the sink as the end of the process would: nothing is undone or completed by it.
// It is for tests of what is left then.
func (t *table) Kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.store.Close()
}

// Counters are the sink's.
func (t *table) Counters() *sink.Counters { return &t.count }
