package arrow

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/column"
	"pinyon/feature"
)

// TestForms: numbers of fewer bits, and times, have types of their own.
func TestForms(t *testing.T) {
	s := &column.Schema{Nulls: true}
	for i, form := range []feature.Form{feature.Uint8, feature.Uint16, feature.Uint32, feature.Stamp} {
		name := string(rune('a' + i))
		s.Fields = append(s.Fields, column.Field{Out: name, Desc: feature.Desc{Name: name, Kind: feature.Int, Form: form}})
	}
	var out bytes.Buffer
	w, err := New(&out, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range [][]int64{{255, 65535, 1<<32 - 1, 1<<63 - 1}, {1, 2, 3, -4}} {
		b := column.New(s, 1)
		b.Rows = 1
		for k := range b.Cols {
			b.Cols[k].Ints = append(b.Cols[k].Ints, v[k])
		}
		if err := w.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	rd, err := ipc.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Release()
	var got []string
	for rd.Next() {
		r := rd.RecordBatch()
		for i := range int(r.NumRows()) {
			for k := range int(r.NumCols()) {
				text := r.Column(k).ValueStr(i)
				if ts, ok := r.Column(k).(*array.Timestamp); ok {
					text = ts.DataType().String() + ts.Value(i).ToTime(arrow.Nanosecond).UTC().Format(".000000000")
				}
				got = append(got, r.Column(k).DataType().Name()+" "+text)
			}
		}
	}
	want := []string{"uint8 255", "uint16 65535", "uint32 4294967295", "timestamp timestamp[ns, tz=UTC].854775807", "uint8 1", "uint16 2", "uint32 3", "timestamp timestamp[ns, tz=UTC].999999996"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s; want %s", got[i], want[i])
		}
	}
}
