// Package json writes rows as JSON (RFC 8259): one object a line (JSON Lines) or one array.
// The output is always valid: what is not finite is null, what is not UTF-8 is U+FFFD and
// counted, and integers keep all 64 bits. It does not read.
package json

import (
	"encoding/json"
	"fmt"
	"io"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/internal/out"
)

// A Sink writes JSON Lines or a JSON array.
type Sink struct {
	out   *out.Buffer
	enc   *Encoder
	array bool
	rows  bool // the array has an element
}

// Open makes a JSON Lines sink on w; a sink.Opener. With Options.HeadLine the first line is
// {"type":"metadata","provenance":...}, as Options.Head has it.
func Open(w io.Writer, s *column.Schema, o *sink.Options) (sink.Sink, error) {
	t := &Sink{out: out.New(w), enc: NewEncoder(s)}
	if o == nil || !o.HeadLine {
		return t, nil
	}
	line, err := json.Marshal(struct {
		Type       string          `json:"type"`
		Provenance json.RawMessage `json:"provenance"`
	}{"metadata", provenance(o)})
	if err != nil {
		return nil, fmt.Errorf("json: provenance: %w", err)
	}
	t.out.B = append(append(t.out.B, line...), '\n')
	return t, nil
}

func provenance(o *sink.Options) json.RawMessage {
	if p := o.Head[sink.Provenance]; p != "" {
		return json.RawMessage(p)
	}
	return json.RawMessage("null")
}

// OpenArray makes a sink that writes one JSON array, an element a line; a sink.Opener.
func OpenArray(w io.Writer, s *column.Schema, _ *sink.Options) (sink.Sink, error) {
	t := &Sink{out: out.New(w), enc: NewEncoder(s), array: true}
	t.out.B = append(t.out.B, '[')
	return t, nil
}

// Write appends the rows of b.
func (t *Sink) Write(b *column.Batch) error {
	if err := t.out.Ready(); err != nil {
		return err
	}
	before := t.enc.Replaced
	t.enc.Batch(b)
	var err error
	for i := 0; i < b.Rows && err == nil; i++ {
		if t.array {
			if t.rows {
				t.out.B = append(t.out.B, ',')
			}
			t.rows = true
			t.out.B = append(t.out.B, '\n')
			t.out.B = t.enc.AppendRow(t.out.B, i)
		} else {
			t.out.B = append(t.enc.AppendRow(t.out.B, i), '\n')
		}
		err = t.out.Row()
	}
	t.out.Replaced(int(t.enc.Replaced - before))
	return err
}

// Flush writes what is left. Every line of JSON Lines that left is complete.
func (t *Sink) Flush() error { return t.out.Flush() }

// Close ends the array and writes what is left.
func (t *Sink) Close() error {
	if t.array && !t.out.Closed {
		if t.rows {
			t.out.B = append(t.out.B, '\n')
		}
		t.out.B = append(t.out.B, ']', '\n')
	}
	t.out.Closed = true
	return t.out.Flush()
}

// Stats are the counts so far.
func (t *Sink) Stats() sink.Stats { return t.out.Stats() }
