// Package spool keeps the rows of a server that fails on disk, as Arrow streams in a folder, and
// sends them once the server is back, in their order and before any later ones.
//
// A Spool holds copies of the rows that the server has not acknowledged. If the server fails,
// these go to disk, and all later rows behind them; meanwhile the target is opened again and
// again, as the same run resumed at the first of those rows. A database knows what it has
// committed of a run and passes over it, so that each row is there once; a broker may get the
// rows after the last acknowledgement a second time, with the same run and row in their headers.
package spool

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// Options say where rows wait, and how many. The zero value of a field means its default.
type Options struct {
	Dir  string // folder below which each output has one of its own; pinyon-spool
	Size int64  // bytes that wait on disk, at most, but for one batch; 1 GiB
	// Wait is how long Close goes on trying after the last row that arrived; 10 s. Rows that are
	// left then stay in their folder.
	Wait time.Duration
	// Live has rows dropped and counted for which there is no room; without it they are an error.
	Live bool
	// Say is told what happens, in words; nil is nobody.
	Say func(format string, words ...any)

	first, most time.Duration // pause before the second attempt, which doubles up to most
}

const (
	sizeDefault  = 1 << 30
	waitDefault  = 10 * time.Second
	firstDefault = 200 * time.Millisecond
	mostDefault  = 5 * time.Second
	heldRows     = 4096 // rows without an acknowledgement before one is asked for
)

// ErrFull is the error for rows that find no room on disk.
var ErrFull = errors.New("no room for rows that wait for a server")

// A LeftError is why a run's output is not complete: its rows wait in a folder.
type LeftError struct {
	Rows uint64
	Dir  string
	Err  error // of the last attempt
}

// Error says where the rows are.
func (e *LeftError) Error() string {
	return fmt.Sprintf("%d rows wait in %s: %v", e.Rows, e.Dir, e.Err)
}

// Unwrap is the error of the last attempt.
func (e *LeftError) Unwrap() error { return e.Err }

// A Resumable sink says whether it can go on with a run whose rows it has in part; an error says
// why not.
type Resumable interface{ Resumable() error }

// A Spool is the sink.
type Spool struct {
	o      Options
	label  Label
	schema *column.Schema
	open   func(ctx context.Context, run *sink.Run) (sink.Sink, error)
	run    sink.Run
	count  sink.Counters
	ctx    context.Context
	stop   context.CancelFunc
	ended  chan struct{} // is closed when the goroutine that sends has ended; nil without one
	hurry  chan struct{} // has an element if the next attempt is due at once

	aborted atomic.Bool
	now     atomic.Pointer[sink.Sink] // inner, for Abort, which cannot wait for mu

	mu       sync.Mutex // of what follows; held while the server is at work
	inner    sink.Sink  // nil while rows go to disk
	held     []*column.Batch
	heldFrom uint64     // number of the first row that is held
	next     uint64     // number of the next row
	last     sink.Stats // what inner had counted at the last acknowledgement
	store    *store     // nil while rows go to inner
	spooled  uint64     // rows that went by way of the disk
	why      error      // the error of the last attempt
	loss     error      // why inner lost single rows
	err      error      // what calls are refused with from now on
	closed   bool
}

// Open opens a target, and gives a sink that outlives its failures.
func Open(ctx context.Context, t *sink.Target, s *column.Schema, run *sink.Run, o Options) (*Spool, error) {
	return New(ctx, Label{Target: t.Name(), Format: t.Sink.Name}, s, run, o, func(ctx context.Context, run *sink.Run) (sink.Sink, error) {
		return t.Open(ctx, s, run)
	})
}

