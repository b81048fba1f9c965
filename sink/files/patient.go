package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// ErrStalled is why a run that is to end gives up a pipe: nobody has read from it for some seconds.
var ErrStalled = errors.New("nobody reads what is written")

// patience is how long a run that is to end waits for a reader who takes nothing.
const patience = 5 * time.Second

// Patient is w, or if that is a pipe or a socket, a writer that waits for its reader only until
// the run is to end, which closing ending says, and then as long as something is taken every few
// seconds. After that Write returns ErrStalled, always; what the reader may have taken meanwhile
// is not known. A nil ending never comes.
func Patient(w io.Writer, ending <-chan struct{}) io.Writer {
	f, ok := w.(*os.File)
	if !ok || ending == nil {
		return w
	}
	if info, err := f.Stat(); err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) == 0 {
		return w
	}
	return newPatient(f, ending, patience)
}

// A patient has another goroutine do each write, which stays in the kernel if it has to. It is used
// by one goroutine at a time.
type patient struct {
	w       io.Writer
	ending  <-chan struct{}
	wait    time.Duration
	done    chan written
	buf     []byte // for the writing goroutine, as the caller has its bytes back after an error
	stalled bool
}

type written struct {
	n   int
	err error
}

// pipeSize is how much is written at a time: what a pipe of Linux holds, so that a slow reader is
// seen to take something.
const pipeSize = 64 << 10

func newPatient(w io.Writer, ending <-chan struct{}, wait time.Duration) *patient {
	return &patient{w: w, ending: ending, wait: wait, done: make(chan written, 1)}
}

func (p *patient) Write(b []byte) (n int, err error) {
	for err == nil && n < len(b) {
		if p.stalled {
			return n, ErrStalled
		}
		p.buf = append(p.buf[:0], b[n:min(len(b), n+pipeSize)]...)
		go func(b []byte) {
			n, err := p.w.Write(b)
			p.done <- written{n, err}
		}(p.buf)
		var w written
		w, err = p.result()
		if n += w.n; err == nil {
			err = w.err
		}
	}
	return n, err
}

// result waits for what the goroutine does.
func (p *patient) result() (written, error) {
	select {
	case w := <-p.done:
		return w, nil
	case <-p.ending:
	}
	late := time.NewTimer(p.wait)
	defer late.Stop()
	select {
	case w := <-p.done:
		return w, nil
	case <-late.C:
		p.stalled = true
		return written{}, ErrStalled
	}
}

// until makes a file with create, and gives up once the run is to end: opening a FIFO waits for its
// reader.
func until(ending <-chan struct{}, path string, create func(path string) (*File, error)) (*File, error) {
	if ending == nil || !IsSpecial(path) {
		return create(path)
	}
	type made struct {
		f   *File
		err error
	}
	got := make(chan made, 1)
	go func() {
		f, err := create(path)
		got <- made{f, err}
	}()
	select {
	case m := <-got:
		if m.err == nil && !m.f.Regular() {
			m.f.to = Patient(m.f.file, ending)
		}
		return m.f, m.err
	case <-ending:
		go func() {
			if m := <-got; m.err == nil {
				m.f.Abort()
			}
		}()
		return nil, &fs.PathError{Op: "create", Path: path, Err: ErrStalled}
	}
}

// CreateUntil is Create for a run that is to end when ending is closed: a FIFO is not waited for
// beyond, and written to as Patient says.
func CreateUntil(ending <-chan struct{}, path string) (*File, error) {
	return until(ending, path, Create)
}
