// Package out collects what a sink encodes and hands it to the writer below in large
// pieces, keeping the sink's counts. The first error is final. It knows no format.
package out

import (
	"errors"
	"io"

	"pinyon/sink"
)

// Size is how much is collected before it is written. 256 KiB keeps system calls below
// one in a hundred rows of 300 columns and the buffer inside the second-level cache.
const Size = 256 << 10

// A Buffer is the lower half of a sink: append to B, then call Row or Accept.
type Buffer struct {
	B       []byte // bytes not yet written
	Closed  bool   // the format is finished: Ready refuses more
	w       io.Writer
	held    uint64 // rows that are not yet in B
	pending uint64 // rows in B that are not wholly written
	stats   sink.Stats
	err     error
}

// New makes a buffer before w.
func New(w io.Writer) *Buffer { return &Buffer{w: w} }

var errClosed = errors.New("sink: write after Close")

// Ready returns an error if no more rows can be taken: the final one, or that the sink is
// closed.
func (b *Buffer) Ready() error {
	if b.err == nil && b.Closed {
		return errClosed
	}
	return b.err
}

// Accept counts rows given to the sink. They are Written with the next Flush that
// succeeds.
func (b *Buffer) Accept(rows int) {
	b.stats.Accepted += uint64(rows)
	b.pending += uint64(rows)
}

// Hold counts rows given to a sink that encodes them later; Release says that they have
// been appended to B since.
func (b *Buffer) Hold(rows int) {
	b.stats.Accepted += uint64(rows)
	b.held += uint64(rows)
}

// Release makes held rows pending.
func (b *Buffer) Release() {
	b.pending += b.held
	b.held = 0
}

// Replaced counts bytes that were not UTF-8 and left as U+FFFD.
func (b *Buffer) Replaced(n int) { b.stats.Replaced += uint64(n) }

// Row ends a row that was appended to B whole: it is counted, and B is written if it is
// large.
func (b *Buffer) Row() error {
	b.stats.Accepted++
	b.pending++
	if len(b.B) < Size {
		return nil
	}
	return b.Flush()
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

// Flush writes B and counts the pending rows as written. An error is final.
func (b *Buffer) Flush() error {
	if err := b.drain(); err != nil {
		return err
	}
	b.stats.Written += b.pending
	b.pending = 0
	return nil
}

func (b *Buffer) drain() error {
	if b.err != nil || len(b.B) == 0 {
		return b.err
	}
	err := b.put(b.B)
	b.B = b.B[:0]
	return err
}

func (b *Buffer) put(p []byte) error {
	n, err := b.w.Write(p)
	b.stats.Bytes += uint64(max(n, 0))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return b.Fail(err)
	}
	return nil
}

// Fail makes err final and counts the pending rows as failed. It returns the error that
// is final, which is the first.
func (b *Buffer) Fail(err error) error {
	if b.err == nil && err != nil {
		b.err = err
	}
	if b.err != nil {
		b.stats.Failed += b.pending + b.held
		b.pending, b.held = 0, 0
	}
	return b.err
}

// Tell is the number of bytes written and waiting: the position of the next byte.
func (b *Buffer) Tell() int64 { return int64(b.stats.Bytes) + int64(len(b.B)) }

// Stats are the counts so far.
func (b *Buffer) Stats() sink.Stats { return b.stats }
