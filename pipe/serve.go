package pipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/feed"
	"pinyon/filter"
	"pinyon/netif"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/savefile"
)

// ReadTimeout is how long a device that is steered may let a read wait: set it in
// capture.Options.
const ReadTimeout = silence

// A Server carries out requests on a feed.
type Server struct {
	feed feed.Feed // nil: only match
	rows packetstore.Options

	mu  sync.Mutex // of out
	out io.Writer

	forms  map[string]*form
	reads  chan Request
	broken atomic.Uint64 // a break: reads up to this number end
	read   atomic.Uint64 // number of the read at hand
	given  atomic.Int64  // packets handed on by all reads

	output atomic.Pointer[output]
}

// output is the file that packets go to. The mutex lies between a read that writes and a request
// that ends the file.
type output struct {
	mu sync.Mutex
	to session.FrameWriter
}

// New makes a server that writes to out. rows say how packets are decoded; f may be nil.
func New(f feed.Feed, out io.Writer, rows *packetstore.Options) *Server {
	s := &Server{feed: f, out: out, forms: map[string]*form{}, reads: make(chan Request, 16)}
	if rows != nil {
		s.rows = *rows
	}
	return s
}

// Serve carries out the requests of in until that ends, or ctx does; then it completes the output. It does
// not close the feed.
func (s *Server) Serve(ctx context.Context, in io.Reader) error {
	done := make(chan error, 1)
	go func() {
		for q := range s.reads {
			if err := s.answer(&q, s.carryOutRead); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	requests := make(chan error, 1)
	go func() { requests <- s.take(in) }()
	var err error
	select {
	case err = <-requests:
	case <-ctx.Done():
	case err = <-done: // nobody reads what is written
		return errors.Join(err, s.end())
	}
	s.broken.Store(^uint64(0))
	if ctx.Err() == nil {
		close(s.reads)
		err = errors.Join(err, <-done)
	}
	return errors.Join(err, s.end())
}

// take takes requests until there are no more.
func (s *Server) take(in io.Reader) error {
	var number uint64
	for {
		var q Request
		if err := readRequest(in, &q); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch q.Op {
		case "read":
			s.reads <- q
			number++
		case "break":
			s.broken.Store(number)
			if err := s.answer(&q, func(*Request, *Reply) error { return nil }); err != nil {
				return err
			}
		default:
			if err := s.answer(&q, s.carryOut); err != nil {
				return err
			}
		}
	}
}

// answer carries a request out and replies. Its error is that of writing.
func (s *Server) answer(q *Request, do func(*Request, *Reply) error) error {
	r := Reply{ID: q.ID}
	if err := do(q, &r); err != nil {
		r.Error = faultOf(err)
	}
	body, err := json.Marshal(&r)
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	return s.write(TypeReply, body)
}

func (s *Server) write(t Type, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.out.Write(appendFrame(nil, t, body))
	return err
}

// errRequest is the error of a request that asks for something unknown.
type errRequest struct{ text string }

func (e *errRequest) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &errRequest{fmt.Sprintf(format, args...)}
}

// ops is every request but reads.
var ops = map[string]func(*Server, *Request, *Reply) error{
	"describe": func(s *Server, _ *Request, r *Reply) error {
		r.Feed = describe(s.feed)
		return nil
	},
	"filter": func(s *Server, q *Request, _ *Reply) error {
		if q.On {
			return s.feed.Filter(q.Text)
		}
		return s.feed.Filter(q.Text, feed.NoOptimize)
	},
	"direction": func(s *Server, q *Request, _ *Reply) error {
		d, ok := map[string]capture.Direction{"inout": feed.InOut, "in": feed.In, "out": feed.Out}[q.Text]
		if !ok {
			return badRequest("direction: got %q; want inout, in or out", q.Text)
		}
		return s.feed.SetDirection(d)
	},
	"nonblock": func(s *Server, q *Request, _ *Reply) error { return s.feed.SetNonblock(q.On) },
	"inject":   func(s *Server, q *Request, _ *Reply) error { return s.feed.Inject(q.Data) },
	"stats": func(s *Server, _ *Request, r *Reply) error {
		live, ok := s.feed.(*feed.Live)
		if !ok {
			return feed.ErrUnsupported
		}
		st := live.Stats()
		r.Stats, r.Packets = &st, int(s.given.Load())
		return nil
	},
	"output": func(s *Server, q *Request, _ *Reply) error { return s.setOutput(q.Text) },
}

func (s *Server) carryOut(q *Request, r *Reply) error {
	if q.Op == "match" {
		return match(q, r)
	}
	do, ok := ops[q.Op]
	switch {
	case !ok:
		return badRequest("no request %q", q.Op)
	case s.feed == nil:
		return badRequest("%s: there is no feed", q.Op)
	}
	return do(s, q, r)
}

func describe(f feed.Feed) *Feed {
	_, live := f.(*feed.Live)
	return &Feed{Name: f.Name(), Live: live, LinkType: int(f.LinkType().Number()), DLT: f.LinkType().DLT(), LinkName: f.LinkType().String(),
		HeaderLen: f.HeaderLen(), Snaplen: f.Snaplen(), Resolution: f.Resolution().String(), Filter: f.FilterExpr(), Nonblock: f.Nonblock()}
}

// match compiles an expression and tries it on frames.
func match(q *Request, r *Reply) error {
	link, ok := feed.FromDLT(q.LinkType, system)
	if !ok {
		return badRequest("no link type %d", q.LinkType)
	}
	p, err := filter.Compile(q.Text, link.Number(), nil)
	if err != nil {
		return err
	}
	r.Match = make([]bool, len(q.Frames))
	for i, data := range q.Frames {
		r.Match[i] = p.Match(data, uint32(len(data)))
	}
	return nil
}

// setOutput completes the output there is, and begins one.
func (s *Server) setOutput(path string) error {
	if err := s.end(); err != nil || path == "" {
		return err
	}
	open := savefile.Output(path, s.feed.Snaplen(), &savefile.Options{Rows: s.rows})
	w, err := open([]string{s.feed.Name()}, []uint16{s.feed.LinkType().Number()})
	if err != nil {
		return &outputError{err}
	}
	s.output.Store(&output{to: w})
	return nil
}

// end completes the output.
func (s *Server) end() error {
	o := s.output.Swap(nil)
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.to.Close(); err != nil {
		return &outputError{err}
	}
	return nil
}

// outputError is an error of the file that packets go to.
type outputError struct{ err error }

func (e *outputError) Error() string { return e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// faultOf is an error as the caller is told of it.
func faultOf(err error) *Fault {
	f := &Fault{Kind: "other", Text: err.Error()}
	var fe *filter.Error
	var oe *outputError
	var re *errRequest
	var pe *pcap.Error
	switch {
	case errors.As(err, &re):
		f.Kind = "request"
	case errors.As(err, &oe):
		f.Kind = "output"
	case errors.As(err, &fe):
		f.Kind, f.Offset = "filter", fe.Offset
	case errors.Is(err, fs.ErrPermission):
		f.Kind = "permission"
	case errors.Is(err, netif.ErrNotFound), errors.Is(err, capture.ErrDown), errors.Is(err, capture.ErrGone):
		f.Kind = "interface"
	case errors.Is(err, feed.ErrUnsupported):
		f.Kind = "unsupported"
	case errors.Is(err, feed.ErrClosed):
		f.Kind = "closed"
	case errors.As(err, &pe):
		f.Kind = "input"
	case errors.Is(err, feed.ErrFrameSize):
		f.Kind = "request"
	}
	return f
}
