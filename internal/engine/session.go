package engine

import (
	"context"
	"io"
	"iter"
	"time"

	"pinyon/column"
	"pinyon/packet"
	"pinyon/source"
)

// A Session is a run whose records are pushed by its caller instead of read from a source: for
// streams that something else receives, and for programs with packets of their own. It is one
// input, and its rows are those that a file of the same records gives. It runs in the
// goroutines of its callers, one at a time.
type Session struct {
	run   *Run
	line  *line
	rd    *reader
	tally *source.Tally // of the records pushed
	ctx   context.Context
	emit  func(*column.Batch) error
	bytes []byte // data of the records of the epoch at hand
	ended bool
	err   error
}

// pushed stands for the source of a session, whose caller reads it.
type pushed struct{ source.Tally }

// Next is not called.
func (*pushed) Next(*packet.Frame) error { return io.EOF }

// Close has nothing to give back.
func (*pushed) Close() error { return nil }

// sessionBytes is how much data an epoch of a session may hold beyond one record.
const sessionBytes = 1 << 20

// Session begins a session whose input has a name. ctx ends it early.
func (r *Run) Session(ctx context.Context, name string) (*Session, error) {
	s := &Session{run: r, ctx: ctx, rd: r.reader()}
	r.reports = make([]Report, 1)
	s.line = r.line(func(b *column.Batch) error { return s.emit(b) })
	s.line.keep = true
	s.rd.begin(0, name, &r.reports[0])
	src := &pushed{source.Tally{Since: time.Now()}}
	s.rd.src, s.tally = src, &src.Tally
	s.line.epoch.reset()
	return s, s.rd.compile()
}

// Push takes the next record. It is numbered by f.Number, or by its place if that is 0, and
// what it borrows is free again when Push returns. An error ends the session.
func (s *Session) Push(f *packet.Frame) error {
	if s.ended || s.err != nil {
		return s.over()
	}
	e := s.line.epoch
	if e.n == len(e.items) || len(s.bytes)+len(f.Data) > cap(s.bytes) && e.n > 0 {
		if err := s.step(); err != nil {
			return err
		}
	}
	if len(f.Data) > cap(s.bytes) {
		s.bytes = make([]byte, 0, max(len(f.Data), sessionBytes))
	}
	own := *f
	if own.Number == 0 {
		own.Number = s.rd.number + 1
	}
	at := len(s.bytes)
	s.bytes = append(s.bytes, f.Data...)
	own.Data, own.Block = s.bytes[at:len(s.bytes):len(s.bytes)], nil
	s.tally.Count(&own)
	if s.err = s.rd.put(e, &own); s.err != nil {
		s.rd.report.Err = s.err
	}
	return s.err
}

// over is the error of a call that comes too late.
func (s *Session) over() error {
	if s.err != nil {
		return s.err
	}
	return errEnded
}

// step takes what was pushed.
func (s *Session) step() error {
	e := s.line.epoch
	e.now = max(e.now, s.rd.clock.Now())
	s.rd.count()
	s.err = s.line.step(s.ctx)
	now := e.now
	e.reset()
	e.now = now
	s.bytes = s.bytes[:0]
	return s.err
}

// Advance says that nothing older than ts, in nanoseconds since 1970-01-01 UTC, is still to
// come: flows that have been silent for long enough by then end. Without it they end when a
// later record shows it, with the same rows.
func (s *Session) Advance(ts int64) error {
	if s.ended || s.err != nil {
		return s.over()
	}
	s.line.epoch.now = s.rd.clock.At(ts)
	return s.step()
}

// Flush ends every flow, and the session: only Batches and Report may be called afterwards.
func (s *Session) Flush() error {
	if s.ended || s.err != nil {
		return s.over()
	}
	s.ended = true
	s.line.epoch.last = true
	err := s.step()
	s.line.rows.flush()
	s.rd.report.Intake = s.rd.in
	s.run.account.Ended(0, &s.rd.in, s.rd.report.Err)
	return err
}

// Batches yields the rows that are complete, in batches of 1,024, and after Flush all others
// too. The caller borrows a batch until the loop asks for the next one. Rows gather until they
// are asked for. Leaving the loop before its end ends the session.
func (s *Session) Batches() iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		s.emit = func(b *column.Batch) error {
			if !yield(b, nil) {
				return errLeft
			}
			return nil
		}
		l := s.line
		for len(l.queue) > 0 && l.err == nil {
			j := l.queue[0]
			l.queue = l.queue[1:]
			l.take(j)
		}
		if l.err != nil {
			l.close()
			if s.err == nil && l.err != errLeft {
				yield(nil, l.err)
			}
			s.err = l.err
		}
	}
}

// Report is what became of the records so far; its row counts grow when batches are full.
func (s *Session) Report() Report {
	rep := s.run.reports[0]
	rep.Intake = s.rd.in
	return rep
}
