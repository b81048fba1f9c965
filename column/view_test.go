package column

import (
	"testing"

	"pinyon/feature"
	"pinyon/internal/allocs"
)

// TestView: a view has the picked columns with the values of the batch, under its own fields, and
// copies nothing.
func TestView(t *testing.T) {
	s := &Schema{Nulls: true, Fields: []Field{
		{Out: "a", Desc: feature.Desc{Name: "a", Group: "g", Kind: feature.Int}},
		{Out: "x_b", Desc: feature.Desc{Name: "b", Group: "h", Kind: feature.Text, Nullable: true}},
		{Out: "c", Desc: feature.Desc{Name: "c", Group: "g", Kind: feature.Float}},
	}}
	b := New(s, 2)
	b.Rows = 2
	b.Cols[0].Ints = append(b.Cols[0].Ints, 1, 2)
	b.Cols[1].Bytes, b.Cols[1].Offsets, b.Cols[1].Valid, b.Cols[1].Nulls = append(b.Cols[1].Bytes, "yz"...), append(b.Cols[1].Offsets, 2, 2), []byte{1}, 1
	b.Cols[2].Floats = append(b.Cols[2].Floats, 0.5, 1.5)
	for _, c := range []struct {
		words []string
		want  []string
	}{{[]string{"g"}, []string{"a", "c"}}, {[]string{"c", "x_b"}, []string{"x_b", "c"}}, {[]string{"h.b"}, []string{"x_b"}}, {[]string{"all"}, []string{"a", "x_b", "c"}}} {
		part, err := s.Pick(c.words)
		if err != nil {
			t.Fatal(err)
		}
		v, err := NewView(s, part)
		if err != nil {
			t.Fatal(err)
		}
		got := v.Of(b)
		if err := got.Check(); err != nil || len(got.Cols) != len(c.want) || got.Schema != part {
			t.Fatalf("%v: %d columns, %v", c.words, len(got.Cols), err)
		}
		for i, name := range c.want {
			if got.Cols[i].Field != &part.Fields[i] || part.Fields[i].Out != name {
				t.Errorf("%v: column %d is %s", c.words, i, part.Fields[i].Out)
			}
			for row := range b.Rows {
				if x, y := got.Row(row).Value(name), b.Row(row).Value(name); x != y {
					t.Errorf("%v: %s of row %d: %v, want %v", c.words, name, row, x, y)
				}
			}
		}
		if n := allocs.PerRun(t, 10, func() { v.Of(b) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	if _, err := s.Pick([]string{"a", "none"}); err == nil {
		t.Error("a word that no column has")
	}
	other := &Schema{Fields: []Field{{Out: "a", Desc: feature.Desc{Name: "a", Kind: feature.Text}}}}
	if _, err := NewView(s, other); err == nil {
		t.Error("a column of another kind")
	}
}
