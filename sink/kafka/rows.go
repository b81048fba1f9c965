package kafka

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink/internal/par"
	"pinyon/sink/internal/text"
	"pinyon/sink/json"
)

// pieceRows is how many rows one goroutine makes messages of at a time.
const pieceRows = 64

// A rowEncoder makes values of rows; each is used from one goroutine.
type rowEncoder interface {
	begin(b *column.Batch)
	appendRow(dst []byte, i int) []byte
	replaced() int
}

type jsonRows struct {
	json.Encoder
	told uint64
}

func (j *jsonRows) begin(b *column.Batch)              { j.Batch(b) }
func (j *jsonRows) appendRow(dst []byte, i int) []byte { return j.AppendRow(dst, i) }
func (j *jsonRows) replaced() int {
	n := j.Replaced - j.told
	j.told = j.Replaced
	return int(n)
}

// rows makes a message of every row, several goroutines side by side.
type rows struct {
	about
	key      int // column of the key; -1 is none
	encoders []rowEncoder
	pieces   []piece
}

// A piece is some rows of a batch as messages. Their memory is the client's once they are
// sent, so that each piece has its own.
type piece struct {
	messages []kgo.Record
	last     int // bytes of the piece before, which the next one most likely needs too
}

func (r *rows) replaced() (n int) {
	for _, e := range r.encoders {
		n += e.replaced()
	}
	return n
}

func (r *rows) encode(b *column.Batch, send func(*kgo.Record, int) error) error {
	n := (b.Rows + pieceRows - 1) / pieceRows
	workers := max(1, min(len(r.encoders), n))
	for _, e := range r.encoders[:workers] {
		e.begin(b)
	}
	first := r.next
	r.next += uint64(b.Rows)
	return par.Ordered(workers, n, func(worker, i int) error {
		p := &r.pieces[i%len(r.pieces)]
		from, to := i*pieceRows, min((i+1)*pieceRows, b.Rows)
		r.make(p, r.encoders[worker], b, from, to, first)
		return nil
	}, func(i int) error {
		p := &r.pieces[i%len(r.pieces)]
		for k := range p.messages {
			if err := send(&p.messages[k], 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// make fills p with rows from to to of b, row 0 of which is the run's row number first.
func (r *rows) make(p *piece, e rowEncoder, b *column.Batch, from, to int, first uint64) {
	p.messages = make([]kgo.Record, to-from)
	values := make([]byte, 0, p.last+p.last/8)
	ends := make([][2]int, to-from) // of value and key
	for i := from; i < to; i++ {
		values = e.appendRow(values, i)
		ends[i-from][0] = len(values)
		if r.key >= 0 && b.Cols[r.key].IsValid(i) {
			values = appendKey(values, &b.Cols[r.key], i)
		}
		ends[i-from][1] = len(values)
	}
	p.last = len(values)
	at := 0
	for k, end := range ends {
		m := &p.messages[k]
		m.Value = values[at:end[0]:end[0]]
		if r.key >= 0 && b.Cols[r.key].IsValid(from+k) {
			m.Key = values[end[0]:end[1]:end[1]]
		}
		r.tell(m, b, from+k, first+uint64(from+k))
		at = end[1]
	}
}

// appendKey appends a value as the text that CSV has for it.
func appendKey(dst []byte, c *column.Column, i int) []byte {
	switch text.KindOf(c.Field) {
	case text.Stamp:
		return text.AppendStamp(dst, c.Ints[i])
	case feature.Int:
		return text.AppendInt(dst, c.Ints[i])
	case feature.Float:
		return text.AppendFloat(dst, c.Floats[i])
	case feature.Bool:
		return strconv.AppendBool(dst, c.Bool(i))
	}
	return append(dst, c.Text(i)...)
}

// about is what every message says beside its value.
type about struct {
	headers []kgo.RecordHeader // of every message
	end     int                // column with the flow's end; -1 is none
	next    uint64             // number of the next row of this run
}

// The names of headers that tell rows apart.
const (
	HeaderRun  = "pinyon-run"  // the run's name, else 32 hexadecimal digits that no other run has
	HeaderRow  = "pinyon-row"  // number of the message's first row in the run, from 0, decimal
	HeaderRows = "pinyon-rows" // how many rows an Arrow message holds, decimal
)

// tell gives a message its headers, and the end of its flow as its time.
func (a *about) tell(m *kgo.Record, b *column.Batch, row int, number uint64) {
	m.Headers = append(slices.Clip(a.headers), kgo.RecordHeader{Key: HeaderRow, Value: strconv.AppendUint(nil, number, 10)})
	if a.end < 0 || !b.Cols[a.end].IsValid(row) {
		return
	}
	if s := b.Cols[a.end].Floats[row]; s > 0 && s < math.MaxInt64/1e9 {
		m.Timestamp = time.UnixMilli(int64(s * 1e3))
	}
}
