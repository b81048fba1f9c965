package kafka

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink/internal/text"
)

// avroName is a column's name as Avro has it: letters, digits and underscores.
func avroName(s string) string {
	name := []byte(s)
	for i, c := range name {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			name[i] = '_'
		}
	}
	return string(name)
}

// AvroSchema is the Avro schema of the messages' values, a record pinyon.Flow with a field a
// column. Integers are long, floats double, lists arrays, and an element of the packet
// sequence a record pinyon.Triple; a column that may be absent is a union with null, which
// comes first. It fails if two columns have one name in Avro.
func AvroSchema(s *column.Schema) ([]byte, error) {
	type field struct {
		Name string `json:"name"`
		Type any    `json:"type"`
		Doc  string `json:"doc,omitempty"`
	}
	var fields []field
	seen := map[string]string{}
	triple := false
	for i := range s.Fields {
		f := &s.Fields[i]
		name := avroName(f.Out)
		if other, ok := seen[name]; ok {
			return nil, fmt.Errorf("columns %s and %s have the same name in Avro", other, f.Out)
		}
		seen[name] = f.Out
		var t any
		switch f.Kind {
		case feature.Int:
			if t = "long"; f.Form == feature.Stamp {
				t = map[string]any{"type": "long", "logicalType": "timestamp-nanos"} // Avro 1.12
			}
		case feature.Float:
			t = "double"
		case feature.Bool:
			t = "boolean"
		case feature.Text:
			t = "string"
		case feature.IntList:
			t = map[string]any{"type": "array", "items": "long"}
		case feature.FloatList:
			t = map[string]any{"type": "array", "items": "double"}
		default:
			var items any = "pinyon.Triple"
			if !triple {
				items = map[string]any{"type": "record", "name": "pinyon.Triple", "fields": []field{
					{"length", "long", "Bytes."}, {"gap", "double", "Seconds since the packet before."}, {"direction", "long", "1 forward, -1 backward."},
				}}
			}
			triple = true
			t = map[string]any{"type": "array", "items": items}
		}
		if s.Nulls && f.Nullable {
			t = []any{"null", t}
		}
		fields = append(fields, field{name, t, f.Doc})
	}
	return json.Marshal(map[string]any{"type": "record", "name": "pinyon.Flow", "fields": fields})
}

// canonical is a schema that AvroSchema made in Avro's parsing canonical form: without docs,
// attributes in the order name, type, fields, items.
func canonical(schema []byte) ([]byte, error) {
	var v any
	if err := json.Unmarshal(schema, &v); err != nil {
		return nil, err
	}
	return appendCanonical(nil, v), nil
}

func appendCanonical(b []byte, v any) []byte {
	quoted := func(s string) []byte { q, _ := json.Marshal(s); return q }
	switch v := v.(type) {
	case string:
		return append(b, quoted(v)...)
	case []any:
		b = append(b, '[')
		for i := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, v[i])
		}
		return append(b, ']')
	}
	m := v.(map[string]any)
	b = append(b, '{')
	some := false
	for _, name := range []string{"name", "type", "fields", "items"} {
		if x, ok := m[name]; ok {
			if some {
				b = append(b, ',')
			}
			some = true
			b = appendCanonical(append(append(b, quoted(name)...), ':'), x)
		}
	}
	return append(b, '}')
}

// fingerprint is Avro's 64-bit fingerprint (CRC-64-AVRO) of a schema in canonical form.
func fingerprint(canonical []byte) uint64 {
	const empty = 0xc15d213aa4d7a795
	fp := uint64(empty)
	for _, c := range canonical {
		fp ^= uint64(c)
		for range 8 {
			fp = fp>>1 ^ empty&-(fp&1)
		}
	}
	return fp
}

// singleObject is what goes before a value in Avro's single-object encoding: a marker and
// the schema's fingerprint, little-endian.
func singleObject(fingerprint uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{0xc3, 0x01}, fingerprint)
}

// registered is what goes before a value whose schema a registry knows by id.
func registered(id uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0}, id) }

// An avroEncoder turns rows into Avro's binary encoding. It is used from one goroutine.
type avroEncoder struct {
	before []byte // every value
	cols   []column.Column
	nulls  []bool // the column is a union with null
	bad    int    // bytes that were not UTF-8 and left as U+FFFD
}

func newAvroEncoder(s *column.Schema, before []byte) *avroEncoder {
	e := &avroEncoder{before: before}
	for i := range s.Fields {
		e.nulls = append(e.nulls, s.Nulls && s.Fields[i].Nullable)
	}
	return e
}

func (e *avroEncoder) begin(b *column.Batch) { e.cols = b.Cols }

func (e *avroEncoder) replaced() int {
	n := e.bad
	e.bad = 0
	return n
}

// appendRow appends row i.
func (e *avroEncoder) appendRow(dst []byte, i int) []byte {
	dst = append(dst, e.before...)
	for k := range e.cols {
		c := &e.cols[k]
		if e.nulls[k] {
			if !c.IsValid(i) {
				dst = append(dst, 0) // zigzag 0: the first of the union, null
				continue
			}
			dst = append(dst, 2) // zigzag 1
		}
		switch c.Field.Kind {
		case feature.Int:
			dst = binary.AppendVarint(dst, c.Ints[i])
		case feature.Float:
			dst = appendDouble(dst, c.Floats[i])
		case feature.Bool:
			dst = append(dst, c.Bits[i>>3]>>(i&7)&1)
		case feature.Text:
			dst = e.appendText(dst, c.Text(i))
		default:
			dst = appendArray(dst, c, i)
		}
	}
	return dst
}

func appendDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func (e *avroEncoder) appendText(dst, s []byte) []byte {
	if text.ASCII(s) {
		return append(binary.AppendVarint(dst, int64(len(s))), s...)
	}
	valid, bad := text.AppendValid(nil, s)
	e.bad += bad
	return append(binary.AppendVarint(dst, int64(len(valid))), valid...)
}

// appendArray appends a list as one block and the end.
func appendArray(dst []byte, c *column.Column, i int) []byte {
	from, to := c.Span(i)
	if to > from {
		dst = binary.AppendVarint(dst, int64(to-from))
	}
	for j := from; j < to; j++ {
		switch c.Field.Kind {
		case feature.IntList:
			dst = binary.AppendVarint(dst, c.Ints[j])
		case feature.FloatList:
			dst = appendDouble(dst, c.Floats[j])
		default:
			dst = appendDouble(binary.AppendVarint(dst, c.Ints[j]), c.Floats[j])
			dst = binary.AppendVarint(dst, c.Dirs[j])
		}
	}
	return append(dst, 0)
}

// subject is what a registry calls the schema of a topic's values.
func subject(topic string) string { return strings.ReplaceAll(topic, "/", "%2F") + "-value" }
