package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Of a Parquet file (parquet.thrift) the footer is read, and every page header is held against
// it: pages lie in their chunks, have the number of values that the footer tells, and unpack
// to the length that they tell, which a library that reads the values is then given.

// A parquetChunk is the pages of a leaf in a row group.
type parquetChunk struct {
	path           string
	physical       int64
	codec          int64
	values         int64
	unpacked, size int64
	data, dict     int64 // positions; dict is 0 if there is none
	nulls          int64 // -1: not told
}

// A parquetCheck is a file.
type parquetCheck struct {
	*budget
	rows   int64
	root   *parquetNode
	leaves []parquetLeaf
	groups []parquetGroup
	meta   map[string]string
}

type parquetLeaf struct {
	path  string
	node  *parquetNode
	plain bool // has one value a row
}

type parquetGroup struct {
	rows   int64
	chunks []parquetChunk
}

var errFooter = errors.New("damaged: the footer points outside itself")

// footer reads the metadata at the end: footer | its length, int32 | "PAR1".
func (c *parquetCheck) footer(r io.ReaderAt, size int64) error {
	const tail = 8
	var end [tail]byte
	if size < 4+tail {
		return errors.New("damaged: too short for a Parquet file")
	}
	if _, err := r.ReadAt(end[:], size-tail); err != nil {
		return err
	}
	if string(end[4:]) != "PAR1" {
		return errors.New("damaged: a Parquet file that is not complete: its footer is missing")
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if n > size-4-tail || n > c.piece/16 {
		return fmt.Errorf("damaged: a footer of %d bytes", n)
	}
	b, err := readPiece(io.NewSectionReader(r, size-tail-n, n), n)
	if err != nil {
		return err
	}
	t := &thrift{b: b}
	if err := c.file(t); err != nil {
		return err
	}
	if t.bad || c.root == nil {
		return errFooter
	}
	return c.consistent(size - tail - n)
}

// file reads FileMetaData.
func (c *parquetCheck) file(t *thrift) (err error) {
	var flat []*parquetNode
	var counts []int64
	c.meta = map[string]string{}
	t.fields(func(id int64, kind uint8) bool {
		switch {
		case id == 2 && kind == thriftList:
			t.structs(func() {
				n, children := schemaElement(t)
				flat, counts = append(flat, n), append(counts, children)
			})
		case id == 3 && kind == thriftI64:
			c.rows = t.int()
		case id == 4 && kind == thriftList:
			t.structs(func() { c.groups = append(c.groups, rowGroupOf(t)) })
		case id == 5 && kind == thriftList:
			t.structs(func() {
				var key, value string
				t.fields(func(id int64, kind uint8) bool {
					switch {
					case id == 1 && kind == thriftBinary:
						key = string(t.binary())
					case id == 2 && kind == thriftBinary:
						value = string(t.binary())
					default:
						return false
					}
					return true
				})
				if _, twice := c.meta[key]; !twice {
					c.meta[key] = value
				}
			})
		default:
			return false
		}
		return true
	})
	if t.bad {
		return errFooter
	}
	if len(flat) < 2 || len(flat) > maxColumns {
		return fmt.Errorf("damaged: a schema of %d columns", len(flat)-1)
	}
	at := 0
	c.root, err = tree(flat, counts, &at, 0)
	if err == nil && at != len(flat) {
		err = errors.New("damaged: columns outside the schema")
	}
	if err == nil && c.root.physical >= 0 {
		err = errors.New("damaged: a schema without columns")
	}
	if err != nil {
		return err
	}
	c.leaf(c.root, "", true, 0)
	return nil
}

func rowGroupOf(t *thrift) (g parquetGroup) {
	t.fields(func(id int64, kind uint8) bool {
		switch {
		case id == 1 && kind == thriftList:
			t.structs(func() { g.chunks = append(g.chunks, chunkOf(t)) })
		case id == 3 && kind == thriftI64:
			g.rows = t.int()
		default:
			return false
		}
		return true
	})
	return g
}

// chunkOf reads a ColumnChunk.
func chunkOf(t *thrift) (c parquetChunk) {
	c.physical, c.nulls = -1, -1
	t.fields(func(id int64, kind uint8) bool {
		switch {
		case id == 1 && kind == thriftBinary: // in another file
			t.fail()
		case id == 3 && kind == thriftStruct:
			t.fields(func(id int64, kind uint8) bool { return c.field(t, id, kind) })
		default:
			return false
		}
		return true
	})
	return c
}

// field reads one of ColumnMetaData.
func (c *parquetChunk) field(t *thrift, id int64, kind uint8) bool {
	if kind == thriftI32 || kind == thriftI64 {
		var to *int64
		switch id {
		case 1:
			to = &c.physical
		case 4:
			to = &c.codec
		case 5:
			to = &c.values
		case 6:
			to = &c.unpacked
		case 7:
			to = &c.size
		case 9:
			to = &c.data
		case 11:
			to = &c.dict
		default:
			return false
		}
		*to = t.int()
		return true
	}
	switch {
	case id == 3 && kind == thriftList:
		k, n := t.list()
		for i := range n {
			if k != thriftBinary || t.bad {
				t.fail()
				break
			}
			if i > 0 {
				c.path += "."
			}
			c.path += string(t.binary())
		}
	case id == 12 && kind == thriftStruct:
		t.fields(func(id int64, kind uint8) bool {
			if id != 3 || kind != thriftI64 {
				return false
			}
			c.nulls = t.int()
			return true
		})
	default:
		return false
	}
	return true
}

// consistent holds the row groups against the schema and the bytes before the footer.
func (c *parquetCheck) consistent(end int64) error {
	sum := int64(0)
	for i, g := range c.groups {
		if g.rows < 0 || g.rows > math.MaxInt32 {
			return fmt.Errorf("damaged: row group %d of %d rows", i, g.rows)
		}
		sum += g.rows
		if len(g.chunks) != len(c.leaves) {
			return fmt.Errorf("damaged: row group %d has %d of %d columns", i, len(g.chunks), len(c.leaves))
		}
		for k := range g.chunks {
			if err := g.chunks[k].consistent(&c.leaves[k], g.rows, end); err != nil {
				return fmt.Errorf("row group %d, column %s: %w", i, c.leaves[k].path, err)
			}
		}
	}
	if sum != c.rows {
		return fmt.Errorf("damaged: %d rows in row groups of a file of %d", sum, c.rows)
	}
	return nil
}

func (c *parquetChunk) consistent(l *parquetLeaf, rows, end int64) error {
	at := c.start()
	switch {
	case c.path != l.path || c.physical != l.node.physical:
		return fmt.Errorf("damaged: its place holds %s", c.path)
	case at < 4 || c.size < 0 || c.unpacked < 0 || at > end || c.size > end-at || c.data < at || c.data > at+c.size:
		return fmt.Errorf("damaged: %d bytes at %d of %d", c.size, at, end)
	case c.values < rows || l.plain && c.values != rows || c.values > math.MaxInt32:
		return fmt.Errorf("damaged: %d values for %d rows", c.values, rows)
	case c.nulls < -1 || c.nulls > c.values:
		return fmt.Errorf("damaged: %d nulls in %d values", c.nulls, c.values)
	}
	return nil
}

// start is where the first page of the chunk begins.
func (c *parquetChunk) start() int64 {
	if c.dict > 0 && c.dict < c.data {
		return c.dict
	}
	return c.data
}
