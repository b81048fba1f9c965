package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
)

// pages checks the pages of all row groups.
func (c *parquetCheck) pages(r io.ReaderAt) error {
	for i := range c.groups {
		g := &c.groups[i]
		for k := range g.chunks {
			if err := c.chunk(r, &g.chunks[k]); err != nil {
				return fmt.Errorf("row group %d, column %s: %w", i, c.leaves[k].path, err)
			}
		}
	}
	return nil
}

// A pageHeader is what the header of a page says.
type pageHeader struct {
	kind             int64 // 0 data, 1 index, 2 dictionary, 3 data of version 2
	unpacked, packed int64
	crc              uint32
	summed           bool
	values           int64
	levels           int64 // bytes of levels before the packed values, of version 2
	plain            bool  // is_compressed is false
}

func headerOf(t *thrift) (h pageHeader) {
	h.kind, h.values = -1, -1
	t.fields(func(id int64, kind uint8) bool {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind = t.int()
		case id == 2 && kind == thriftI32:
			h.unpacked = t.int()
		case id == 3 && kind == thriftI32:
			h.packed = t.int()
		case id == 4 && kind == thriftI32:
			h.crc, h.summed = uint32(t.int()), true
		case (id == 5 || id == 7 || id == 8) && kind == thriftStruct:
			version2 := id == 8
			t.fields(func(id int64, kind uint8) bool {
				switch {
				case id == 1 && kind == thriftI32:
					h.values = t.int()
				case version2 && (id == 5 || id == 6) && kind == thriftI32:
					n := t.int()
					if n < 0 || n > math.MaxInt32 {
						t.fail()
					}
					h.levels += n
				case version2 && id == 7:
					h.plain = kind == thriftFalse
					return false
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	return h
}

// longestHeader is how long a page header may be; statistics lie in it.
const longestHeader = 1 << 20

// chunk checks the pages of a chunk.
func (c *parquetCheck) chunk(r io.ReaderAt, k *parquetChunk) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r, k.start(), k.size), 4096)
	left, values := k.size, int64(0)
	for values < k.values {
		h, size, err := readHeader(in)
		if err != nil {
			return err
		}
		left -= int64(size)
		if h.packed < 0 || h.unpacked < 0 || h.packed > left || h.levels > h.packed || h.levels > h.unpacked || h.values < 0 && h.kind != 1 {
			return fmt.Errorf("damaged: a page of %d bytes, %d unpacked, %d values, in %d bytes", h.packed, h.unpacked, h.values, left)
		}
		if err := c.fits("a page", h.packed); err != nil {
			return err
		}
		if err := c.take("a page", h.unpacked); err != nil {
			return err
		}
		b, err := readPiece(in, h.packed)
		if err != nil {
			return err
		}
		left -= h.packed
		if h.summed && crc32.ChecksumIEEE(b) != h.crc {
			return errors.New("damaged: the checksum of a page is wrong")
		}
		codec := k.codec
		if h.plain {
			codec = 0
		}
		if err := c.unpack(codec, b[h.levels:], h.unpacked-h.levels); err != nil {
			return err
		}
		if h.kind == 0 || h.kind == 3 {
			values += h.values
		}
	}
	if values != k.values {
		return fmt.Errorf("damaged: %d values in pages, %d in the footer", values, k.values)
	}
	return nil
}

// readHeader reads a page header, which does not tell its length.
func readHeader(in *bufio.Reader) (h pageHeader, size int, err error) {
	for n := 512; ; n *= 4 {
		if n > in.Size() {
			*in = *bufio.NewReaderSize(in, n)
		}
		b, err := in.Peek(n)
		t := &thrift{b: b}
		h = headerOf(t)
		if !t.bad {
			in.Discard(t.at)
			return h, t.at, nil
		}
		if err != nil || n > longestHeader {
			return h, 0, errors.New("damaged: no page header where one is due")
		}
	}
}

// unpack checks that bytes unpack to so many.
func (c *parquetCheck) unpack(codec int64, b []byte, n int64) error {
	switch codec {
	case 0:
		if int64(len(b)) != n {
			return fmt.Errorf("damaged: %d bytes where %d are due", len(b), n)
		}
	case 1: // Snappy
		got, err := s2.DecodedLen(b)
		if err != nil || int64(got) != n {
			return fmt.Errorf("damaged: %d bytes unpacked where %d are due", got, n)
		}
		if _, err := s2.Decode(nil, b); err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
	case 2:
		z, err := gzip.NewReader(strings.NewReader(string(b)))
		if err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		return whole(z, n)
	case 6:
		z, err := c.zstd(strings.NewReader(string(b)))
		if err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		return whole(z, n)
	case 3, 4, 5, 7: // LZO, Brotli and LZ4, which no sink writes
	default:
		return fmt.Errorf("damaged: compression %d", codec)
	}
	return nil
}
