package replay

import (
	"context"
	"io"
	"math"
	"sync/atomic"

	"pinyon/packet"
	"pinyon/source"
)

// An input is what is sent: chunks held in memory, and a reader for what did not fit.
type input struct {
	open func() (source.Source, error)
	to   Sender
	opt  *Options

	held  []*chunk
	whole bool    // held is all of it
	rest  *reader // behind held; nil if whole, and from the second loop on
	err   error   // the damage that ends held
}

// load reads ahead as far as the memory goes. A frame that cannot be sent at all is an
// error here, before any is sent; a damage is not.
func (in *input) load(ctx context.Context) error {
	r, err := in.reader()
	if err != nil {
		return err
	}
	for used := int64(0); used < in.opt.Memory; {
		if ctx.Err() != nil {
			r.src.Close()
			return context.Cause(ctx)
		}
		c := newChunk()
		err := r.read(ctx, c, nil)
		c.shrink()
		used += int64(cap(c.arena)) + frameRoom*int64(cap(c.frames))
		in.held = append(in.held, c)
		if err == nil {
			continue
		}
		r.src.Close()
		switch {
		case err == io.EOF:
			in.whole = true
			return nil
		case r.damaged && len(in.held[0].frames) > 0:
			in.err = err
			return nil
		}
		return err
	}
	in.rest = r
	return nil
}

func (in *input) reader() (*reader, error) {
	src, err := in.open()
	if err != nil {
		return nil, err
	}
	return &reader{src: src, to: in.to, keep: in.opt.Keep, clock: clock{maxGap: int64(in.opt.MaxGap)}}, nil
}

// each gives every chunk of a loop to send, in order.
func (in *input) each(ctx context.Context, send func(*chunk) error) error {
	for _, c := range in.held {
		if err := send(c); err != nil {
			return err
		}
	}
	if in.whole || in.err != nil {
		return in.err
	}
	r := in.rest
	if r == nil {
		var err error
		if r, err = in.reader(); err != nil {
			return err
		}
	}
	in.held, in.rest = nil, nil // the next loop reads everything
	return r.stream(ctx, send)
}

// A reader cuts a source into chunks.
type reader struct {
	src     source.Source
	to      Sender
	keep    func(*packet.Frame) (bool, error)
	clock   clock
	frame   packet.Frame
	damaged bool // the source ended with an error
}

// read is fill, and notes what the source has met so far.
func (r *reader) read(ctx context.Context, c *chunk, hurry func() bool) error {
	err := r.fill(ctx, c, hurry)
	c.source = r.src.Stats().Counts
	return err
}

// fill reads frames into c until it is full, hurry says so or ctx ends, which a filter that
// lets nothing through would outlive.
func (r *reader) fill(ctx context.Context, c *chunk, hurry func() bool) error {
	const look = 4096 // frames between two looks at ctx
	most := r.to.MaxFrame()
	f := &r.frame
	for n := 1; ; n++ {
		if n%look == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.src.Next(f); err != nil {
			r.damaged = err != io.EOF
			return err
		}
		if r.keep != nil {
			ok, err := r.keep(f)
			if err != nil {
				return err
			}
			if !ok {
				c.filtered++
				continue
			}
		}
		if !r.to.Accepts(f.Link) {
			return &LinkError{Number: f.Number, Link: f.Link}
		}
		if len(f.Data) > most && !(len(f.Data) <= most+4 && tagged(f)) {
			c.tooLong++
			continue
		}
		c.add(f, r.clock.tick(f.TS))
		if c.full() || hurry != nil && hurry() {
			return nil
		}
	}
}

// tagged reports whether the frame has a VLAN tag, which comes on top of the MTU.
func tagged(f *packet.Frame) bool {
	return f.Link == packet.LinkEthernet && len(f.Data) >= 18 && f.Data[12] == 0x81 && f.Data[13] == 0x00
}

// streamChunks is how many chunks a reader and a sender have between them.
const streamChunks = 4

// stream reads in another goroutine while send is at work, and closes the source. Chunks
// are full, unless the sender waits for one: a pipe that gives a frame now and then is
// passed on at once.
func (r *reader) stream(ctx context.Context, send func(*chunk) error) error {
	full, free := make(chan *chunk, streamChunks), make(chan *chunk, streamChunks)
	done := make(chan struct{})
	defer close(done)
	var waits atomic.Bool
	var end error // read after full is closed
	for range streamChunks {
		free <- newChunk()
	}
	// It may be blocked in Next for as long as a pipe is silent, so nobody waits for it.
	go func() {
		defer close(full)
		defer r.src.Close()
		for end == nil {
			var c *chunk
			select {
			case c = <-free:
			case <-done:
				return
			}
			c.reset()
			end = r.read(ctx, c, waits.Load)
			full <- c // has room for all
		}
	}()
	for {
		waits.Store(len(full) == 0)
		var c *chunk
		select {
		case c = <-full:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		waits.Store(false)
		if c == nil {
			if end == io.EOF {
				return nil
			}
			return end
		}
		if err := send(c); err != nil {
			return err
		}
		free <- c
	}
}

// A clock turns times of a capture into times since its first frame, in ns, that never
// decrease.
type clock struct {
	maxGap int64 // longer gaps are cut to it; 0 is no limit
	began  bool
	zero   int64 // time of the capture that is 0
	due    int64
}

// jitter is how far behind the latest a frame may be without the capture's clock having
// been set back: captures of several queues are out of order by less.
const jitter = 1e9

func (c *clock) tick(ts int64) int64 {
	if !c.began {
		c.began, c.zero = true, ts
		return 0
	}
	due := since(ts, c.zero)
	switch ahead := due - c.due; {
	case ahead < -jitter:
		c.zero = ts - c.due
	case ahead < 0:
	case c.maxGap > 0 && ahead > c.maxGap:
		c.zero += ahead - c.maxGap
		c.due += c.maxGap
	default:
		c.due = due
	}
	return c.due
}

// since is ts - zero within a quarter of what an int64 holds: 73 years either way.
func since(ts, zero int64) int64 {
	const most = math.MaxInt64 / 4
	switch d := ts - zero; {
	case ts > zero && (d < 0 || d > most):
		return most
	case ts < zero && (d > 0 || d < -most):
		return -most
	default:
		return d
	}
}
