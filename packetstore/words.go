package packetstore

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"

	format "pinyon/sink/parquet"
)

// words are the texts of a column, each different one once, and of every row which it is.
// Without that arrow-go takes longer for them than for all else of a packet (BenchmarkWrite).
type words struct {
	index map[string]int32
	text  []byte
	ends  []int32 // of the words in text, behind a 0
	rows  []int32
	valid []byte // a bit a row
	nulls int
	last  int32 // word of the row before; -1 is none
}

func newWords(rows int) words {
	return words{index: map[string]int32{}, ends: make([]int32, 1, 64), rows: make([]int32, 0, rows), valid: make([]byte, 0, (rows+7)/8), last: -1}
}

func (w *words) word(i int32) []byte { return w.text[w.ends[i]:w.ends[i+1]] }

// add takes a row's text, or that it has none.
func (w *words) add(text []byte, present bool) {
	n := len(w.rows)
	if n&7 == 0 {
		w.valid = append(w.valid, 0)
	}
	if !present {
		w.rows = append(w.rows, 0)
		w.nulls++
		return
	}
	w.valid[n>>3] |= 1 << (n & 7)
	if w.last < 0 || string(text) != string(w.word(w.last)) {
		i, ok := w.index[string(text)]
		if !ok {
			i = int32(len(w.index))
			w.index[string(text)] = i
			w.text = append(w.text, text...)
			w.ends = append(w.ends, int32(len(w.text)))
		}
		w.last = i
	}
	w.rows = append(w.rows, w.last)
}

func (w *words) reset() {
	clear(w.index)
	w.text, w.rows, w.valid = w.text[:0], w.rows[:0], w.valid[:0]
	if len(w.ends) > 0 {
		w.ends = w.ends[:1]
	}
	w.nulls, w.last = 0, -1
}

// write writes the column chunk: the words as its dictionary, and rows by their numbers.
func (w *words) write(cw *file.ByteArrayColumnChunkWriter, levels []int16) error {
	entries := format.Lend(arrow.BinaryTypes.String, len(w.index), 0, nil, arrow.Int32Traits.CastToBytes(w.ends), w.text)
	defer entries.Release()
	var valid []byte
	if levels != nil {
		valid = w.valid
	}
	indices := format.Lend(arrow.PrimitiveTypes.Int32, len(w.rows), w.nulls, valid, arrow.Int32Traits.CastToBytes(w.rows))
	defer indices.Release()
	return format.WriteDictionary(cw, entries, indices, levels)
}