// New is Open for what open opens. The first attempt must succeed, so that faults of options and
// addresses are told at once.
func New(ctx context.Context, l Label, s *column.Schema, run *sink.Run, o Options, open func(context.Context, *sink.Run) (sink.Sink, error)) (*Spool, error) {
	p := &Spool{o: o, label: l, schema: s, open: open, run: *run, next: run.From, heldFrom: run.From, hurry: make(chan struct{}, 1)}
	if p.run.ID == "" {
		p.run.ID = time.Now().UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:8])
	}
	p.label.Run = p.run.ID
	p.run.Live = false // a sink that drops rows when its server is gone would never fail
	if run.Provenance != nil {
		p.label.Provenance = string(run.Provenance.Head)
	}
	if p.o.Dir == "" {
		p.o.Dir = "pinyon-spool"
	}
	if p.o.Size == 0 {
		p.o.Size = sizeDefault
	}
	if p.o.Wait == 0 {
		p.o.Wait = waitDefault
	}
	if p.o.first == 0 {
		p.o.first, p.o.most = firstDefault, mostDefault
	}
	if p.o.Say == nil {
		p.o.Say = func(string, ...any) {}
	}
	p.ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	inner, err := open(ctx, &p.run)
	if err != nil {
		return nil, err
	}
	if r, ok := inner.(Resumable); ok {
		if err := r.Resumable(); err != nil {
			inner.Abort()
			return nil, &sink.SettingError{Target: l.Target, Err: err}
		}
	}
	p.use(inner)
	return p, nil
}

func (p *Spool) use(inner sink.Sink) {
	p.inner = inner
	p.now.Store(&inner)
}

// Write takes a batch: to the server, or to disk.
func (p *Spool) Write(ctx context.Context, b *column.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ready(); err != nil || b.Rows == 0 {
		return err
	}
	p.count.Accepted.Add(uint64(b.Rows))
	if p.inner == nil {
		return p.keep(b)
	}
	p.held = append(p.held, b.Clone())
	p.next += uint64(b.Rows)
	err := p.inner.Write(ctx, b)
	if err == nil && p.next-p.heldFrom >= heldRows {
		err = p.acknowledge(ctx)
	}
	if err != nil {
		return p.turn(err)
	}
	return nil
}

func (p *Spool) ready() error {
	switch {
	case p.aborted.Load():
		return sink.ErrAborted
	case p.err != nil:
		return p.err
	case p.closed:
		return errors.New("sink: write after Close")
	}
	return nil
}

// acknowledge has the server say that it has all rows up to here.
func (p *Spool) acknowledge(ctx context.Context) error {
	if err := p.inner.Flush(ctx); err != nil {
		return err
	}
	p.settle()
	return nil
}

// settle counts the rows that are held as those of the server, and holds them no longer.
func (p *Spool) settle() {
	p.settled(p.inner, &p.last, p.next-p.heldFrom)
	p.held, p.heldFrom = nil, p.next
}

// settled counts rows that a sink has acknowledged since it had counted last, and what became of
// them.
func (p *Spool) settled(inner sink.Sink, last *sink.Stats, rows uint64) {
	now := inner.Counters().Stats()
	lost := now.Lost - last.Lost // single rows, such as messages that are too large
	p.count.Lost.Add(lost)
	p.count.Committed.Add(rows - lost)
	p.count.Bytes.Add(now.Bytes - last.Bytes)
	p.count.Replaced.Add(now.Replaced - last.Replaced)
	*last = now
}

// turn begins to keep rows on disk, because the server failed with why.
func (p *Spool) turn(why error) error {
	if errors.Is(why, sink.ErrAborted) || p.aborted.Load() {
		return sink.ErrAborted
	}
	p.inner.Abort() // which undoes nothing of what it has committed, after an error
	p.inner, p.last, p.why = nil, sink.Stats{}, why
	p.now.Store(nil)
	var err error
	if p.store, err = newStore(p.o.Dir, p.schema, &p.label, p.run.Head); err != nil {
		return p.fail(errors.Join(why, err))
	}
	p.o.Say("%s: %v; its rows go to %s until it is back", p.label.Target, why, p.store.dir)
	held := p.held
	p.held, p.next = nil, p.heldFrom
	for i, b := range held {
		if err := p.keep(b); err != nil {
			for _, b := range held[i+1:] {
				p.count.Lost.Add(uint64(b.Rows))
			}
			return err
		}
	}
	p.ended = make(chan struct{})
	go p.send()
	return nil
}

