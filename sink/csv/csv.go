// Package csv writes rows as comma- or tab-separated text (RFC 4180): UTF-8 without byte
// order mark, minimal quoting, a header from the schema. Columns decide the types; nothing
// is guessed from values. Control characters other than tab, CR and LF leave as \x00 and so
// on, bytes that are not UTF-8 as U+FFFD. It does not read.
package csv

import (
	"fmt"
	"io"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/internal/out"
	"pinyon/sink/internal/text"
)

// A Sink writes one row a line. Lists are JSON text. A float is the shortest decimal that
// reads back as the same value and always shows that it is one (5.0, 1e-05, inf).
type Sink struct {
	out      *out.Buffer
	null     string
	yes, no  string
	end      string
	sep      byte
	safe     bool
	class    [256]class
	scratch  []byte
	loneText bool // the only column is text: an empty cell must not be an empty line
	cells    []cell
}

// cell is one column of the batch at hand, with what a row needs side by side.
type cell struct {
	kind   feature.Kind
	ints   []int64
	floats []float64
	valid  []byte
	col    *column.Column
}

// Open makes a CSV sink on w; a sink.Opener. A nil o means defaults.
func Open(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
	return open(w, s, o, ',')
}

// OpenTSV is Open with tabs between cells; Delimiter is ignored. A cell that holds a tab, a
// line end or a quote is quoted as in CSV.
func OpenTSV(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
	var tab sink.Options
	if o != nil {
		tab = *o
	}
	tab.Delimiter = '\t'
	return open(w, s, &tab, '\t')
}

func open(w io.Writer, s *column.Schema, o *sink.Options, sep byte) (sink.Sink, error) {
	if o == nil {
		o = &sink.Options{}
	}
	if o.Delimiter != 0 {
		sep = o.Delimiter
	}
	if sep == '"' || sep == '\n' || sep == '\r' || sep >= 0x80 || isNumeric(sep) {
		return nil, fmt.Errorf("csv: %q cannot separate cells", sep)
	}
	t := &Sink{out: out.New(w), sep: sep, end: "\n", yes: "true", no: "false", safe: o.CSVSafe}
	t.class = classes(sep)
	switch o.BoolStyle {
	case "":
	case "python":
		t.yes, t.no = "True", "False"
	default:
		return nil, fmt.Errorf("csv: unknown style of booleans %q; want python or nothing", o.BoolStyle)
	}
	if o.CRLF {
		t.end = "\r\n"
	}
	t.null = string(t.appendText(nil, []byte(o.Null), false))
	t.loneText = len(s.Fields) == 1
	if !o.NoHeader {
		for i := range s.Fields {
			if i > 0 {
				t.out.B = append(t.out.B, sep)
			}
			t.out.B = t.appendText(t.out.B, []byte(s.Fields[i].Out), false)
		}
		t.out.B = append(t.out.B, t.end...)
	}
	return t, nil
}

// isNumeric reports whether c occurs in numbers, which are never quoted.
func isNumeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Write appends the rows of b.
func (t *Sink) Write(b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	t.cells = t.cells[:0]
	for i := range b.Cols {
		c := &b.Cols[i]
		t.cells = append(t.cells, cell{c.Field.Kind, c.Ints, c.Floats, c.Valid, c})
	}
	for i := range b.Rows {
		t.out.B = t.appendRow(t.out.B, i)
		if err := t.out.Row(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Sink) appendRow(dst []byte, i int) []byte {
	start := len(dst)
	for k := range t.cells {
		c := &t.cells[k]
		if c.valid != nil && c.valid[i>>3]>>(i&7)&1 == 0 {
			dst = append(append(dst, t.null...), t.sep)
			continue
		}
		switch c.kind {
		case feature.Int:
			if v := c.ints[i]; uint64(v) < 10 {
				dst = append(dst, byte('0'+v), t.sep)
				continue
			} else {
				dst = text.AppendInt(dst, v)
			}
		case feature.Float:
			if v := c.floats[i]; v == v {
				dst = text.AppendFloat(dst, v)
			} else {
				dst = append(dst, t.null...)
			}
		case feature.Bool:
			if c.col.Bool(i) {
				dst = append(dst, t.yes...)
			} else {
				dst = append(dst, t.no...)
			}
		case feature.Text:
			dst = t.appendText(dst, c.col.Text(i), t.safe)
		default:
			t.scratch = text.AppendList(t.scratch[:0], c.col, i)
			dst = t.appendText(dst, t.scratch, false)
		}
		dst = append(dst, t.sep)
	}
	if len(dst) == start {
		return append(dst, t.end...)
	}
	dst = dst[:len(dst)-1]
	if t.loneText && len(dst) == start {
		dst = append(dst, '"', '"')
	}
	return append(dst, t.end...)
}

// Flush writes what is left.
func (t *Sink) Flush() error { return t.out.Flush() }

// Close writes what is left. A file without rows is its header.
func (t *Sink) Close() error {
	t.out.Closed = true
	return t.out.Flush()
}

// Stats are the counts so far.
func (t *Sink) Stats() sink.Stats { return t.out.Stats() }
