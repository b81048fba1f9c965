package packetstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/near"
	"pinyon/packetstore/expr"
)

// field is the column as rows for sinks have it. A day is a text, and bytes are hexadecimal, as
// sinks have no type for them.
func (c *Column) field() column.Field {
	d := feature.Desc{Name: c.Name, Group: "packets", Kind: feature.Int, Doc: c.Doc, Nullable: c.Nullable, Profile: feature.NoProfile}
	switch c.Type {
	case "uint8":
		d.Form = feature.Uint8
	case "uint16":
		d.Form = feature.Uint16
	case "uint32":
		d.Form = feature.Uint32
	case "timestamp[ns, UTC]":
		d.Form, d.Unit = feature.Stamp, feature.Nanoseconds
	default:
		d.Kind = feature.Text
	}
	switch c.Name {
	case "src_ip", "dst_ip":
		d.Form, d.Privacy = feature.Address, feature.Sensitive
	case "src_mac", "dst_mac":
		d.Privacy = feature.Sensitive
	case "payload", "frame":
		d.Privacy = feature.High
	case "packet_size", "captured_size", "payload_size":
		d.Unit = feature.Bytes
	}
	return column.Field{Desc: d, Out: c.Name}
}

// columnsNamed are columns by name; none named is all of the schema.
func columnsNamed(names []string) ([]Column, error) {
	if len(names) == 0 {
		return Columns(), nil
	}
	all := byName()
	var list []Column
	for i, name := range names {
		c, ok := all[name]
		if !ok {
			var known []string
			for n := range all {
				known = append(known, n)
			}
			slices.Sort(known)
			return nil, fmt.Errorf("packetstore: no column %q%s", name, near.Hint(name, known))
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("packetstore: column %s is named twice", name)
		}
		list = append(list, c)
	}
	return list, nil
}

// Rows describes what Filter gives: the columns of these names, all of the schema if there are
// none.
func Rows(names ...string) (*column.Schema, error) {
	list, err := columnsNamed(names)
	if err != nil {
		return nil, err
	}
	s := &column.Schema{Nulls: true, Version: fmt.Sprintf("packets-%d", Version)}
	for i := range list {
		s.Fields = append(s.Fields, list[i].field())
	}
	return s, nil
}

// batchRows is how many rows a batch of Filter has at most.
const batchRows = 4096

// Filter gives the rows for which a condition holds (see Compile; nil is all), with these columns,
// in the order of the files; bytes are hexadecimal. A batch is valid until the next. Row groups in which no row can match
// are passed over, by their bounds and bloom filters; of others the columns of the condition are
// read, and those of the rows where some match.
func (s *Store) Filter(ctx context.Context, where *expr.Node, columns ...string) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		schema, err := Rows(columns...)
		if err != nil {
			yield(nil, err)
			return
		}
		b := column.New(schema, batchRows)
		err = s.scan(ctx, orAll(where), func(g *opened, rows []bool) error {
			return g.batches(b, rows, func() bool { return yield(b, nil) })
		})
		if err != nil && err != errEnough {
			yield(nil, err)
		}
	}
}

// errEnough ends a scan whose caller wants no more.
var errEnough = errors.New("enough")

// batches gives the rows of a group in batches.
func (g *opened) batches(b *column.Batch, rows []bool, yield func() bool) error {
	list := make([]*values, len(b.Cols))
	for k := range b.Cols {
		var err error
		if list[k], err = g.values(b.Schema.Fields[k].Name); err != nil {
			return err
		}
	}
	return g.fill(b, rows, yield, func(c *column.Column, k, i int) { appendValue(c, list[k], i, b.Rows) })
}

// fill gives the rows of a group in batches, each value of which add appends to its column.
func (g *opened) fill(b *column.Batch, rows []bool, yield func() bool, add func(c *column.Column, k, i int)) error {
	b.Reset()
	for i, take := range rows {
		if !take {
			continue
		}
		for k := range b.Cols {
			add(&b.Cols[k], k, i)
		}
		if b.Rows++; b.Rows == batchRows || large(b) {
			if !yield() {
				return errEnough
			}
			b.Reset()
		}
	}
	if b.Rows > 0 && !yield() {
		return errEnough
	}
	return nil
}

// large reports whether a batch holds so much text that it is better handed on.
func large(b *column.Batch) bool {
	for k := range b.Cols {
		if len(b.Cols[k].Bytes) > 16<<20 {
			return true
		}
	}
	return false
}

// appendValue appends value i of v as row of c.
func appendValue(c *column.Column, v *values, i, row int) {
	is := v.is(i)
	if c.Valid != nil {
		c.Valid = column.AppendBit(c.Valid, row, is)
		if !is {
			c.Nulls++
		}
	}
	if c.Field.Kind == feature.Int {
		n := int64(0)
		if is {
			n = v.ints[i]
		}
		c.Ints = append(c.Ints, n)
		return
	}
	switch {
	case !is:
	case v.ints != nil:
		c.Bytes = time.Unix(v.ints[i]*24*3600, 0).UTC().AppendFormat(c.Bytes, time.DateOnly)
	case c.Field.Privacy == feature.High:
		c.Bytes = hex.AppendEncode(c.Bytes, v.text(i))
	default:
		c.Bytes = append(c.Bytes, v.text(i)...)
	}
	c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
}

// orAll is a condition, or that of all rows.
func orAll(where *expr.Node) *expr.Node {
	if where == nil {
		return &expr.Node{Kind: expr.Always}
	}
	return where
}
