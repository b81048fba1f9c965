package postgres

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"time"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/internal/text"
	"pinyon/sink/sql"
)

// encoding is how the values of a type stand in binary COPY: a length of four bytes and what
// the type's send function makes, all in network order.
type encoding uint8

const (
	asInt encoding = iota + 1
	asFloat
	asBool
	asText
	asTime
	asInet
	asInts
	asFloats
	asJSON
)

var encodings = map[string]encoding{
	"bigint": asInt, "double precision": asFloat, "boolean": asBool, "text": asText, "character varying": asText,
	"timestamp with time zone": asTime, "inet": asInet, "bigint[]": asInts, "double precision[]": asFloats, "jsonb": asJSON,
}

// header begins a COPY: signature, no flags, no extension.
const header = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// A chunk is the rows of one COPY.
type chunk struct {
	plan  *sql.Plan
	kinds []encoding // of the table's columns
	count *sink.Counters
	buf   []byte
	rows  int
	size  int
	clean []byte
}

func newChunk(p *sql.Plan, kinds []encoding, count *sink.Counters) *chunk {
	return &chunk{plan: p, kinds: kinds, count: count, buf: []byte(header)}
}

func (c *chunk) reset() { c.buf, c.rows = append(c.buf[:0], header...), 0 }

// end is the whole COPY.
func (c *chunk) end() io.Reader {
	c.buf = append(c.buf, 0xff, 0xff)
	c.size = len(c.buf)
	return bytes.NewReader(c.buf)
}

// add appends rows, the first of which is number row of the run.
func (c *chunk) add(b *column.Batch, from, to int, row uint64) error {
	now := micros(float64(time.Now().UnixMicro()) / 1e6)
	for i := from; i < to; i++ {
		c.buf = slices.Grow(c.buf, 2+12*len(c.kinds)) // for numbers, which most values are
		c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(len(c.kinds)))
		for k := range b.Cols {
			col := &b.Cols[k]
			var v uint64
			switch kind := c.kinds[k]; {
			case !col.IsValid(i):
				c.buf = append(c.buf, 0xff, 0xff, 0xff, 0xff)
				continue
			case kind == asInt:
				v = uint64(col.Ints[i])
			case kind == asFloat:
				v = math.Float64bits(col.Floats[i])
			default:
				if err := c.cell(kind, col, i); err != nil {
					return err
				}
				continue
			}
			c.eight(v)
		}
		if c.plan.Meta {
			c.bytes([]byte(c.plan.Run.ID))
			c.eight(row + uint64(i-from))
			c.eight(uint64(now))
		}
	}
	c.rows += to - from
	return nil
}

// eight appends a value of eight bytes behind its length.
func (c *chunk) eight(v uint64) {
	n := len(c.buf)
	if n+12 > cap(c.buf) {
		c.buf = slices.Grow(c.buf, 12)
	}
	c.buf = c.buf[:n+12]
	binary.BigEndian.PutUint32(c.buf[n:], 8)
	binary.BigEndian.PutUint64(c.buf[n+4:], v)
}

func (c *chunk) bytes(v []byte) {
	c.buf = append(binary.BigEndian.AppendUint32(c.buf, uint32(len(v))), v...)
}

// cell appends a value of any other encoding than asInt and asFloat.
func (c *chunk) cell(kind encoding, col *column.Column, i int) error {
	switch kind {
	case asBool:
		v := byte(0)
		if col.Bool(i) {
			v = 1
		}
		c.buf = append(c.buf, 0, 0, 0, 1, v)
	case asText:
		c.text(col.Text(i))
	case asTime:
		v := col.Floats[i]
		c.eight(uint64(micros(v)))
	case asInet:
		return c.inet(col, i)
	case asInts:
		from, to := col.Span(i)
		c.array(20, int(to-from))
		for _, v := range col.Ints[from:to] {
			c.eight(uint64(v))
		}
	case asFloats:
		from, to := col.Span(i)
		c.array(701, int(to-from))
		for _, v := range col.Floats[from:to] {
			c.eight(math.Float64bits(v))
		}
	default:
		c.clean = text.AppendList(append(c.clean[:0], 1), col, i) // version 1 of jsonb
		c.bytes(c.clean)
	}
	return nil
}

// text appends text, which may hold neither NUL nor what is not UTF-8: U+FFFD stands for both.
func (c *chunk) text(v []byte) {
	if text.ASCII(v) && bytes.IndexByte(v, 0) < 0 {
		c.bytes(v)
		return
	}
	var bad int
	c.clean, bad = text.AppendValid(c.clean[:0], v)
	if n := bytes.Count(c.clean, []byte{0}); n > 0 {
		c.clean = bytes.ReplaceAll(c.clean, []byte{0}, []byte("\uFFFD"))
		bad += n
	}
	c.count.Replaced.Add(uint64(bad))
	c.bytes(c.clean)
}

// micros is a time of seconds since 1970 as the server has it: microseconds since 2000.
func micros(seconds float64) int64 {
	const between = 946_684_800 // seconds from 1970 to 2000
	switch {
	case seconds > 9e11:
		return math.MaxInt64 // infinity
	case seconds < -2e11:
		return math.MinInt64 // -infinity
	}
	return int64(math.RoundToEven((seconds - between) * 1e6))
}

// inet appends an address: family, bits of the network, no CIDR, bytes of the address. Empty
// text is no address, and null.
func (c *chunk) inet(col *column.Column, i int) error {
	v := col.Text(i)
	if len(v) == 0 {
		c.buf = append(c.buf, 0xff, 0xff, 0xff, 0xff)
		return nil
	}
	a, err := netip.ParseAddr(string(v))
	if err != nil || a.Zone() != "" {
		return fmt.Errorf("column %s: %.60q is no address; --db-types plain writes text", col.Field.Out, v)
	}
	raw := a.AsSlice()
	family := byte(2)
	if a.Is6() {
		family = 3
	}
	c.buf = append(binary.BigEndian.AppendUint32(c.buf, uint32(4+len(raw))), family, byte(len(raw)*8), 0, byte(len(raw)))
	c.buf = append(c.buf, raw...)
	return nil
}

// array appends the head of an array of n values of eight bytes without nulls.
func (c *chunk) array(oid uint32, n int) {
	if n == 0 {
		c.buf = append(binary.BigEndian.AppendUint32(c.buf, 12), 0, 0, 0, 0, 0, 0, 0, 0)
		c.buf = binary.BigEndian.AppendUint32(c.buf, oid)
		return
	}
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(20+12*n))
	for _, v := range []uint32{1, 0, oid, uint32(n), 1} {
		c.buf = binary.BigEndian.AppendUint32(c.buf, v)
	}
}
