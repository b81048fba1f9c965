package dataset

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Limits bound what a feature file, which may come from anybody, makes a reader do. The zero
// value works.
type Limits struct {
	// Unpacked is how many bytes the packed parts of a file may unpack to in sum, and how
	// large any part may be that is looked at in one piece: a record batch, a page, 64 lines.
	// 0 is 1 GiB, or 100 times the size of the file for the sum if that is more.
	Unpacked int64
}

// DefaultUnpacked is the limit of Limits if none is given.
const DefaultUnpacked = 1 << 30

// often is how many times its size a file may unpack to without a limit of its own.
const often = 100

// maxColumns is how many columns a file may have. All features with all their lists are
// fewer than a thousand.
const maxColumns = 1 << 16

// A LimitError says that a file would unpack to more than Limits allow.
type LimitError struct {
	What  string
	Limit int64 // bytes
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s is larger than the limit of %d bytes on what a file may unpack to", e.What, e.Limit)
}

// budget is what is left of Limits.
type budget struct {
	piece int64 // bytes that one piece may have
	left  int64 // bytes that are still to be unpacked at most
	sum   int64

	decoder *zstd.Decoder // for one piece after the other
}

// budget for a file of a size; 0 is one that is not known.
func (l Limits) budget(size int64) *budget {
	b := &budget{piece: l.Unpacked, sum: l.Unpacked}
	if l.Unpacked <= 0 {
		b.piece, b.sum = DefaultUnpacked, max(DefaultUnpacked, often*min(size, 1<<50))
	}
	b.left = b.sum
	return b
}

// fits checks the size of what is looked at in one piece.
func (b *budget) fits(what string, n int64) error {
	if n < 0 {
		return fmt.Errorf("%s: length %d", what, n)
	}
	if n > b.piece {
		return &LimitError{what, b.piece}
	}
	return nil
}

// take checks the size of what is unpacked, and counts it.
func (b *budget) take(what string, n int64) error {
	if err := b.fits(what, n); err != nil {
		return err
	}
	if n > b.left {
		return &LimitError{"the file unpacked", b.sum}
	}
	b.left -= n
	return nil
}

// zstdWindow is how far back a frame may refer, which is what its decoder keeps. Encoders refer
// back by 8 MiB unless told otherwise, and the best of Go's by 32 MiB.
const zstdWindow = 32 << 20

// zstd is a reader of what r has packed, until the next one.
func (b *budget) zstd(r io.Reader) (_ io.Reader, err error) {
	if b.decoder == nil {
		b.decoder, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		return b.decoder, err
	}
	return b.decoder, b.decoder.Reset(r)
}

// line is how long a line or a row of text may be: with its cells and their positions it takes
// many times its length while it is read.
func (b *budget) line() int64 { return b.piece / 64 }

// lineReader hands a text file to a parser that keeps a whole row in memory, and fails when a
// row grows over the limit. The parser's position is told with at.
type lineReader struct {
	r     io.Reader
	limit int64
	read  int64
	start int64 // of the row at hand
}

func (l *lineReader) Read(p []byte) (int, error) {
	// Parsers read ahead by a buffer.
	const ahead = 1 << 16
	if over := l.read - l.start; over > l.limit+ahead {
		return 0, &LimitError{"a row", l.limit}
	}
	n, err := l.r.Read(p[:min(len(p), ahead)])
	l.read += int64(n)
	return n, err
}

// at says that the parser has read whole rows up to an offset.
func (l *lineReader) at(offset int64) { l.start = offset }

// guard has a panic of a library that reads what a stranger made be an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = &PanicError{p}
	}
}

// A PanicError is what a library made of a damaged file that the checks before it let pass.
type PanicError struct{ Value any }

// Error tells the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("damaged: %v", e.Value) }
