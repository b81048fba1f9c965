package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An arrowStream hands on the bytes of a stream message by message, each after it was checked.
type arrowStream struct {
	arrowCheck
	r    io.Reader
	next []byte // bytes of a checked message
	end  bool
	seen bool // the schema
	keep bool // bodies are handed on; otherwise looked at only
}

// Read hands on checked messages.
func (s *arrowStream) Read(p []byte) (int, error) {
	for len(s.next) == 0 {
		if s.end {
			return 0, io.EOF
		}
		if err := s.advance(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.next)
	s.next = s.next[n:]
	return n, nil
}

// prefix is a message's: 0xffffffff and the length of its metadata, which in old streams
// stands alone.
func prefix(b []byte) (length int64, size int) {
	if n := binary.LittleEndian.Uint32(b); n != 0xffffffff {
		return int64(int32(n)), 4
	}
	return int64(int32(binary.LittleEndian.Uint32(b[4:]))), 8
}

// advance reads a message, and checks it. At the end of the stream end is set.
func (s *arrowStream) advance() error {
	var head [8]byte
	if n, err := io.ReadFull(s.r, head[:4]); err != nil {
		s.end = true
		if n == 0 && s.seen && err == io.EOF { // the end of the file ends it as well
			return nil
		}
		return errors.New("damaged: the stream ends in a message")
	}
	if [4]byte(head[:4]) == [4]byte{0xff, 0xff, 0xff, 0xff} {
		if _, err := io.ReadFull(s.r, head[4:]); err != nil {
			return errors.New("damaged: the stream ends in a message")
		}
	}
	length, size := prefix(head[:])
	s.next = append([]byte(nil), head[:size]...)
	if length == 0 {
		s.end = true
		if !s.seen {
			return errors.New("damaged: a stream without a schema")
		}
		return nil
	}
	if length < 0 || length > s.piece/16 {
		return fmt.Errorf("damaged: a message of %d bytes", length)
	}
	meta, err := readPiece(s.r, length)
	if err != nil {
		return err
	}
	header, t, n, err := s.message(meta)
	if err != nil {
		return err
	}
	if err := s.fits("a record batch", n); err != nil {
		return err
	}
	body, err := readPiece(s.r, n)
	if err != nil {
		return err
	}
	switch {
	case header == arrowSchemaHeader && !s.seen:
		s.seen = true
		err = s.schema(t)
	case header == arrowBatchHeader && s.seen:
		err = s.batch(t, bytes.NewReader(body), n)
	case header == arrowDictionaryHeader && s.seen && !s.plain:
	default:
		err = fmt.Errorf("damaged: message of type %d", header)
	}
	if err != nil {
		return err
	}
	if s.keep {
		s.next = append(append(s.next, meta...), body...)
	}
	return nil
}

// scan reads all messages.
func (s *arrowStream) scan() error {
	for !s.end {
		if err := s.advance(); err != nil {
			return err
		}
	}
	return nil
}

// arrowFooter is what an Arrow file says at its end:
//
//	"ARROW1" 0 0 | stream | footer | its length, int32 | "ARROW1"
func (c *arrowCheck) arrowFooter(r io.ReaderAt, size int64) (blocks [][3]int64, err error) {
	const tail = 10
	var end [tail]byte
	if size < 8+tail {
		return nil, errors.New("damaged: too short for an Arrow file")
	}
	if _, err := r.ReadAt(end[:], size-tail); err != nil {
		return nil, err
	}
	n := int64(int32(binary.LittleEndian.Uint32(end[:])))
	if string(end[4:]) != "ARROW1" {
		return nil, errors.New("damaged: an Arrow file that is not complete: its footer is missing")
	}
	if n <= 0 || n > size-8-tail || n > c.piece/16 {
		return nil, fmt.Errorf("damaged: a footer of %d bytes", n)
	}
	b, err := readPiece(io.NewSectionReader(r, size-tail-n, n), n)
	if err != nil {
		return nil, err
	}
	f := &flatbuffer{b: b}
	t := f.root()
	if f.bad {
		return nil, errArrow
	}
	if err := c.schema(t.table(1)); err != nil {
		return nil, err
	}
	list := func(field int) (all [][3]int64) {
		at, k := t.vector(field, 24)
		for i := range k {
			all = append(all, [3]int64{f.i64(at + 24*i), int64(int32(f.u32(at + 24*i + 8))), f.i64(at + 24*i + 16)})
		}
		return all
	}
	dictionaries := list(2)
	blocks = list(3)
	t.pairs(4)
	if f.bad {
		return nil, errArrow
	}
	if len(dictionaries) > 0 && c.plain {
		return nil, errors.New("damaged: dictionaries of no column")
	}
	last, limit := int64(8), size-tail-n
	for _, b := range blocks {
		at, meta, body := b[0], b[1], b[2]
		if at < last || meta < 8 || body < 0 || at > limit || meta > limit-at || body > limit-at-meta {
			return nil, fmt.Errorf("damaged: a record batch at %d of %d and %d bytes", at, meta, body)
		}
		last = at + meta + body
	}
	return blocks, nil
}

// arrowFile checks a file from its footer on.
func (c *arrowCheck) arrowFile(r io.ReaderAt, size int64) error {
	blocks, err := c.arrowFooter(r, size)
	if err != nil {
		return err
	}
	// The schema stands at the beginning too, where it may differ in its metadata only.
	for i, b := range blocks {
		if err := c.arrowBlock(r, b); err != nil {
			return fmt.Errorf("record batch %d: %w", i, err)
		}
	}
	return nil
}

func (c *arrowCheck) arrowBlock(r io.ReaderAt, b [3]int64) error {
	at, n, body := b[0], b[1], b[2]
	if n > c.piece/16 {
		return fmt.Errorf("damaged: a message of %d bytes", n)
	}
	all, err := readPiece(io.NewSectionReader(r, at, n), n)
	if err != nil {
		return err
	}
	length, skip := prefix(all)
	if length <= 0 || length > n-int64(skip) {
		return fmt.Errorf("damaged: a message of %d bytes in %d", length, n)
	}
	header, t, size, err := c.message(all[skip : int64(skip)+length])
	if err != nil {
		return err
	}
	if header != arrowBatchHeader || size != body {
		return fmt.Errorf("damaged: message of type %d with %d bytes where a record batch of %d is due", header, size, body)
	}
	if err := c.fits("a record batch", size); err != nil {
		return err
	}
	return c.batch(t, io.NewSectionReader(r, at+n, size), size)
}
