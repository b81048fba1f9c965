package savefile

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"pinyon/packet"
	"pinyon/sink"
	"pinyon/sink/files"
)

// Rotation says when a new file of a Series begins. The zero value is never.
type Rotation struct {
	Size  int64         // bytes that no file grows over, and at which one of rows ends, a row group later at most; 0 is no limit
	Every time.Duration // files begin at every multiple of it, UTC, by packet time; 0 is never
	Keep  int           // how many of the Series' own files stay; 0 is all
	// Names, if not nil, is the name of the file that began at that time (by the machine's clock),
	// the n-th free one from 1 on. All are in one directory, and of the format of the path.
	Names func(began time.Time, n int) string
}

// Rotates reports whether there is more than one file.
func (r *Rotation) Rotates() bool { return r.Size > 0 || r.Every > 0 }

// A Series is where the frames of a capture go: one file, or one after the other with a number
// in the name, behind those that are there. Each appears under its name when it is complete, and
// a file of several replaces nothing: its number is the next that is free by then.
//
// A file that cannot be written does not end the Series' capture. What is complete of it stays
// under a files.PartialName, and the frames that it lacks are counted as lost. A Series that
// rotates tries again with a new file, once a second; one file alone takes no more.
//
// One goroutine at a time writes; Abort may come from any.
type Series struct {
	path string
	r    Rotation
	o    Options

	mu      sync.Mutex // of file, ending and over
	file    *File      // nil between files
	ending  *File      // that is being completed
	over    bool
	began   int   // files of this run, for temporary names
	written int64 // bytes of frames and their headers
	until   int64 // when the next file begins, by packet time; ns
	flushed time.Time
	passed  int64 // packet time up to which standard output has everything

	failed error     // why there is no file; nil if there is one, or will be
	since  time.Time // when the last attempt failed
	count  Counts

	last  int // number of the last complete file
	done  []complete
	ended chan result // gives what completing ending came to; nil if there is none
}

// Counts are what became of the frames of a Series: all that it was given are in files that are
// complete or partial, or lost.
type Counts struct {
	Written uint64 `json:"written"` // to files, those that Rotation.Keep has removed included
	Lost    uint64 `json:"lost"`
}

// complete is a file that has its name.
type complete struct {
	name string
	info fs.FileInfo
}

// result is what completing a file came to.
type result struct {
	complete
	number  int
	written uint64
	lost    uint64
	err     error
}

// OpenSeries begins the first file.
func OpenSeries(path string, r *Rotation, o *Options) (*Series, error) {
	f := &Series{path: path, o: *o, flushed: time.Now()}
	if r != nil {
		f.r = *r
	}
	if f.r.Rotates() && f.r.Names == nil { // behind the files of earlier runs
		var err error
		if f.last, err = files.SeriesOf(path).Last(); err != nil {
			return nil, err
		}
	}
	if err := f.begin(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Series) begin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return sink.ErrAborted
	}
	f.began++
	path, open := f.path, f.o.create()
	if f.r.Rotates() {
		path, open = files.Numbered(f.path, f.began), files.CreateNew
	}
	file, err := create(path, &f.o, open)
	if err != nil {
		return err
	}
	file.began = time.Now()
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

// Write appends a frame, to a new file if it is time for one. What cannot be written is
// counted as lost; the error is that of a Series that was aborted.
func (f *Series) Write(p *packet.Frame) error {
	size := f.size(p)
	most := f.r.Size
	if IsNG(f.path) {
		most -= ngHeader
	}
	full := f.r.Size > 0 && f.written > fileHeader && f.written+size > most
	if IsRows(f.path) {
		full = f.r.Size > 0 && f.file != nil && f.file.stored.Load() >= f.r.Size
	}
	if f.file != nil && (full || f.r.Every > 0 && f.until != 0 && p.TS >= f.until) {
		if err := f.end(); err != nil {
			return err
		}
	}
	if f.file == nil {
		if err := f.again(); err != nil {
			return err
		}
	}
	if every := int64(f.r.Every); every > 0 && (f.until == 0 || p.TS >= f.until) {
		f.until = (p.TS/every + 1) * every
	}
	if f.file == nil {
		f.count.Lost++
		return nil
	}
	f.written += size
	err := f.file.Write(p)
	if err != nil {
		f.count.Lost++ // of this frame; settle counts the others
	} else if f.path == "-" {
		if d := p.TS - f.passed; d > int64(passEvery) || d < 0 {
			f.passed = p.TS
			err = f.file.Flush()
		}
	}
	if err == nil {
		return nil
	}
	return f.fail(err)
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
	if err := f.file.Flush(); err != nil {
		return f.fail(err)
	}
	return nil
}

// end completes the file at hand. Rows take a while to encode, which the capture does not wait
// for: what went wrong is told when the next one ends.
func (f *Series) end() error { return f.complete(IsRows(f.path), (*File).finish) }

// complete ends the file at hand as finish does, which fills in a result.
func (f *Series) complete(aside bool, finish func(*File, *result, *Series)) error {
	if f.file == nil {
		return nil
	}
	if err := f.settle(); err != nil {
		return err
	}
	file, ended := f.file, make(chan result, 1)
	f.mu.Lock()
	f.file, f.ending = nil, file
	f.mu.Unlock()
	f.ended = ended
	work := func() {
		var r result
		finish(file, &r, f)
		ended <- r
	}
	if aside {
		go work()
		return nil
	}
	work()
	return f.settle()
}

// settle waits for the file that is being completed, and forgets the oldest.
func (f *Series) settle() error {
	if f.ended == nil {
		return nil
	}
	r := <-f.ended
	f.ended = nil
	f.mu.Lock()
	f.ending = nil
	over := f.over
	f.mu.Unlock()
	if errors.Is(r.err, sink.ErrAborted) && over {
		return r.err
	}
	f.count.Written += r.written
	f.count.Lost += r.lost
	if r.number > 0 {
		f.last = r.number
	}
	if r.name != "" {
		f.done = append(f.done, r.complete)
	}
	f.forget()
	if r.err != nil {
		f.broken(&r)
	}
	return nil
}

// forget removes the oldest files that are complete, if only so many are kept: those that are
// still the ones that this Series has made.
func (f *Series) forget() {
	for f.r.Keep > 0 && len(f.done) > f.r.Keep {
		old := f.done[0]
		f.done = f.done[1:]
		if info, err := os.Lstat(old.name); err != nil || !os.SameFile(info, old.info) {
			continue
		}
		if err := os.Remove(old.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.tell("", err)
		}
	}
}

// Close completes the file at hand. The error is that of a Series that was aborted.
func (f *Series) Close() error { return errors.Join(f.end(), f.settle()) }

// Counts are what became of the frames; those of a file that is not complete are not in them.
func (f *Series) Counts() Counts { return f.count }

// Path is the name that the Series was opened with.
func (f *Series) Path() string { return f.path }

// Names are those of complete files that are kept; none of standard output.
func (f *Series) Names() []string {
	if f.path == "-" {
		return nil
	}
	var names []string
	for _, d := range f.done {
		names = append(names, d.name)
	}
	return names
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
