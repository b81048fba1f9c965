package pcap

import (
	"errors"
	"io"
	"sync/atomic"

	"pinyon/packet"
)

// maxEmptyReads is how often a source may return nothing before it is given up.
const maxEmptyReads = 100

var errRead = errors.New("reader returned an impossible count")

// An input is a stream seen through blocks. Bytes that were handed out are never
// overwritten: a block is filled once, front to back, and what is left of a record at its
// end moves to the front of the next.
type input struct {
	src  io.Reader
	blk  *packet.Block
	buf  []byte // the filled part of blk
	pos  int    // first unread byte of buf
	base int64  // offset of buf[0] in the stream
	err  error  // how src ended, io.EOF included
	size int    // of ordinary blocks
}

// offset is where in the stream the next unread byte lies.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// need makes n unread bytes available in buf; false says the stream ends before. Blocks
// move, so slices of buf taken earlier are stale.
func (in *input) need(n int) bool {
	for len(in.buf)-in.pos < n {
		if !in.more(n) {
			return false
		}
	}
	return true
}

// more reads once, so that a pipe's records are seen as soon as they arrive.
func (in *input) more(n int) bool {
	if in.err != nil {
		return false
	}
	if room := cap(in.buf); len(in.buf) == room || in.pos > 0 && in.pos+n > room {
		in.turn(n)
	}
	room := in.blk.Buf[len(in.buf):]
	for range maxEmptyReads {
		k, err := in.src.Read(room)
		if k < 0 || k > len(room) {
			k, err = 0, errRead
		}
		in.buf = in.blk.Buf[:len(in.buf)+k]
		in.err = err
		if k > 0 || err != nil {
			return k > 0
		}
	}
	in.err = io.ErrNoProgress
	return false
}

// turn goes on in a new block. It grows with what has arrived, not with the length that a
// record claims: no more memory than twice the input's own bytes.
func (in *input) turn(n int) {
	rest := in.buf[in.pos:]
	b := newBlock(max(in.size, min(n, 2*len(rest))))
	in.buf = b.Buf[:copy(b.Buf, rest)]
	in.base += int64(in.pos)
	in.pos = 0
	if in.blk != nil {
		in.blk.Release()
	}
	in.blk = b
}

// skip passes n bytes without keeping them.
func (in *input) skip(n int64) bool {
	for n > 0 {
		if !in.need(1) {
			return false
		}
		k := min(n, int64(len(in.buf)-in.pos))
		in.pos += int(k)
		n -= k
	}
	return true
}

// A meter counts what a reader gave and remembers how it failed.
type meter struct {
	r   io.Reader
	n   atomic.Int64
	err error // other than io.EOF
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n.Add(int64(max(n, 0)))
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}
