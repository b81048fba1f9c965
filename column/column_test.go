package column

import (
	"reflect"
	"strings"
	"testing"

	"pinyon/feature"
	"pinyon/internal/allocs"
)

func schema() *Schema {
	s := &Schema{Nulls: true}
	for k := feature.Int; k <= feature.Triples; k++ {
		s.Fields = append(s.Fields, Field{Out: k.String(), Desc: feature.Desc{Kind: k, Nullable: k != feature.Bool}})
	}
	return s
}

func TestBits(t *testing.T) {
	var bits []byte
	for i := range 20 {
		bits = AppendBit(bits, i, i%3 == 0)
	}
	c := Column{Bits: bits, Valid: bits}
	for i := range 20 {
		if c.Bool(i) != (i%3 == 0) || c.IsValid(i) != (i%3 == 0) {
			t.Errorf("bit %d is wrong", i)
		}
	}
	if !(&Column{}).IsValid(7) {
		t.Error("a column without bitmap has an absent value")
	}
}

func TestIndex(t *testing.T) {
	s := schema()
	if got := s.Index("bool"); got != 2 {
		t.Errorf("got %d; want 2", got)
	}
	if got := s.Index("none"); got != -1 {
		t.Errorf("got %d; want -1", got)
	}
}

// TestReset fills every kind, empties the batch and fills it again without allocating.
func TestReset(t *testing.T) {
	b := New(schema(), 8)
	fill := func() {
		b.Reset()
		for row := range 8 {
			for k := range b.Cols {
				c := &b.Cols[k]
				if c.Valid != nil {
					c.Valid = AppendBit(c.Valid, row, true)
				}
				switch c.Field.Kind {
				case feature.Int:
					c.Ints = append(c.Ints, 1)
				case feature.Float:
					c.Floats = append(c.Floats, 1)
				case feature.Bool:
					c.Bits = AppendBit(c.Bits, row, true)
				case feature.Text:
					c.Bytes = append(c.Bytes, 'x')
					c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
				default: // as many of each as a list of the kind may have
					c.Ints, c.Floats, c.Dirs = append(c.Ints, 1), append(c.Floats, 1), append(c.Dirs, 1)
					c.Offsets = append(c.Offsets, int32(len(c.Ints)))
				}
			}
			b.Rows++
		}
	}
	fill()
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	if n := allocs.PerRun(t, 10, fill); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
	for i := range b.Cols {
		c := &b.Cols[i]
		if len(c.Offsets) == 0 {
			continue
		}
		c.Offsets[len(c.Offsets)-1]++
		if b.Check() == nil {
			t.Errorf("column %s: offsets end behind its values, and Check says nothing", c.Field.Out)
		}
		c.Offsets[len(c.Offsets)-1]--
	}
	if got := string(b.Cols[3].Text(7)); got != "x" {
		t.Errorf("got %q", got)
	}
	if from, to := b.Cols[4].Span(2); from != 2 || to != 3 {
		t.Errorf("span %d, %d", from, to)
	}
	b.Reset()
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	b.Rows = 1
	if b.Check() == nil {
		t.Error("a missing row went unnoticed")
	}
}

