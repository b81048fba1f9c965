package packetstore

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"pinyon/packet"
	"pinyon/pcap"
)

// TestBatches: every frame of every capture has a row in each form, with its bytes, and the same
// values in the columns that both forms have.
func TestBatches(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(files) == 0 {
		t.Fatal("no captures", err)
	}
	all, raw := NewBatches(&Options{Payload: 16}, false), NewBatches(nil, true)
	if got, want := len(all.Schema().Fields()), len(Columns())+3; got != want {
		t.Fatalf("%d columns, want %d", got, want)
	}
	rows := 0
	for _, path := range files {
		r, err := pcap.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var frames [][]byte
		var f packet.Frame
		for {
			if err := r.Next(&f); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(path, err)
			}
			all.Add(&f)
			raw.Add(&f)
			frames = append(frames, append([]byte(nil), f.Data...))
		}
		r.Close()
		a, b := all.Take(), raw.Take()
		if int(a.NumRows()) != len(frames) || int(b.NumRows()) != len(frames) || all.Rows()+all.Bytes() != 0 {
			t.Fatalf("%s: %d and %d rows of %d frames", path, a.NumRows(), b.NumRows(), len(frames))
		}
		for i, f := range b.Schema().Fields() {
			x, y := a.Column(a.Schema().FieldIndices(f.Name)[0]), b.Column(i)
			if !array.Equal(x, y) {
				t.Errorf("%s: column %s differs between the forms", path, f.Name)
			}
		}
		for i, data := range frames {
			if got := b.Column(int(b.NumCols()) - 1).(*array.Binary).Value(i); string(got) != string(data) {
				t.Fatalf("%s: frame %d has other bytes", path, i)
			}
		}
		rows += len(frames)
		a.Release()
		b.Release()
	}
	if rows < 100 {
		t.Errorf("only %d frames", rows)
	}
}
