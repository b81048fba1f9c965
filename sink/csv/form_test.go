package csv

import (
	"context"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/feature"
)

// TestStamp: times are as RFC 3339 has them.
func TestStamp(t *testing.T) {
	s := &column.Schema{Fields: []column.Field{{Out: "t", Desc: feature.Desc{Kind: feature.Int, Form: feature.Stamp}}, {Out: "n", Desc: feature.Desc{Kind: feature.Int, Form: feature.Uint8}}}}
	b := column.New(s, 1)
	b.Rows = 1
	b.Cols[0].Ints, b.Cols[1].Ints = []int64{1e9}, []int64{7}
	var out strings.Builder
	w, err := New(&out, s, nil)
	if err == nil {
		err = w.Write(context.Background(), b)
	}
	if err == nil {
		err = w.Close(context.Background())
	}
	if want := "t,n\n1970-01-01T00:00:01.000000000Z,7\n"; err != nil || out.String() != want {
		t.Errorf("%q, %v; want %q", out.String(), err, want)
	}
}
