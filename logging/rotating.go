package logging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A Rotating is a file that lines are appended to and that begins anew by size and by time, as File
// says. The former file is PATH.1, the one before it PATH.2 and so on. Write may be called from any
// goroutine.
type Rotating struct {
	o   File
	now func() time.Time // the clock, which tests replace

	mu    sync.Mutex
	file  *os.File // nil where it could not be opened anew
	size  int64
	until time.Time // when the file begins anew; zero is never
	over  bool
}

// OpenRotating opens the file, and makes its directory. One that is there from an earlier period
// becomes a former file with the first line.
func OpenRotating(o *File) (*Rotating, error) { return openRotating(o, time.Now) }

func openRotating(o *File, now func() time.Time) (*Rotating, error) {
	r := &Rotating{o: *o, now: now}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o755); err != nil {
		return nil, err
	}
	return r, r.open()
}

// open opens the file for appending.
func (r *Rotating) open() error {
	f, err := os.OpenFile(r.o.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.size = f, 0
	began := r.now()
	if info.Mode().IsRegular() {
		if r.size = info.Size(); r.size > 0 {
			began = info.ModTime()
		}
	} else {
		r.o.Every, r.o.MaxSize = 0, 0 // a pipe or a device has no former ones
	}
	r.until = time.Time{}
	if r.o.Every > 0 {
		r.until = began.UTC().Truncate(r.o.Every).Add(r.o.Every)
	}
	return nil
}

// Write appends a line, to a new file if it is time for one.
func (r *Rotating) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return 0, os.ErrClosed
	}
	if r.file == nil { // it could not be opened the last time
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	late := !r.until.IsZero() && !r.now().Before(r.until)
	if r.size > 0 && (late || r.o.MaxSize > 0 && r.size+int64(len(p)) > r.o.MaxSize) {
		if err := r.rotate(); err != nil {
			return 0, err
		}
	} else if late {
		r.until = r.now().UTC().Truncate(r.o.Every).Add(r.o.Every)
	}
	n, err := r.file.Write(p)
	r.size += int64(n)
	return n, err
}

// rotate makes the file a former one and opens another. If names cannot be changed lines go on to
// the file that there is.
func (r *Rotating) rotate() error {
	name := func(n int) string { return r.o.Path + "." + strconv.Itoa(n) }
	if r.o.Backups == 0 {
		if err := r.file.Truncate(0); err != nil {
			return err
		}
		r.size = 0
		if r.o.Every > 0 {
			r.until = r.now().UTC().Truncate(r.o.Every).Add(r.o.Every)
		}
		return nil
	}
	err := r.file.Close()
	r.file = nil
	for n := r.o.Backups - 1; n >= 1; n-- {
		if e := os.Rename(name(n), name(n+1)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	err = errors.Join(err, os.Rename(r.o.Path, name(1)))
	if e := r.open(); e != nil {
		return errors.Join(err, e)
	}
	return nil
}

// Close closes the file.
func (r *Rotating) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}
