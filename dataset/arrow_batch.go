package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pierrec/lz4/v4"
)

// batchWalk is the state of the check of a record batch.
type batchWalk struct {
	c       *arrowCheck
	t       table
	body    io.ReaderAt
	size    int64
	codec   int // -1: none; 0: LZ4 frame, 1: zstd
	nodes   int // position of those not yet seen
	nNodes  int
	buffers int
	nBuf    int
}

// batch checks a RecordBatch table against its body and counts rows and nulls.
func (c *arrowCheck) batch(t table, body io.ReaderAt, size int64) error {
	rows := t.i64(0)
	if rows < 0 || rows > math.MaxInt32 {
		return fmt.Errorf("damaged: a record batch of %d rows", rows)
	}
	w := batchWalk{c: c, t: t, body: body, size: size, codec: -1}
	if z := t.table(3); z.f != nil {
		if w.codec = int(z.u8(0)); w.codec > 1 || z.u8(1) != 0 {
			return fmt.Errorf("damaged: compression %d", w.codec)
		}
	}
	w.nodes, w.nNodes = t.vector(1, 16)
	w.buffers, w.nBuf = t.vector(2, 16)
	t.vector(4, 8) // counts of buffers that no type of a feature file has
	if t.f.bad {
		return errArrow
	}
	if c.plain {
		for i := range c.fields {
			nulls, err := w.column(&c.fields[i], rows, true)
			if err != nil {
				return fmt.Errorf("column %s: %w", c.fields[i].name, err)
			}
			c.missing[i] += uint64(nulls)
		}
		if w.nNodes != 0 || w.nBuf != 0 {
			return errors.New("damaged: a record batch has more buffers than its columns")
		}
	}
	c.rows += uint64(rows)
	return nil
}

// column checks a field of n values; exact says that it has just so many, not more.
func (w *batchWalk) column(f *arrowField, n int64, exact bool) (nulls int64, err error) {
	if w.nNodes == 0 {
		return 0, errors.New("damaged: a record batch lacks columns")
	}
	length, nulls := w.t.f.i64(w.nodes), w.t.f.i64(w.nodes+8)
	w.nodes, w.nNodes = w.nodes+16, w.nNodes-1
	if length < n || exact && length != n || length > math.MaxInt32 || nulls < 0 || nulls > length {
		return 0, fmt.Errorf("damaged: %d values and %d nulls for %d rows", length, nulls, n)
	}
	valid, err := w.buffer()
	if err != nil {
		return 0, err
	}
	bits := (length + 7) / 8
	if nulls > 0 || valid.length > 0 {
		err = valid.atLeast(bits)
	}
	if err != nil || f.kind == arrowStruct {
		for i := range f.children {
			if err == nil {
				_, err = w.column(&f.children[i], length, false)
			}
		}
		return nulls, err
	}
	if f.width > 0 {
		values, err := w.buffer()
		if err == nil {
			err = values.atLeast((length*int64(f.width) + 7) / 8)
		}
		return nulls, err
	}
	offsets, err := w.buffer()
	if err != nil {
		return 0, err
	}
	last, err := offsets.last(length)
	if err != nil {
		return 0, err
	}
	if f.kind == arrowList {
		_, err := w.column(&f.children[0], last, false)
		return nulls, err
	}
	values, err := w.buffer()
	if err == nil {
		err = values.atLeast(last)
	}
	return nulls, err
}

// A buffer is one of a record batch.
type buffer struct {
	w      *batchWalk
	at     int64
	length int64 // as stored
}

// buffer is the next one, within the body.
func (w *batchWalk) buffer() (buffer, error) {
	if w.nBuf == 0 {
		return buffer{}, errors.New("damaged: a record batch lacks buffers")
	}
	b := buffer{w, w.t.f.i64(w.buffers), w.t.f.i64(w.buffers + 8)}
	w.buffers, w.nBuf = w.buffers+16, w.nBuf-1
	if b.at < 0 || b.length < 0 || b.at > w.size || b.length > w.size-b.at {
		return b, fmt.Errorf("damaged: a buffer of %d bytes at %d in a body of %d", b.length, b.at, w.size)
	}
	return b, nil
}

// open gives the values, and how many bytes they are.
func (b *buffer) open() (r io.Reader, n int64, err error) {
	stored := io.NewSectionReader(b.w.body, b.at, b.length)
	if b.w.codec < 0 || b.length == 0 {
		return stored, b.length, nil
	}
	var head [8]byte
	if _, err := io.ReadFull(stored, head[:]); err != nil {
		return nil, 0, errors.New("damaged: a packed buffer without its length")
	}
	n = int64(binary.LittleEndian.Uint64(head[:]))
	if n == -1 { // which did not become smaller
		return stored, b.length - 8, nil
	}
	if err := b.w.c.take("a buffer", n); err != nil {
		return nil, 0, err
	}
	if b.w.codec == 0 {
		return lz4.NewReader(stored), n, nil
	}
	z, err := b.w.c.zstd(stored)
	return z, n, err
}

// whole reads a packed buffer to its end, which must be where it says, in pieces.
func whole(r io.Reader, n int64) error {
	got, err := io.Copy(io.Discard, io.LimitReader(r, n+1))
	if err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	if got != n {
		return fmt.Errorf("damaged: %d bytes or more unpacked where %d were due", got, n)
	}
	return nil
}

// atLeast checks that the buffer holds so many bytes.
func (b *buffer) atLeast(want int64) error {
	r, n, err := b.open()
	if err != nil {
		return err
	}
	if n < want {
		return fmt.Errorf("damaged: %d bytes of values where %d are due", n, want)
	}
	if b.w.codec < 0 {
		return nil
	}
	return whole(r, n)
}

// last checks that the offsets of n values rise, and gives the last one.
func (b *buffer) last(n int64) (last int64, err error) {
	r, size, err := b.open()
	if err != nil {
		return 0, err
	}
	if n == 0 && size == 0 {
		return 0, nil
	}
	if size < 4*(n+1) {
		return 0, fmt.Errorf("damaged: %d bytes of offsets for %d values", size, n)
	}
	var piece [4096]byte
	for left := 4 * (n + 1); left > 0; {
		p := piece[:min(left, int64(len(piece)))]
		if _, err := io.ReadFull(r, p); err != nil {
			return 0, fmt.Errorf("damaged: %w", err)
		}
		left -= int64(len(p))
		for i := 0; i < len(p); i += 4 {
			at := int64(int32(binary.LittleEndian.Uint32(p[i:])))
			if at < last {
				return 0, fmt.Errorf("damaged: offset %d behind %d", at, last)
			}
			last = at
		}
	}
	return last, whole(r, size-4*(n+1))
}

// readPiece reads n bytes in pieces, so that a length that lies takes no more memory than there
// are bytes.
func readPiece(r io.Reader, n int64) ([]byte, error) {
	var b bytes.Buffer
	if got, err := io.CopyN(&b, r, n); err != nil {
		return nil, fmt.Errorf("damaged: %d bytes where %d are due", got, n)
	}
	return b.Bytes(), nil
}
