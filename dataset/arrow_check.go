package dataset

import (
	"errors"
	"fmt"
)

// Of the Arrow format (Columnar.rst, "Serialization and Interprocess Communication") whatever
// says how long something is, or where, is checked before a library is given it: lengths lie in
// the file, buffers in their body, offsets rise and end within what they point into.

// errArrow is the error for what is no Arrow message.
var errArrow = errors.New("damaged: an Arrow message points outside itself")

// Message headers.
const (
	arrowSchemaHeader     = 1
	arrowDictionaryHeader = 2
	arrowBatchHeader      = 3
)

// Types of fields.
const (
	arrowInt = iota + 2
	arrowFloat
	arrowBinary
	arrowUtf8
	arrowBool
	arrowDecimal
	arrowDate
	arrowTime
	arrowTimestamp
	_
	arrowList
	arrowStruct
)

const arrowDuration = 18

// An arrowField is a column, or what lies within one.
type arrowField struct {
	name     string
	nullable bool
	kind     uint8
	word     string // the type as Table has it
	width    int    // bits of a value of fixed width; 0 if it is none
	children []arrowField
}

// known reports whether the buffers of the field, and of what lies within, can be checked.
func (f *arrowField) known() bool {
	for i := range f.children {
		if !f.children[i].known() {
			return false
		}
	}
	switch f.kind {
	case arrowBinary, arrowUtf8:
		return len(f.children) == 0
	case arrowList:
		return len(f.children) == 1
	case arrowStruct:
		return len(f.children) > 0
	}
	return f.width > 0 && len(f.children) == 0
}

// An arrowCheck reads the messages of a stream or a file.
type arrowCheck struct {
	*budget
	fields  []arrowField
	meta    map[string]string
	plain   bool // every column can be checked
	rows    uint64
	missing []uint64 // nulls by column
}

// maxNesting is how deep types may lie in each other.
const maxNesting = 8

// message reads the metadata of a message; header is one of the above.
func (c *arrowCheck) message(meta []byte) (header uint8, t table, body int64, err error) {
	f := &flatbuffer{b: meta}
	m := f.root()
	header, t, body = m.u8(1), m.table(2), m.i64(3)
	m.pairs(4)
	if f.bad || t.f == nil {
		return 0, table{}, 0, errArrow
	}
	if body < 0 {
		return 0, table{}, 0, fmt.Errorf("damaged: a body of %d bytes", body)
	}
	return header, t, body, nil
}

// schema reads a Schema table.
func (c *arrowCheck) schema(s table) error {
	if s.f == nil {
		return errArrow
	}
	if s.i16(0) != 0 {
		return errors.New("big-endian values are not read")
	}
	count := 0
	c.fields, c.plain = nil, true
	for _, t := range s.tables(1) {
		f, err := arrowFieldOf(t, &count, 0)
		if err != nil {
			return err
		}
		c.plain = c.plain && f.known()
		c.fields = append(c.fields, f)
	}
	c.meta = s.pairs(2)
	s.vector(3, 8) // features
	if s.f.bad {
		return errArrow
	}
	if len(c.fields) == 0 {
		return errors.New("no columns")
	}
	c.missing = make([]uint64, len(c.fields))
	return nil
}

func arrowFieldOf(t table, count *int, depth int) (arrowField, error) {
	if *count++; *count > maxColumns || depth > maxNesting {
		return arrowField{}, fmt.Errorf("more than %d columns, or types more than %d deep", maxColumns, maxNesting)
	}
	f := arrowField{name: t.text(0), nullable: t.u8(1) != 0, kind: t.u8(2)}
	for _, child := range t.tables(5) {
		c, err := arrowFieldOf(child, count, depth+1)
		if err != nil {
			return f, err
		}
		f.children = append(f.children, c)
	}
	t.pairs(6)
	if t.f == nil || t.f.bad {
		return f, errArrow
	}
	kind := t.table(3)
	f.word = fmt.Sprintf("arrow type %d", f.kind)
	switch f.kind {
	case arrowInt:
		f.width = int(kind.i32(0))
		f.word = fmt.Sprintf("int%d", f.width)
		if kind.u8(1) == 0 {
			f.word = "u" + f.word
		}
		if f.width != 8 && f.width != 16 && f.width != 32 && f.width != 64 {
			return f, fmt.Errorf("column %s: damaged: integers of %d bits", f.name, f.width)
		}
	case arrowFloat:
		p := kind.i16(0)
		if p < 0 || p > 2 {
			return f, fmt.Errorf("column %s: damaged: precision %d", f.name, p)
		}
		f.width = 16 << p
		f.word = fmt.Sprintf("float%d", f.width)
	case arrowUtf8:
		f.word = "string"
	case arrowBinary:
		f.word = "binary"
	case arrowBool:
		f.width, f.word = 1, "bool"
	case arrowTimestamp:
		const nanoseconds = 3 // TimeUnit of Schema.fbs
		if f.width, f.word = 64, "timestamp"; kind.i16(0) == nanoseconds {
			f.word = stampWord
		}
	case arrowDuration:
		f.width, f.word = 64, "duration"
	case arrowList:
		f.word = "list"
		if len(f.children) == 1 {
			f.word = "list<" + f.children[0].word + ">"
			if c := f.children[0].children; f.children[0].kind == arrowStruct && len(c) == 3 && c[0].word == "int64" && c[1].word == "float64" && c[2].word == "int64" {
				f.word = "list<triple>"
			}
		}
	case arrowStruct:
		f.word = "struct"
	}
	if t.table(4).f != nil { // dictionary-encoded: the values are elsewhere
		f.width, f.kind, f.word = 0, 255, "dictionary"
	}
	if t.f.bad {
		return f, errArrow
	}
	return f, nil
}