// TestMistakes: a column that is not there or of another kind is a panic that says so, never a
// value; Lookup tells of the first.
func TestMistakes(t *testing.T) {
	b := New(schema(), 1)
	b.Reset()
	for i := range b.Cols {
		c := &b.Cols[i]
		switch c.Field.Kind {
		case feature.Int:
			c.Ints = append(c.Ints, 7)
		case feature.Float:
			c.Floats = append(c.Floats, 7)
		case feature.Bool:
			c.Bits = AppendBit(c.Bits, 0, true)
		default:
			c.Offsets = append(c.Offsets, 0)
		}
		if c.Valid != nil {
			c.Valid = AppendBit(c.Valid, 0, true)
		}
	}
	b.Rows = 1
	r := b.Row(0)
	access := map[string]func(string) any{
		"Int": func(n string) any { return r.Int(n) }, "Float": func(n string) any { return r.Float(n) },
		"Bool": func(n string) any { return r.Bool(n) }, "Text": func(n string) any { return r.Text(n) }, "Value": r.Value,
	}
	for name, get := range access {
		panics(t, name+" of no column", `did you mean "bool"?`, func() { get("boool") })
		for i := range b.Cols {
			f := b.Cols[i].Field
			k := f.Kind.String()
			fits := name == "Value" || name == map[feature.Kind]string{feature.Int: "Int", feature.Float: "Float", feature.Bool: "Bool", feature.Text: "Text"}[f.Kind] ||
				name == "Float" && f.Kind == feature.Int
			if fits {
				get(f.Out)
			} else {
				panics(t, name+" of "+k, "is of kind "+k, func() { get(f.Out) })
			}
		}
	}
	if v, ok := r.Lookup("boool"); v != nil || ok {
		t.Errorf("Lookup: %v, %v", v, ok)
	}
	if v, ok := r.Lookup("bool"); v != true || !ok {
		t.Errorf("Lookup: %v, %v", v, ok)
	}
}

func panics(t *testing.T, what, message string, f func()) {
	t.Helper()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, message) {
			t.Errorf("%s: panic %q; want %q", what, text, message)
		}
	}()
	f()
}

// TestHead: the first rows of a batch are those of the batch, for every kind of column.
func TestHead(t *testing.T) {
	s := &Schema{Nulls: true}
	for k := feature.Int; k <= feature.Triples; k++ {
		s.Fields = append(s.Fields, Field{Out: k.String(), Desc: feature.Desc{Kind: k, Nullable: k%2 == 0}})
	}
	const rows = 20
	b := New(s, rows)
	for i := range rows {
		for k := range b.Cols {
			c := &b.Cols[k]
			if c.Valid != nil {
				c.Valid = AppendBit(c.Valid, i, i%3 > 0)
				if i%3 == 0 {
					c.Nulls++
				}
			}
			switch c.Field.Kind {
			case feature.Int:
				c.Ints = append(c.Ints, int64(i))
			case feature.Float:
				c.Floats = append(c.Floats, float64(i))
			case feature.Bool:
				c.Bits = AppendBit(c.Bits, i, i%2 > 0)
				c.Rows++
			case feature.Text:
				c.Bytes = append(c.Bytes, "abcdefghijklmnopqrst"[:i]...)
				c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
			default:
				for j := range i % 4 {
					c.Ints, c.Floats, c.Dirs = append(c.Ints, int64(j)), append(c.Floats, float64(j)), append(c.Dirs, 1)
				}
				n := max(len(c.Ints), len(c.Floats))
				if c.Field.Kind == feature.IntList {
					c.Floats, c.Dirs = nil, nil
				} else if c.Field.Kind == feature.FloatList {
					c.Ints, c.Dirs = nil, nil
				}
				c.Offsets = append(c.Offsets, int32(n))
			}
		}
		b.Rows++
	}
	for n := range rows + 1 {
		h := b.Head(n)
		if err := h.Check(); err != nil || h.Rows != n {
			t.Fatalf("%d rows: %d, %v", n, h.Rows, err)
		}
		for i := range n {
			for k := range h.Cols {
				if got, want := h.Row(i).At(k), b.Row(i).At(k); !reflect.DeepEqual(got, want) {
					t.Errorf("row %d of %d, %s: %v; want %v", i, n, s.Fields[k].Out, got, want)
				}
			}
		}
		nulls := 0
		for i := range n {
			if i%3 == 0 {
				nulls++
			}
		}
		if c := &h.Cols[1]; c.Valid != nil && c.Nulls != nulls {
			t.Errorf("%d rows: %d nulls; want %d", n, c.Nulls, nulls)
		}
	}
}
