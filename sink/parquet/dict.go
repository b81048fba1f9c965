package parquet

import (
	"bytes"
	"hash/maphash"
)

// Limits of a chunk's dictionary. Beyond them indices are no shorter than the values'
// own encodings, and 300 columns would take too much memory.
const (
	maxNumbers   = 4096
	maxTexts     = 16 << 10
	maxTextBytes = 256 << 10
)

// numbers is the dictionary of a chunk of 64-bit values, in order of first appearance.
type numbers struct {
	values []int64
	slots  []uint16 // open addressing: index+1, or 0
	shift  uint
}

func (d *numbers) reset() {
	d.values = d.values[:0]
	clear(d.slots)
}

// index appends the index of every value to dst. It stops, and reports false, at a value
// that there is no room for.
func (d *numbers) index(dst []uint16, v []int64) ([]uint16, bool) {
	if len(v) == 0 {
		return dst, true
	}
	last, at := v[0], d.find(v[0])
	for _, x := range v {
		if x != last {
			last, at = x, d.find(x)
		}
		if at < 0 {
			return dst, false
		}
		dst = append(dst, uint16(at))
	}
	return dst, true
}

// find is the index of x, which is added if it is new; -1 if there is no room.
func (d *numbers) find(x int64) int {
	if 2*len(d.values) >= len(d.slots) {
		if len(d.values) >= maxNumbers {
			return d.known(x)
		}
		d.grow()
	}
	for h := d.hash(x); ; h++ {
		slot := &d.slots[h&(len(d.slots)-1)]
		if *slot == 0 {
			d.values = append(d.values, x)
			*slot = uint16(len(d.values))
			return len(d.values) - 1
		}
		if d.values[*slot-1] == x {
			return int(*slot) - 1
		}
	}
}

func (d *numbers) known(x int64) int {
	for h := d.hash(x); ; h++ {
		slot := d.slots[h&(len(d.slots)-1)]
		if slot == 0 {
			return -1
		}
		if d.values[slot-1] == x {
			return int(slot) - 1
		}
	}
}

func (d *numbers) hash(x int64) int { return int(uint64(x) * 0x9e3779b97f4a7c15 >> d.shift) }

func (d *numbers) grow() {
	if len(d.slots) == 0 {
		d.slots, d.shift = make([]uint16, 64), 64-6
		return
	}
	d.slots = make([]uint16, 2*len(d.slots))
	d.shift--
	for i, x := range d.values {
		h := d.hash(x)
		for ; d.slots[h&(len(d.slots)-1)] != 0; h++ {
		}
		d.slots[h&(len(d.slots)-1)] = uint16(i + 1)
	}
}

// texts is the dictionary of a chunk of texts.
type texts struct {
	bytes []byte
	ends  []int32
	slots []uint16
}

// The seed changes where entries are found, never their order.
var seed = maphash.MakeSeed()

func (d *texts) reset() {
	d.bytes, d.ends = d.bytes[:0], d.ends[:0]
	clear(d.slots)
}

func (d *texts) at(i int) []byte {
	from := int32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.bytes[from:d.ends[i]]
}

// truncate forgets all but the first n entries; nothing can be found in d afterwards.
func (d *texts) truncate(n int) {
	d.ends = d.ends[:n]
	if n == 0 {
		d.bytes = d.bytes[:0]
	} else {
		d.bytes = d.bytes[:d.ends[n-1]]
	}
}

// index appends the index of every text to dst. It stops, and reports false, at a text that
// there is no room for.
func (d *texts) index(dst []uint16, bytes_ []byte, ends []int32) ([]uint16, bool) {
	from, at := int32(0), -1
	for _, end := range ends {
		s := bytes_[from:end]
		from = end
		if at < 0 || !bytes.Equal(s, d.at(at)) {
			if at = d.find(s); at < 0 {
				return dst, false
			}
		}
		dst = append(dst, uint16(at))
	}
	return dst, true
}

func (d *texts) find(s []byte) int {
	if 2*len(d.ends) >= len(d.slots) {
		d.grow()
	}
	for h := int(maphash.Bytes(seed, s)); ; h++ {
		slot := &d.slots[h&(len(d.slots)-1)]
		if *slot == 0 {
			if len(d.ends) >= maxTexts || len(d.bytes)+len(s) > maxTextBytes {
				return -1
			}
			d.bytes = append(d.bytes, s...)
			d.ends = append(d.ends, int32(len(d.bytes)))
			*slot = uint16(len(d.ends))
			return len(d.ends) - 1
		}
		if bytes.Equal(d.at(int(*slot)-1), s) {
			return int(*slot) - 1
		}
	}
}

func (d *texts) grow() {
	d.slots = make([]uint16, max(64, 2*len(d.slots)))
	for i := range d.ends {
		h := int(maphash.Bytes(seed, d.at(i)))
		for ; d.slots[h&(len(d.slots)-1)] != 0; h++ {
		}
		d.slots[h&(len(d.slots)-1)] = uint16(i + 1)
	}
}
