// Package csv writes rows as comma- or tab-separated text (RFC 4180): UTF-8 without byte
// order mark, minimal quoting, a header from the schema. Columns decide the types; nothing
// is guessed from values. Control characters other than tab, CR and LF leave as \x00 and so
// on, bytes that are not UTF-8 as U+FFFD. It does not read.
package csv

import (
	"context"
	"fmt"
	"io"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/internal/out"
	"pinyon/sink/internal/text"
)

// Options are how rows are written. The zero value is RFC 4180 with commas and LF.
type Options struct {
	sink.Common
	Delimiter byte   // between cells; 0 is a comma, of TSV a tab
	CRLF      bool   // end lines with CR LF
	NoHeader  bool   // leave out the line with the columns' names
	Safe      bool   // put ' before text that a spreadsheet takes for a formula
	Null      string // text of an absent value and of NaN
	BoolStyle string // "" is true and false, "python" True and False
}

var options = []sink.Option{
	sink.Character("delimiter", "csv-delimiter", "one character between cells; tab is a word for it", func(o *Options) *byte { return &o.Delimiter }),
	sink.Switch("crlf", "csv-crlf", "end lines with CR LF", func(o *Options) *bool { return &o.CRLF }),
	sink.Switch("no-header", "no-header", "no line with column names", func(o *Options) *bool { return &o.NoHeader }),
	sink.Switch("safe", "csv-safe", "put ' before text that a spreadsheet takes for a formula", func(o *Options) *bool { return &o.Safe }),
	sink.Text("null", "null", "text of an absent value", func(o *Options) *string { return &o.Null }),
	sink.Text("bool-style", "bool-style", "python for True and False", func(o *Options) *string { return &o.BoolStyle }, "python"),
}

// CSV describes comma-separated text.
var CSV = files.Format(sink.Descriptor{
	Name: "csv", Extensions: []string{".csv"}, Options: options,
	Doc: "Comma-separated text (RFC 4180) with a header.",
}, sink.Stream{Pipe: true, Lines: true}, New)

// TSV describes tab-separated text.
var TSV = files.Format(sink.Descriptor{
	Name: "tsv", Extensions: []string{".tsv"}, Options: options[1:], // it has its delimiter
	Doc: "Tab-separated text with a header.",
}, sink.Stream{Pipe: true, Lines: true}, NewTSV)

// A writer writes one row a line. Lists are JSON text. A float is the shortest decimal that
// reads back as the same value and always shows that it is one (5.0, 1e-05, inf).
type writer struct{ *out.Rows }

// New makes a CSV sink on w. A nil o means defaults.
func New(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) { return open(w, s, o, ',') }

// NewTSV is New with tabs between cells; Delimiter is ignored. A cell that holds a tab, a
// line end or a quote is quoted as in CSV.
func NewTSV(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	var tab Options
	if o != nil {
		tab = *o
	}
	tab.Delimiter = '\t'
	return open(w, s, &tab, '\t')
}

// form is how a row looks; all encoders of a sink read it.
type form struct {
	null     string
	yes, no  string
	end      string
	sep      byte
	safe     bool
	class    [256]class
	loneText bool // the only column is text: an empty cell must not be an empty line
}

// encoder encodes rows; an out.RowEncoder.
type encoder struct {
	*form
	scratch  []byte
	cells    []cell
	replaced int
}

// cell is one column of the batch at hand, with what a row needs side by side.
type cell struct {
	kind   feature.Kind
	ints   []int64
	floats []float64
	valid  []byte
	col    *column.Column
}

func open(w io.Writer, s *column.Schema, o *Options, sep byte) (sink.Sink, error) {
	if o == nil {
		o = &Options{}
	}
	if o.Delimiter != 0 {
		sep = o.Delimiter
	}
	if sep == '"' || sep == '\n' || sep == '\r' || sep >= 0x80 || isNumeric(sep) {
		return nil, fmt.Errorf("csv: %q cannot separate cells", sep)
	}
	f := &form{sep: sep, end: "\n", yes: "true", no: "false", safe: o.Safe, class: classes(sep), loneText: len(s.Fields) == 1}
	switch o.BoolStyle {
	case "":
	case "python":
		f.yes, f.no = "True", "False"
	default:
		return nil, fmt.Errorf("csv: unknown style of booleans %q; want python or nothing", o.BoolStyle)
	}
	if o.CRLF {
		f.end = "\r\n"
	}
	e := &encoder{form: f}
	f.null = string(e.appendText(nil, []byte(o.Null), false))
	t := &writer{out.NewRows(w, o.Workers, func() out.RowEncoder { return &encoder{form: f} })}
	if !o.NoHeader {
		for i := range s.Fields {
			if i > 0 {
				t.B = append(t.B, sep)
			}
			t.B = e.appendText(t.B, []byte(s.Fields[i].Out), false)
		}
		t.B = append(t.B, f.end...)
	}
	t.Replaced(e.replaced)
	return t, nil
}

// isNumeric reports whether c occurs in numbers, which are never quoted.
func isNumeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Begin sets the batch.
func (t *encoder) Begin(b *column.Batch, _ bool) {
	t.cells = t.cells[:0]
	for i := range b.Cols {
		c := &b.Cols[i]
		t.cells = append(t.cells, cell{text.KindOf(c.Field), c.Ints, c.Floats, c.Valid, c})
	}
}

// Replaced is how many bytes were not UTF-8 since the last call.
func (t *encoder) Replaced() int {
	n := t.replaced
	t.replaced = 0
	return n
}

// AppendRow appends row i of the batch and a line end.
func (t *encoder) AppendRow(dst []byte, i int) []byte {
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
		case text.Stamp:
			dst = text.AppendStamp(dst, c.ints[i])
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

// Close writes what is left. A file without rows is its header.
func (t *writer) Close(context.Context) error { return t.End("") }

// Complete is what is left of the output after an error of writing it.
func (t *writer) Complete() (bytes int64, end []byte) { return t.Whole(), nil }
