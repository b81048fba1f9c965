package savefile

import (
	"errors"
	"time"

	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/files"
)

// finish completes the file and gives it its name, or what is complete of it a partial one.
func (f *File) finish(r *result, s *Series) {
	err := f.end()
	if err == nil && f.failed {
		err = s.failed
	}
	if err == nil && f.target != nil {
		err = f.target.Sync()
	}
	if err != nil {
		f.keep(r, s, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		r.err = sink.ErrAborted
		return
	}
	f.over = true
	r.name, r.written = f.path, f.frames
	switch {
	case f.target == nil:
		return
	case s.r.Rotates():
		n, err := f.target.CommitFirst(func(n int) string { return f.named(s, s.last, n) })
		r.number, r.err = s.last+n, err
		r.name = f.named(s, s.last, n)
	default:
		r.err = f.target.Commit()
	}
	if r.info = f.target.Info(); r.err != nil {
		*r = result{err: r.err, lost: f.frames}
	}
}

// named is the n-th name, from 1 on, that the file may have behind the last of its series. Where
// Rotation.Names takes no number, one is put behind all but the first.
func (f *File) named(s *Series, last, n int) string {
	names := s.r.Names
	if names == nil {
		return files.Numbered(s.path, last+n)
	}
	name := names(f.began, last+n)
	if n > 1 && name == names(f.began, last+1) {
		return files.Numbered(name, n)
	}
	return name
}

// keep gives the complete frames of a pcap or pcapng file that could not be written to its
// end a partial name. A file of rows has nothing that could be read.
func (f *File) keep(r *result, s *Series, why error) {
	r.err, r.lost = why, f.frames
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		r.err = sink.ErrAborted
		return
	}
	f.over = true
	if f.target == nil || !f.target.Regular() { // what was passed on has been read, or may be
		r.written, r.lost = f.passed, f.frames-f.passed
	}
	if f.target == nil {
		return
	}
	if !f.target.Regular() || IsRows(f.path) {
		f.target.Abort()
		return
	}
	n, err := f.target.Cut(completeFrames)
	if err != nil || n == 0 {
		r.err = errors.Join(why, err, f.target.Abort())
		return
	}
	base := f.path
	if s.r.Rotates() {
		base = f.named(s, s.last, 1)
	}
	at, err := f.target.CommitFirst(func(n int) string { return files.PartialName(base, n) })
	if err != nil {
		r.err = errors.Join(why, err)
		return
	}
	n = min(n, f.frames)
	r.complete = complete{name: files.PartialName(base, at), info: f.target.Info()}
	r.written, r.lost = n, f.frames-n
}

// completeFrames is where the last complete frame of a capture ends, and how many there are.
func completeFrames(name string, size int64) (end int64, n uint64, err error) {
	r, err := pcap.Open(name)
	if errors.Is(err, pcap.ErrTruncated) || errors.Is(err, pcap.ErrFormat) {
		return 0, 0, nil // not even the header is there
	}
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	for _, err := range r.All() {
		if err == nil {
			n++
			continue
		}
		var at *pcap.Error
		if !errors.As(err, &at) {
			return 0, 0, err
		}
		return at.Offset, n, nil
	}
	return size, n, nil
}

// retryAfter is how long a Series that rotates waits with a new file after an error.
const retryAfter = time.Second

// fail ends the file at hand after an error of writing it, keeping what is complete.
func (f *Series) fail(err error) error {
	if errors.Is(err, sink.ErrAborted) {
		return err
	}
	f.failed, f.since = err, time.Now()
	return f.complete(true, func(file *File, r *result, s *Series) { file.keep(r, s, err) })
}

// broken notes that there is no file, why, and what is complete of it.
func (f *Series) broken(r *result) {
	f.failed, f.since = r.err, time.Now()
	f.tell(r.name, r.err)
}

// tell has Options.Failed hear of an error.
func (f *Series) tell(kept string, err error) {
	if f.o.Failed != nil {
		f.o.Failed(f.path, kept, err)
	}
}

// again begins a file between two, or after one that failed if it is time to try.
func (f *Series) again() error {
	if f.failed != nil && (!f.r.Rotates() || time.Since(f.since) < retryAfter) {
		return nil
	}
	if f.failed != nil {
		if err := f.settle(); err != nil {
			return err
		}
	}
	err := f.begin()
	if err == nil {
		f.failed = nil
		return nil
	}
	if errors.Is(err, sink.ErrAborted) {
		return err
	}
	f.failed, f.since = err, time.Now()
	return nil
}

// Failed is why the Series takes no frames now; nil if it does.
func (f *Series) Failed() error { return f.failed }
