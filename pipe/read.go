package pipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pinyon/feed"
	"pinyon/packetstore"
)

// system names the operating system for link type numbers, which differ between systems.
const system = runtime.GOOS

// Rows of a batch, and bytes of their frames, at most (one frame may be longer).
const (
	batchRows  = 1024
	batchBytes = 1 << 20
)

// form is a form of rows, which are made once a read asks for it.
type form struct {
	name    string
	batches *packetstore.Batches
	told    bool // the schema was sent
	buf     bytes.Buffer
}

// errEnough ends a dispatch from its handler.
var errEnough = errors.New("enough")

// carryOutRead hands packets on until the request's end.
func (s *Server) carryOutRead(q *Request, r *Reply) error {
	number := s.read.Add(1)
	if s.feed == nil {
		return badRequest("read: there is no feed")
	}
	f, err := s.form(q.Form)
	if err != nil {
		return err
	}
	switch q.Until {
	case "count", "timeout", "buffer", "end":
	default:
		return badRequest("read: until %q; want count, timeout, buffer or end", q.Until)
	}
	var failed error // of writing rows or the output
	isBroken := func() bool { return s.broken.Load() >= number }
	handle := func(p *feed.Packet) error {
		if o := s.output.Load(); o != nil {
			if failed = o.write(p); failed != nil {
				return failed
			}
		}
		r.Packets++
		s.given.Add(1)
		if f != nil {
			f.batches.Add(&p.Frame)
			if f.batches.Rows() >= batchRows || f.batches.Bytes() >= batchBytes {
				if failed = s.send(f); failed != nil {
					return failed
				}
			}
		}
		if q.Count > 0 && r.Packets == q.Count || isBroken() {
			return errEnough
		}
		return nil
	}
	quiet := time.Now()
	for r.Reason == "" {
		if isBroken() {
			r.Reason = "break"
			break
		}
		n, err := s.feed.Dispatch(feed.Buffer, handle)
		if n > 0 {
			quiet = time.Now()
		}
		switch {
		case failed != nil:
			return failed
		case err == errEnough && q.Count > 0 && r.Packets == q.Count:
			r.Reason = "count"
		case err == errEnough:
			r.Reason = "break"
		case err == io.EOF:
			r.Reason = "eof"
		case err == feed.ErrWouldBlock:
			r.Reason = "would-block"
		case err == feed.ErrTimeout:
			if q.Timeout > 0 && q.Until != "count" && time.Since(quiet).Seconds() >= q.Timeout {
				r.Reason = "timeout"
			}
		case err != nil:
			if e := s.send(f); e != nil {
				return e
			}
			return err
		case q.Until == "buffer":
			r.Reason = "buffer"
		}
		// What came so far is not kept back until more comes.
		if err := s.send(f); err != nil {
			return err
		}
	}
	return nil
}

// write writes a packet to the output.
func (o *output) write(p *feed.Packet) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.to.Write(&p.Frame); err != nil {
		return &outputError{err}
	}
	return nil
}

// form is a form of rows by name; nil is none.
func (s *Server) form(name string) (*form, error) {
	if name == "none" {
		return nil, nil
	}
	if name != "raw" && name != "packets" {
		return nil, badRequest("read: form %q; want raw, packets or none", name)
	}
	f := s.forms[name]
	if f == nil {
		f = &form{name: name, batches: packetstore.NewBatches(&s.rows, name == "raw")}
		s.forms[name] = f
	}
	return f, nil
}

// send writes the rows that wait, if any, and before the first of a form its schema.
func (s *Server) send(f *form) error {
	if f == nil || f.batches.Rows() == 0 {
		return nil
	}
	if !f.told {
		f.told = true
		p := ipc.GetSchemaPayload(f.batches.Schema(), memory.DefaultAllocator)
		if err := s.sendPayload(f, TypeSchema, &p); err != nil {
			return err
		}
	}
	rec := f.batches.Take()
	defer rec.Release()
	p, err := ipc.GetRecordBatchPayload(rec)
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	return s.sendPayload(f, TypeRows, &p)
}

// sendPayload writes an Arrow message behind the name of its form, filled up to 8 bytes with zeros.
func (s *Server) sendPayload(f *form, t Type, p *ipc.Payload) error {
	defer p.Release()
	f.buf.Reset()
	f.buf.WriteString(f.name)
	f.buf.Write(make([]byte, 8-len(f.name)))
	if _, err := p.WritePayload(&f.buf); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	return s.write(t, f.buf.Bytes())
}
