package out

import (
	"context"
	"io"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/internal/par"
)

// A RowEncoder turns rows of a batch into bytes. Several of one kind work on a batch side by
// side; each is used from one goroutine at a time.
type RowEncoder interface {
	// Begin sets the batch whose rows AppendRow reads, which is borrowed until the next
	// call. first says that its row 0 is the output's first row.
	Begin(b *column.Batch, first bool)
	// AppendRow appends row i of the batch, with what ends it.
	AppendRow(dst []byte, i int) []byte
	// Replaced is how many bytes of text were not UTF-8 since it was last asked.
	Replaced() int
}

// pieceRows is how many rows an encoder takes at a time where several share a batch: with 400
// columns they take it about a millisecond, beside which handing them over is nothing.
const pieceRows = 32

// Rows is a sink of a format of one row after the other; the format adds a beginning and an
// end. Several encoders share each batch, and what they make leaves in order.
type Rows struct {
	Buffer
	encoders []RowEncoder
	pieces   [][]byte
	some     bool // a row was written
}

// NewRows makes a sink before w with as many encoders as there are to be workers, at least
// one.
func NewRows(w io.Writer, workers int, encoder func() RowEncoder) *Rows {
	r := &Rows{}
	r.w = w
	for range max(workers, 1) {
		r.encoders = append(r.encoders, encoder())
	}
	r.pieces = make([][]byte, par.Window(len(r.encoders)))
	return r
}

// Some reports whether a row was written.
func (r *Rows) Some() bool { return r.some }

// Write encodes the rows of b.
func (r *Rows) Write(_ context.Context, b *column.Batch) error {
	if err := r.Ready(); err != nil {
		return err
	}
	r.Hold(b.Rows)
	pieces := (b.Rows + pieceRows - 1) / pieceRows
	encoders := r.encoders[:max(1, min(len(r.encoders), pieces))]
	for _, e := range encoders {
		e.Begin(b, !r.some)
	}
	r.some = r.some || b.Rows > 0
	var err error
	if len(encoders) == 1 {
		err = r.writeAlone(encoders[0], b.Rows)
	} else {
		err = r.writeTogether(encoders, b.Rows, pieces)
	}
	for _, e := range encoders {
		r.Replaced(e.Replaced())
	}
	return err
}

func (r *Rows) writeAlone(e RowEncoder, rows int) error {
	for i := range rows {
		r.B = e.AppendRow(r.B, i)
		if err := r.Row(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) writeTogether(encoders []RowEncoder, rows, pieces int) error {
	end := func(piece int) int { return min((piece+1)*pieceRows, rows) }
	return par.Ordered(len(encoders), pieces, func(worker, piece int) error {
		p := &r.pieces[piece%len(r.pieces)]
		*p = (*p)[:0]
		for i := piece * pieceRows; i < end(piece); i++ {
			*p = encoders[worker].AppendRow(*p, i)
		}
		return nil
	}, func(piece int) error {
		return r.Put(r.pieces[piece%len(r.pieces)], end(piece)-piece*pieceRows)
	})
}

// Flush writes what is left.
func (r *Rows) Flush(context.Context) error { return r.Buffer.Flush() }

// End appends what ends the format, if it has not ended yet, and writes what is left.
func (r *Rows) End(end string) error {
	if !r.Closed {
		r.B = append(r.B, end...)
	}
	r.Closed = true
	return r.Buffer.Flush()
}

var _ interface {
	Flush(context.Context) error
	Abort() error
	Counters() *sink.Counters
} = (*Rows)(nil)
