package savefile

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"pinyon/packet"
	"pinyon/sink"
	"pinyon/sink/files"
)

// Rotation says when a new file of a Series begins. The zero value is never.
type Rotation struct {
	Size  int64         // bytes that no file grows over; 0 is no limit
	Every time.Duration // files begin at every multiple of it, UTC, by packet time; 0 is never
	Keep  int           // how many of the Series' own files stay; 0 is all
}

// Rotates reports whether there is more than one file.
func (r *Rotation) Rotates() bool { return r.Size > 0 || r.Every > 0 }

// A Series is where the frames of a capture go: one file, or one after the other with a number
// in the name, behind those that are there. Each appears under its name when it is complete.
// One goroutine at a time writes; Abort may come from any.
type Series struct {
	path string
	r    Rotation
	o    Options

	mu      sync.Mutex // of file, ending and over
	file    *File      // nil between files
	ending  *File      // that is being completed
	over    bool
	number  int
	written int64 // bytes of frames and their headers
	until   int64 // when the next file begins, by packet time; ns
	flushed time.Time
	passed  int64    // packet time up to which standard output has everything
	names   []string // of complete files that are kept

	ended      chan error // gives what completing ending came to; nil if there is none
	endingName string
}

// OpenSeries begins the first file.
func OpenSeries(path string, r *Rotation, o *Options) (*Series, error) {
	f := &Series{path: path, o: *o, flushed: time.Now()}
	if r != nil {
		f.r = *r
	}
	if f.r.Rotates() { // behind the files of earlier runs
		var err error
		if f.number, err = files.SeriesOf(path).Last(); err != nil {
			return nil, err
		}
	}
	if err := f.begin(); err != nil {
		return nil, err
	}
	return f, nil
}

// name is the name of the file at hand.
func (f *Series) name() string {
	if !f.r.Rotates() {
		return f.path
	}
	return files.Numbered(f.path, f.number)
}

func (f *Series) begin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return sink.ErrAborted
	}
	f.number++
	file, err := Create(f.name(), &f.o)
	if err != nil {
		return err
	}
	f.file, f.written = file, fileHeader
	return nil
}

// What a file takes beside its frames, at most: its own header and a frame's. A pcapng
// interface takes more with a long name.
const (
	fileHeader  = 24
	frameHeader = 16
	ngHeader    = 256
	ngFrame     = 32
)

func (f *Series) size(frame *packet.Frame) int64 {
	if IsNG(f.path) {
		return int64(ngFrame + (len(frame.Data)+3)&^3)
	}
	return int64(frameHeader + len(frame.Data))
}

// Write appends a frame, to a new file if it is time for one.
func (f *Series) Write(p *packet.Frame) error {
	size := f.size(p)
	most := f.r.Size
	if IsNG(f.path) {
		most -= ngHeader
	}
	full := f.r.Size > 0 && f.written > fileHeader && f.written+size > most
	if f.file != nil && (full || f.r.Every > 0 && f.until != 0 && p.TS >= f.until) {
		if err := f.end(); err != nil {
			return err
		}
	}
	if f.file == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	if every := int64(f.r.Every); every > 0 && (f.until == 0 || p.TS >= f.until) {
		f.until = (p.TS/every + 1) * every
	}
	f.written += size
	if err := f.file.Write(p); err != nil || f.path != "-" {
		return err
	}
	if d := p.TS - f.passed; d > int64(passEvery) || d < 0 {
		f.passed = p.TS
		return f.file.Flush()
	}
	return nil
}

// passEvery is how long whoever reads standard output waits for a frame while others come.
const passEvery = 100 * time.Millisecond

// Idle is for when no frame comes, now and then: what was written leaves, and a file whose time is
// over is finished.
func (f *Series) Idle() error {
	if f.file == nil {
		return nil
	}
	if f.r.Every > 0 && f.until != 0 && time.Now().Add(-time.Second).UnixNano() > f.until {
		return f.end()
	}
	if f.path != "-" && time.Since(f.flushed) < time.Second {
		return nil
	}
	f.flushed = time.Now()
	return f.file.Flush()
}

// end completes the file at hand. Rows take a while to encode, which the capture does not wait
// for: what went wrong is told when the next one ends.
func (f *Series) end() error {
	if f.file == nil {
		return nil
	}
	if err := f.settle(); err != nil {
		f.Abort()
		return err
	}
	file, done := f.file, make(chan error, 1)
	f.mu.Lock()
	f.file, f.ending = nil, file
	f.mu.Unlock()
	f.ended, f.endingName = done, f.name()
	if IsRows(f.path) {
		go func() { done <- file.Close() }()
		return nil
	}
	done <- file.Close()
	return f.settle()
}

// settle waits for the file that is being completed, and forgets the oldest.
func (f *Series) settle() error {
	if f.ended == nil {
		return nil
	}
	err := <-f.ended
	f.ended = nil
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.ending = nil
	f.mu.Unlock()
	f.names = append(f.names, f.endingName)
	if keep := f.r.Keep; keep > 0 && len(f.names) > keep {
		for _, name := range f.names[:len(f.names)-keep] {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		f.names = slices.Delete(f.names, 0, len(f.names)-keep)
	}
	return nil
}

// Close completes the file at hand.
func (f *Series) Close() error { return errors.Join(f.end(), f.settle()) }

// Names are those of complete files that are kept; none of standard output.
func (f *Series) Names() []string {
	if f.path == "-" {
		return nil
	}
	return f.names
}

// Abort removes the file at hand; nothing is written afterwards.
func (f *Series) Abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for _, file := range []*File{f.file, f.ending} {
		if file != nil {
			file.Abort()
		}
	}
}
