package json

import (
	"testing"

	"pinyon/column"
	"pinyon/feature"
)

// TestStamp: times are as RFC 3339 has them.
func TestStamp(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{{Out: "t", Desc: feature.Desc{Kind: feature.Int, Form: feature.Stamp}}, {Out: "n", Desc: feature.Desc{Kind: feature.Int, Form: feature.Uint8}}}}
	b := column.New(s, 1)
	b.Rows = 1
	b.Cols[0].Ints, b.Cols[1].Ints = []int64{-1}, []int64{7}
	e := NewEncoder(s)
	e.Batch(b)
	if got, want := string(e.AppendRow(nil, 0)), `{"t":"1969-12-31T23:59:59.999999999Z","n":7}`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
