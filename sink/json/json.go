// Package json writes rows as JSON (RFC 8259): one object a line (JSON Lines) or one array.
// The output is always valid: what is not finite is null, what is not UTF-8 is U+FFFD and
// counted, and integers keep all 64 bits. It does not read.
package json

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/internal/out"
)

// Options are how rows are written. With sink.Common.HeadRow the first line of JSON Lines is
// {"type":"metadata","provenance":...}, as Head has it.
type Options struct{ sink.Common }

// Lines describes JSON Lines.
var Lines = files.Format(sink.Descriptor{
	Name: "jsonl", Aliases: []string{"json", "ndjson"}, Extensions: []string{".jsonl", ".ndjson"},
	Doc: "JSON Lines: an object a line, keys in the order of the columns.",
}, sink.Stream{Pipe: true, Lines: true, Header: true}, New)

// Array describes one JSON array.
var Array = files.Format(sink.Descriptor{
	Name: "json-array", Extensions: []string{".json"},
	Doc: "One JSON array of the objects that jsonl has.",
}, sink.Stream{Pipe: true}, NewArray)

// A writer writes JSON Lines or a JSON array.
type writer struct {
	*out.Rows
	array bool
}

// New makes a JSON Lines sink on w. A nil o means defaults.
func New(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	t := open(w, s, o, false)
	if o == nil || !o.HeadRow {
		return t, nil
	}
	provenance := json.RawMessage("null")
	if p := o.Head[sink.MetadataProvenance]; p != "" {
		provenance = json.RawMessage(p)
	}
	line, err := json.Marshal(struct {
		Type       string          `json:"type"`
		Provenance json.RawMessage `json:"provenance"`
	}{"metadata", provenance})
	if err != nil {
		return nil, fmt.Errorf("json: provenance: %w", err)
	}
	t.B = append(append(t.B, line...), '\n')
	return t, nil
}

// NewArray makes a sink that writes one JSON array, an element a line. A nil o means
// defaults.
func NewArray(w io.Writer, s *column.Schema, o *Options) (sink.Sink, error) {
	t := open(w, s, o, true)
	t.B = append(t.B, '[')
	return t, nil
}

func open(w io.Writer, s *column.Schema, o *Options, array bool) *writer {
	workers := 1
	if o != nil {
		workers = o.Workers
	}
	return &writer{out.NewRows(w, workers, func() out.RowEncoder { return &lines{Encoder: *NewEncoder(s), array: array} }), array}
}

// lines encodes rows as lines or elements; an out.RowEncoder.
type lines struct {
	Encoder
	array bool
	first bool // row 0 is the output's first
	told  uint64
}

// Begin sets the batch.
func (l *lines) Begin(b *column.Batch, first bool) {
	l.first = first
	l.Batch(b)
}

// AppendRow appends row i: a line of its own, or an element with what parts it from the one
// before.
func (l *lines) AppendRow(dst []byte, i int) []byte {
	if !l.array {
		return append(l.Encoder.AppendRow(dst, i), '\n')
	}
	if i > 0 || !l.first {
		dst = append(dst, ',')
	}
	return l.Encoder.AppendRow(append(dst, '\n'), i)
}

// Replaced is how many bytes were not UTF-8 since the last call.
func (l *lines) Replaced() int {
	n := l.Encoder.Replaced - l.told
	l.told = l.Encoder.Replaced
	return int(n)
}

// Close ends the array and writes what is left. Every line of JSON Lines that left before is
// complete.
func (t *writer) Close(context.Context) error {
	switch {
	case !t.array:
		return t.End("")
	case t.Some():
		return t.End("\n]\n")
	}
	return t.End("]\n")
}

// Complete is what is left of the output after an error of writing it.
func (t *writer) Complete() (bytes int64, end []byte) {
	if t.array {
		end = []byte("\n]\n")
	}
	return t.Whole(), end
}
