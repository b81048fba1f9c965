package kafka

import (
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinyon/column"
	"pinyon/sink/arrow"
)

// arrowMessages makes messages each of which is an IPC stream of up to most rows.
type arrowMessages struct {
	about
	encoder *arrow.Encoder
	most    int // rows
	bytes   int // of a message, at most, if more than one row is in it
	perRow  int // bytes of a row so far; 0 is unknown
}

func newArrowMessages(s *column.Schema, o *Options, a about) *arrowMessages {
	// A batch of messages has a head, and a message its headers, beside the value.
	const beside = 2048
	return &arrowMessages{about: a, encoder: arrow.NewEncoder(s), most: o.BatchRows, bytes: max(o.MaxMessage-beside, 1)}
}

func (a *arrowMessages) replaced() int { return a.encoder.Replaced() }

func (a *arrowMessages) encode(b *column.Batch, send func(*kgo.Record, int) error) error {
	if b.Rows == 0 {
		return nil
	}
	a.encoder.Batch(b)
	defer a.encoder.Release()
	for from := 0; from < b.Rows; {
		n := min(a.most, b.Rows-from)
		if a.perRow > 0 {
			n = max(1, min(n, (a.bytes-a.encoder.Overhead())/a.perRow))
		}
		var value []byte
		for {
			var err error
			if value, err = a.encoder.Append(make([]byte, 0, a.encoder.Overhead()+n*a.perRow), from, from+n); err != nil {
				return err
			}
			if len(value) <= a.bytes || n == 1 {
				break
			}
			n = max(1, min(n/2, n*a.bytes/len(value)))
		}
		// A little more than what rows take now, so that few messages are made twice.
		a.perRow = max(1, (len(value)-a.encoder.Overhead())*9/8/n)
		m := &kgo.Record{Value: value}
		a.tell(m, b, from+n-1, a.next)
		m.Headers = append(m.Headers, kgo.RecordHeader{Key: HeaderRows, Value: strconv.AppendInt(nil, int64(n), 10)})
		a.next += uint64(n)
		if err := send(m, n); err != nil {
			return err
		}
		from += n
	}
	return nil
}
