package parquet

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"pinyon/column"
)

// numbersOf is the column's 64-bit values that a leaf takes; floats as their bits.
func (l *leaf) numbersOf(c *column.Column) []int64 {
	switch {
	case l.physical == typeFloat:
		return arrow.Int64Traits.CastFromBytes(arrow.Float64Traits.CastToBytes(c.Floats))
	case l.part == 2:
		return c.Dirs
	}
	return c.Ints
}

// append takes rows from to to of a column, and ends pages that are full. Texts, valid
// UTF-8, are given as bytes and offsets, since they may not be the column's own.
func (c *chunk) append(col *column.Column, from, to int, text []byte, offsets []int32) error {
	if c.maxRep > 0 {
		return c.appendLists(col, from, to)
	}
	for from < to {
		n := min(to-from, pageEntries-c.entries)
		if c.maxDef > 0 {
			c.appendValidity(col, from, from+n)
		}
		switch c.physical {
		case typeBool:
			c.appendBools(col, from, from+n)
		case typeText:
			n = c.appendTexts(col, from, from+n, text, offsets)
		default:
			c.appendNumbers(col, from, from+n)
		}
		c.entries += n
		from += n
		if c.entries == pageEntries || len(c.text) >= pageText {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendValidity appends definition levels: 1, or 0 where a value is absent.
func (c *chunk) appendValidity(col *column.Column, from, to int) {
	for i := from; i < to; i++ {
		level := uint8(1)
		if !col.IsValid(i) {
			level = 0
			c.stats.nulls++
		}
		c.def = append(c.def, level)
	}
}

func (c *chunk) appendNumbers(col *column.Column, from, to int) {
	v := c.numbersOf(col)
	if c.maxDef == 0 || col.Nulls == 0 {
		c.nums = append(c.nums, v[from:to]...)
		return
	}
	for i := from; i < to; i++ {
		if col.IsValid(i) {
			c.nums = append(c.nums, v[i])
		}
	}
}

func (c *chunk) appendBools(col *column.Column, from, to int) {
	start := c.nbits
	if c.maxDef == 0 || col.Nulls == 0 {
		c.nbits += to - from
		for len(c.bits) < (c.nbits+7)/8 {
			c.bits = append(c.bits, 0)
		}
		bitutil.CopyBitmap(col.Bits, from, to-from, c.bits, start)
	} else {
		for i := from; i < to; i++ {
			if col.IsValid(i) {
				c.bits = column.AppendBit(c.bits, c.nbits, col.Bool(i))
				c.nbits++
			}
		}
	}
	c.stats.bools(bitutil.CountSetBits(c.bits, start, c.nbits-start), c.nbits-start)
}

// appendTexts returns how many rows it took: fewer if the page is full before.
func (c *chunk) appendTexts(col *column.Column, from, to int, text []byte, offsets []int32) int {
	if size := int(offsets[to] - offsets[from]); (c.maxDef == 0 || col.Nulls == 0) && len(c.text)+size <= pageText {
		base := int32(len(c.text)) - offsets[from]
		c.text = append(c.text, text[offsets[from]:offsets[to]]...)
		for _, end := range offsets[from+1 : to+1] {
			c.ends = append(c.ends, base+end)
		}
		return to - from
	}
	levels := len(c.def) - (to - from)
	for i := from; i < to; i++ {
		if len(c.text) >= pageText {
			if c.maxDef > 0 {
				c.untake(col, i, to)
				c.def = c.def[:levels+i-from]
			}
			return i - from
		}
		if c.maxDef == 0 || col.IsValid(i) {
			c.text = append(c.text, text[offsets[i]:offsets[i+1]]...)
			c.ends = append(c.ends, int32(len(c.text)))
		}
	}
	return to - from
}

// untake takes back the nulls that appendValidity counted for rows from to to.
func (c *chunk) untake(col *column.Column, from, to int) {
	for i := from; i < to; i++ {
		if !col.IsValid(i) {
			c.stats.nulls--
		}
	}
}

// appendLists appends levels and elements. An absent list is one entry at level 0, an
// empty one an entry below maxDef; elements after a row's first repeat at level 1.
func (c *chunk) appendLists(col *column.Column, from, to int) error {
	v := c.numbersOf(col)
	for i := from; i < to; i++ {
		if c.entries >= pageEntries {
			if err := c.flush(); err != nil {
				return err
			}
		}
		start, end := col.Span(i)
		switch {
		case c.optional && !col.IsValid(i):
			c.rep, c.def = append(c.rep, 0), append(c.def, 0)
			c.stats.nulls++
			c.entries++
			continue
		case start == end:
			c.rep, c.def = append(c.rep, 0), append(c.def, c.maxDef-1)
			c.stats.nulls++
			c.entries++
			continue
		}
		for k := start; k < end; k++ {
			level := uint8(1)
			if k == start {
				level = 0
			}
			c.rep, c.def = append(c.rep, level), append(c.def, c.maxDef)
		}
		c.nums = append(c.nums, v[start:end]...)
		c.entries += int(end - start)
	}
	return nil
}
