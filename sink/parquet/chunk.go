package parquet

import (
	"fmt"
	"math"
)

// pageEntries is how many entries (rows; in lists elements) a page takes at most: 64 KiB of
// 64-bit values. More would compress little better and cost 300 columns more memory.
const (
	pageEntries = 8192
	pageText    = 128 << 10 // bytes of text after which a page ends early
)

// A chunk is one column of the open row group: the values of its open page, and its
// finished pages.
type chunk struct {
	leaf
	enc *encoder

	// The open page. Only values that are there are in nums, bits or text.
	entries  int
	def, rep []uint8
	nums     []int64 // integers, or the bits of floats
	bits     []byte
	nbits    int
	text     []byte
	ends     []int32

	pages     [][]byte
	encodings uint32 // a bit for each in use
	closed    bool   // the dictionary takes no more
	tried     bool   // the dictionary has been compared with the other encoding
	numbers   numbers
	texts     texts
	stats     stats

	values       int64 // entries of all pages
	uncompressed int64 // with headers
	compressed   int64
}

// flush ends the open page, if it has entries.
func (c *chunk) flush() error {
	if c.entries == 0 {
		return nil
	}
	e := c.enc
	e.raw = e.raw[:0]
	if c.maxRep > 0 {
		e.raw = appendLevels(e.raw, c.rep, c.maxRep)
	}
	if c.maxDef > 0 {
		e.raw = appendLevels(e.raw, c.def, c.maxDef)
	}
	var err error
	switch {
	case c.physical == typeBool:
		e.raw = append(e.raw, c.bits...)
		err = c.put(encPlain, e.raw)
	case c.physical == typeText && len(c.ends) > 0:
		err = c.flushTexts(len(e.raw))
	case len(c.nums) > 0:
		err = c.flushNumbers(len(e.raw))
	default:
		err = c.put(encPlain, e.raw) // levels only
	}
	c.entries, c.def, c.rep = 0, c.def[:0], c.rep[:0]
	c.nums, c.bits, c.nbits = c.nums[:0], c.bits[:0], 0
	c.text, c.ends = c.text[:0], c.ends[:0]
	return err
}

// flushNumbers encodes nums behind the levels bytes of levels in enc.raw.
func (c *chunk) flushNumbers(levels int) error {
	e := c.enc
	var constant bool
	if c.physical == typeInt {
		constant = c.stats.ints(c.nums)
	} else {
		constant = c.stats.floats(c.nums)
	}
	before := len(c.numbers.values)
	if !c.closed {
		var ok bool
		if e.indices, ok = c.numbers.index(e.indices[:0], c.nums); ok {
			e.raw = appendIndices(e.raw, e.indices, len(c.numbers.values))
			if constant || c.tried || len(c.numbers.values)*32 < len(c.nums) {
				return c.put(encDictionary, e.raw)
			}
			c.tried = true
			return c.better(levels, 8*(len(c.numbers.values)-before), func() (int32, []byte) { return c.plainNumbers(levels) },
				func() { c.numbers.values = c.numbers.values[:before] })
		}
		c.closed = true
		c.numbers.values = c.numbers.values[:before]
	}
	encoding, raw := c.plainNumbers(levels)
	return c.put(encoding, raw)
}

// plainNumbers encodes nums without dictionary.
func (c *chunk) plainNumbers(levels int) (int32, []byte) {
	e := c.enc
	if c.physical == typeInt {
		e.raw = appendDelta(e.raw[:levels], c.nums)
		return encDelta, e.raw
	}
	e.raw = appendSplit(e.raw[:levels], c.nums)
	return encSplit, e.raw
}

