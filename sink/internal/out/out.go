// Package out collects what a sink encodes and hands it to the writer below in large
// pieces, keeping the sink's counters. The first error is final. It knows no format.
package out

import (
	"errors"
	"io"
	"sync/atomic"

	"pinyon/sink"
)

// Size is how much is collected before it is written. 256 KiB keeps system calls below
// one in a hundred rows of 300 columns and the buffer inside the second-level cache.
const Size = 256 << 10

// A Buffer is the lower half of a sink: say with Hold how many rows came, append to B, then
// call Row, Put or Release.
type Buffer struct {
	B       []byte // bytes not yet written
	Closed  bool   // the format is finished: Ready refuses more
	w       io.Writer
	held    uint64 // rows that are not yet in B
	pending uint64 // rows in B that are not wholly written
	count   sink.Counters
	err     error
	aborted atomic.Bool
	whole   int64 // bytes that left up to the last Flush, which ends with a whole row
}

// New makes a buffer before w.
func New(w io.Writer) *Buffer { return &Buffer{w: w} }

var errClosed = errors.New("sink: write after Close")

// Ready returns an error if no more rows can be taken: the final one, or that the sink is
// closed or aborted.
func (b *Buffer) Ready() error {
	switch {
	case b.err != nil:
		return b.err
	case b.aborted.Load():
		return sink.ErrAborted
	case b.Closed:
		return errClosed
	}
	return nil
}

// Abort has every later call refused. What is in B stays there.
func (b *Buffer) Abort() error {
	b.aborted.Store(true)
	return nil
}

// Hold counts rows given to the sink, which Row, Put and Release say are encoded.
func (b *Buffer) Hold(rows int) {
	b.count.Accepted.Add(uint64(rows))
	b.held += uint64(rows)
}

// Release says that all held rows have been appended to B. They are committed with the next
// Flush that succeeds.
func (b *Buffer) Release() {
	b.pending += b.held
	b.held = 0
}

// ReleaseRows says that so many of the held rows have been appended to B.
func (b *Buffer) ReleaseRows(n int) {
	b.held -= uint64(n)
	b.pending += uint64(n)
}

// Lose counts the held rows, which are not in B, as lost.
func (b *Buffer) Lose() {
	b.count.Lost.Add(b.held)
	b.held = 0
}

// Replaced counts bytes that were not UTF-8 and left as U+FFFD.
func (b *Buffer) Replaced(n int) {
	if n > 0 {
		b.count.Replaced.Add(uint64(n))
	}
}

// Row says that one held row was appended to B, which is written if it is large.
func (b *Buffer) Row() error {
	b.held--
	b.pending++
	if len(b.B) < Size {
		return nil
	}
	return b.Flush()
}

// Put appends p, which holds so many of the held rows.
func (b *Buffer) Put(p []byte, rows int) error {
	if len(b.B)+len(p) > Size {
		if err := b.Flush(); err != nil {
			return err
		}
	}
	if _, err := b.Write(p); err != nil {
		return err
	}
	b.held -= uint64(rows)
	b.pending += uint64(rows)
	if len(b.B) == 0 { // all of it has left
		return b.Flush()
	}
	return nil
}

// Write appends p to B. It passes what is large to the writer below without copying.
func (b *Buffer) Write(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(b.B)+len(p) <= Size {
		b.B = append(b.B, p...)
		return len(p), nil
	}
	if err := b.drain(); err != nil {
		return 0, err
	}
	if len(p) < Size {
		b.B = append(b.B, p...)
		return len(p), nil
	}
	if err := b.put(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes B and counts the pending rows as committed. An error is final.
func (b *Buffer) Flush() error {
	if err := b.drain(); err != nil {
		return err
	}
	b.whole = int64(b.count.Bytes.Load())
	if b.pending > 0 {
		b.count.Committed.Add(b.pending)
		b.pending = 0
	}
	return nil
}

func (b *Buffer) drain() error {
	if b.err != nil || len(b.B) == 0 {
		return b.err
	}
	if b.aborted.Load() {
		return sink.ErrAborted
	}
	err := b.put(b.B)
	b.B = b.B[:0]
	return err
}

func (b *Buffer) put(p []byte) error {
	n, err := b.w.Write(p)
	b.count.Bytes.Add(uint64(max(n, 0)))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return b.Fail(err)
	}
	return nil
}

// Fail makes err final and counts the pending rows as lost. It returns the error that is
// final, which is the first.
func (b *Buffer) Fail(err error) error {
	if b.err == nil && err != nil {
		b.err = err
		b.count.Errors.Add(1)
	}
	if b.err != nil {
		b.count.Lost.Add(b.pending + b.held)
		b.pending, b.held = 0, 0
	}
	return b.err
}

// Tell is the number of bytes written and waiting: the position of the next byte.
func (b *Buffer) Tell() int64 { return int64(b.count.Bytes.Load()) + int64(len(b.B)) }

// Whole is how many bytes had left when rows were last committed: what lies behind them after
// an error of writing is part of a row.
func (b *Buffer) Whole() int64 { return b.whole }

// Counters are the sink's.
func (b *Buffer) Counters() *sink.Counters { return &b.count }
