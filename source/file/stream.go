package file

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"pinyon/pcap"
)

// A Stream is a pipe or standard input as a capture that can be given up while it has nothing
// to say. Regular files need no such thing.
type Stream struct {
	*pcap.Reader
	from *patient
}

// Idle has f called before each wait for more bytes, from the goroutine that reads; nil is nothing.
func (s *Stream) Idle(f func()) { s.from.idle = f }

// Close gives the pipe up, whether or not anything comes.
func (s *Stream) Close() error {
	err := s.Reader.Close()
	s.from.close()
	return err
}

// OpenStream makes a source of what open gives, which is called in another goroutine: a FIFO
// opens when its writer comes. The source ends when stop is closed. name is for errors.
func OpenStream(name string, open func() (io.ReadCloser, error), stop <-chan struct{}) (*Stream, error) {
	p := &patient{stop: stop, data: make(chan chunk), free: make(chan []byte, 2), done: make(chan struct{})}
	p.free <- make([]byte, chunkSize)
	p.free <- make([]byte, chunkSize)
	go p.run(open)
	r, err := pcap.NewReader(p)
	if err != nil {
		p.close()
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // without the package's name
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Stream{r, p}, nil
}

const chunkSize = 256 << 10

type chunk struct {
	buf []byte
	n   int
	err error
}

// A patient reads ahead by two chunks, in a goroutine that may block for ever without
// harm.
type patient struct {
	stop <-chan struct{}
	idle func() // if not nil, called by Read before it waits
	data chan chunk
	free chan []byte
	done chan struct{} // closed when nobody wants more
	once sync.Once
	cur  chunk
	at   int
}

func (p *patient) run(open func() (io.ReadCloser, error)) {
	r, err := open()
	if err != nil {
		p.give(chunk{err: err})
		return
	}
	defer r.Close()
	for {
		var buf []byte
		select {
		case buf = <-p.free:
		case <-p.done:
			return
		}
		n, err := r.Read(buf)
		if !p.give(chunk{buf, n, err}) || err != nil {
			return
		}
	}
}

func (p *patient) give(c chunk) bool {
	select {
	case p.data <- c:
		return true
	case <-p.done:
		return false
	}
}

// Read gives what has arrived, and io.EOF once stopped.
func (p *patient) Read(b []byte) (int, error) {
	for p.at == p.cur.n {
		if p.cur.err != nil {
			return 0, p.cur.err
		}
		if p.cur.buf != nil {
			p.free <- p.cur.buf // has room for both
			p.cur = chunk{}
		}
		p.at = 0
		if p.idle != nil {
			select {
			case p.cur = <-p.data:
				continue
			default:
				p.idle()
			}
		}
		select {
		case p.cur = <-p.data:
		case <-p.stop:
			p.cur = chunk{err: io.EOF}
		}
	}
	n := copy(b, p.cur.buf[p.at:p.cur.n])
	p.at += n
	return n, nil
}

func (p *patient) close() { p.once.Do(func() { close(p.done) }) }