func (c *chunk) flushTexts(levels int) error {
	e := c.enc
	before := len(c.texts.ends)
	if !c.closed {
		var ok bool
		if e.indices, ok = c.texts.index(e.indices[:0], c.text, c.ends); ok {
			e.raw = appendIndices(e.raw, e.indices, len(c.texts.ends))
			if c.tried || len(c.texts.ends)*32 < len(c.ends) {
				return c.put(encDictionary, e.raw)
			}
			c.tried = true
			// Half of the entries' bytes: they are compressed too.
			return c.better(levels, len(c.texts.bytes)/2, func() (int32, []byte) { return c.plainTexts(levels) },
				func() { c.texts.truncate(before) })
		}
		c.closed = true
		c.texts.truncate(before)
	}
	encoding, raw := c.plainTexts(levels)
	return c.put(encoding, raw)
}

func (c *chunk) plainTexts(levels int) (int32, []byte) {
	e := c.enc
	from := int32(0)
	for _, end := range c.ends {
		c.stats.text(c.text[from:end])
		from = end
	}
	e.raw = e.appendTexts(e.raw[:levels], c.text, c.ends)
	return encDeltaLength, e.raw
}

// better puts the dictionary-encoded page in enc.raw, or what plain makes, whichever is
// smaller when compressed. The cost of new entries is shared with the pages to come, of
// which a row group has eight. If plain wins, drop takes the entries back and the
// dictionary is closed.
func (c *chunk) better(levels, entryBytes int, plain func() (int32, []byte), drop func()) error {
	e := c.enc
	size := len(e.raw)
	dict, err := e.compressed(&e.other, e.raw)
	if err != nil {
		return err
	}
	if e.codec.compress == nil { // dict is enc.raw, which plain uses
		e.other = append(e.other[:0], dict...)
		dict = e.other
	}
	encoding, raw := plain()
	comp, err := e.compressed(&e.comp, raw)
	if err != nil {
		return err
	}
	if len(dict)+entryBytes/4 <= len(comp) {
		return c.add(encDictionary, size, dict)
	}
	drop()
	c.closed = true
	return c.add(encoding, len(raw), comp)
}

// put compresses a page and keeps it.
func (c *chunk) put(encoding int32, raw []byte) error {
	comp, err := c.enc.compressed(&c.enc.comp, raw)
	if err != nil {
		return err
	}
	return c.add(encoding, len(raw), comp)
}

func (c *chunk) add(encoding int32, size int, comp []byte) error {
	if size > math.MaxInt32 || len(comp) > math.MaxInt32 {
		return fmt.Errorf("parquet: column %s: page of %d bytes is over 2 GiB", c.path[0], size)
	}
	h := c.enc.header(pageData, encoding, c.entries, size, len(comp))
	c.pages = append(c.pages, c.enc.store.add(h, comp))
	c.encodings |= 1<<encoding | 1<<encRLE
	c.values += int64(c.entries)
	c.uncompressed += int64(len(h) + size)
	c.compressed += int64(len(h) + len(comp))
	return nil
}

// dictionary makes the dictionary page, nil if no page uses it.
func (c *chunk) dictionary() ([]byte, error) {
	if c.encodings&(1<<encDictionary) == 0 {
		return nil, nil
	}
	e := c.enc
	n := len(c.numbers.values)
	e.raw = appendPlain(e.raw[:0], c.numbers.values)
	if c.physical == typeText {
		n = len(c.texts.ends)
		for i := range n {
			s := c.texts.at(i)
			c.stats.text(s)
			e.raw = append(e.raw, byte(len(s)), byte(len(s)>>8), byte(len(s)>>16), byte(len(s)>>24))
			e.raw = append(e.raw, s...)
		}
	}
	comp, err := e.compressed(&e.comp, e.raw)
	if err != nil {
		return nil, err
	}
	h := e.header(pageDictionary, encPlain, n, len(e.raw), len(comp))
	c.encodings |= 1 << encPlain
	c.uncompressed += int64(len(h) + len(e.raw))
	c.compressed += int64(len(h) + len(comp))
	return e.store.add(h, comp), nil
}

// reset readies the chunk for the next row group.
func (c *chunk) reset() {
	clear(c.pages)
	c.pages, c.encodings, c.closed, c.tried = c.pages[:0], 0, false, false
	c.numbers.reset()
	c.texts.reset()
	c.stats.reset()
	c.values, c.uncompressed, c.compressed = 0, 0, 0
}