// keep writes a batch to disk.
func (p *Spool) keep(b *column.Batch) error {
	if p.store.bytes >= p.o.Size {
		p.count.Lost.Add(uint64(b.Rows))
		p.count.Dropped.Add(uint64(b.Rows))
		if p.o.Live {
			return nil
		}
		return p.fail(fmt.Errorf("%w: %d bytes in %s", ErrFull, p.store.bytes, p.store.dir))
	}
	if err := p.store.append(b, p.next); err != nil {
		p.count.Lost.Add(uint64(b.Rows))
		return p.fail(err)
	}
	p.next += uint64(b.Rows)
	p.spooled += uint64(b.Rows)
	return nil
}

func (p *Spool) fail(err error) error {
	p.count.Errors.Add(1)
	p.err = fmt.Errorf("%s: %w", p.label.Target, err)
	return p.err
}

// Flush has the server acknowledge what it was given; rows on disk are there already.
func (p *Spool) Flush(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ready(); err != nil || p.inner == nil {
		return err
	}
	if err := p.acknowledge(ctx); err != nil {
		return p.turn(err)
	}
	return nil
}

// Close completes the output. If rows are on disk it waits until they have left, or for the time
// that Options.Wait says; a LossError tells of those that are left or were dropped.
func (p *Spool) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	for p.ready() == nil {
		if p.inner == nil {
			p.mu.Unlock()
			gone := p.drained()
			p.mu.Lock()
			if !gone {
				return p.leave()
			}
			continue
		}
		err := p.acknowledge(ctx)
		if err == nil {
			err = p.inner.Close(ctx)
			var loss *sink.LossError
			if errors.As(err, &loss) {
				p.loss, err = loss.Err, nil
			}
			if err == nil {
				return p.complete()
			}
		}
		if err := p.turn(err); err != nil {
			return err
		}
	}
	return p.ready()
}

// complete ends with all rows at the server but those that were lost.
func (p *Spool) complete() error {
	p.settle()
	p.closed = true
	p.stop()
	if n := p.count.Lost.Load(); n > 0 {
		return &sink.LossError{Rows: n, Err: cmp.Or(p.loss, ErrFull)}
	}
	return nil
}

// leave ends with rows on disk.
func (p *Spool) leave() error {
	p.closed = true
	err := error(nil)
	if p.store.rows() == 0 { // the server has all rows, but not their end
		err = p.store.append(column.New(p.schema, 0), p.next)
	}
	if err := errors.Join(err, p.store.complete()); err != nil {
		return err
	}
	return &sink.LossError{Rows: p.count.Lost.Load(), Err: &LeftError{Rows: p.store.rows(), Dir: p.store.dir, Err: p.why}}
}

// Abort gives the output up. Rows on disk stay there.
func (p *Spool) Abort() error {
	p.aborted.Store(true)
	p.stop()
	var err error
	if inner := p.now.Load(); inner != nil {
		err = (*inner).Abort()
	}
	p.mu.Lock()
	ended, over := p.ended, p.closed
	p.closed = true
	p.mu.Unlock()
	if over {
		return nil
	}
	if ended != nil {
		<-ended
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store != nil {
		err = errors.Join(err, p.store.complete())
	}
	return err
}

// Left tells how many rows are on disk, and in which folder.
func (p *Spool) Left() (rows uint64, dir string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store == nil {
		return 0, ""
	}
	return p.store.rows(), p.store.dir
}

// Spooled is how many rows went to disk so far.
func (p *Spool) Spooled() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spooled
}

// RunID names the run.
func (p *Spool) RunID() string { return p.run.ID }

// Counters are the sink's. Committed rows are those that the server acknowledged.
func (p *Spool) Counters() *sink.Counters { return &p.count }
