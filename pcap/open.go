package pcap

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Open opens a capture file; "-" is standard input, and a named pipe is as good as a file.
// The content decides the format. Close the Reader when done.
func Open(path string) (*Reader, error) {
	if path == "-" {
		r, err := newReader(os.Stdin, regularSize(os.Stdin), blockSize)
		return r, named("standard input", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pcap: %w", err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("pcap: %w", &fault{
			kind: ErrFormat, cause: syscall.EISDIR, text: path + " is a directory",
		})
	}
	r, err := newReader(f, regularSize(f), blockSize)
	if err != nil {
		f.Close()
		return nil, named(path, err)
	}
	r.file = f
	return r, nil
}

// NewReader reads a capture from r, beginning with its header. Close does not close r.
func NewReader(r io.Reader) (*Reader, error) {
	rd, err := newReader(r, -1, blockSize)
	if err != nil {
		return nil, fmt.Errorf("pcap: %w", err)
	}
	return rd, nil
}

func named(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pcap: %s: %w", path, err)
}

// regularSize is the size of a regular file, -1 of anything else.
func regularSize(f *os.File) int64 {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}

func newReader(src io.Reader, size int64, block int) (*Reader, error) {
	r := &Reader{stored: meter{r: src}, total: size, since: time.Now()}
	r.input = input{src: &r.stored, size: block}
	if err := r.start(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// start looks through compression and reads the first header.
func (r *Reader) start() error {
	if !r.need(4) {
		return r.noHeader(4)
	}
	if r.compressed = compression(r.buf); r.compressed != "" {
		if err := r.startInflate(); err != nil {
			return err
		}
		if !r.need(4) {
			return r.noHeader(4)
		}
	}
	if bytes.HasPrefix(r.buf, sectionMagic) {
		return r.startNG()
	}
	return r.startClassic()
}

// startInflate puts the inflater between what was read so far, with what follows it, and
// a new input.
func (r *Reader) startInflate() error {
	src := io.Reader(&r.stored)
	if r.err != nil {
		src = ended{r.err}
	}
	src = io.MultiReader(bytes.NewReader(r.buf), src)
	plain, stop, err := inflate(r.compressed, src)
	if err == io.EOF { // within its header
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		r.err = err
		return r.noHeader(4)
	}
	r.stop = stop
	r.input = input{src: plain, size: r.size} // the old block stays with src
	return nil
}

// noHeader says why a capture's first n bytes could not be had.
func (r *Reader) noHeader(n int) error {
	if r.stored.err != nil {
		return r.stored.err
	}
	switch {
	case r.err != io.EOF && r.compressed == "":
		return r.err
	case r.err != io.EOF:
		return &fault{ErrFormat, r.err, fmt.Sprintf("%v: %v", ErrFormat, r.inflateError())}
	}
	what := "empty"
	if have := len(r.buf) - r.pos; have > 0 {
		what = fmt.Sprintf("header cut: %d of %d bytes", have, n)
	}
	if r.compressed != "" {
		what = r.compressed + ": " + what
	}
	return faultf(ErrFormat, "%v: %s", ErrFormat, what)
}

// inflateError names the compression once, whether its package does so or not.
func (r *Reader) inflateError() string {
	if r.err == io.ErrUnexpectedEOF {
		return r.compressed + ": stream cut"
	}
	return r.compressed + ": " + strings.TrimPrefix(r.err.Error(), r.compressed+": ")
}

// ended is a reader at the end that another one met.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) { return 0, e.err }
