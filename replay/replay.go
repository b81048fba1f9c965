// Package replay puts the frames of a capture on a device: at the pace of the capture, at
// a rate, or as fast as the device takes them.
//
//	source → (filter) → chunks in memory → schedule → sender
//
// Frames leave in the order of the capture and unchanged. The package neither rewrites
// addresses nor answers anything: it is no traffic generator with a state.
package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"pinyon/packet"
	"pinyon/source"
)

// A Sender takes frames. afpacket.Sender is one.
type Sender interface {
	// SendBatch sends frames in order and says how many were taken. The error, a
	// syscall.Errno within, belongs to the first that was not.
	SendBatch(frames [][]byte) (n int, err error)
	// Accepts reports whether frames of a link type can be sent.
	Accepts(link uint16) bool
	// MaxFrame is the length of the longest frame without a VLAN tag.
	MaxFrame() int
}

// DefaultMemory is how many bytes of frames are held before the first is sent.
const DefaultMemory = 256 << 20

// Options of Run; nil means the zero value: once, with the gaps of the capture.
type Options struct {
	// One of the next may be set; none is the pace of the capture.
	PPS      float64 // frames a second
	Mbps     float64 // million bits a second, counted from link header to the end of the frame
	TopSpeed bool    // no pauses

	Multiplier float64       // of the pace of the capture: 2 is twice as fast; 0 is 1
	MaxGap     time.Duration // longer gaps of the capture are cut to it; 0 is no limit
	Loops      int           // how often; 0 is once, less is for ever
	Limit      uint64        // frames to send at most; 0 is no limit
	Duration   time.Duration // 0 is no limit

	// Memory bounds the frames held before sending starts, in bytes: if the input fits, no
	// reading disturbs the pace. What does not fit is read while the rest is sent. 0 is
	// DefaultMemory, less is nothing: for inputs that still grow.
	Memory int64
	// Once says that the input can be opened a single time.
	Once bool
	// Keep picks the frames to send, after they were numbered; nil keeps all. Its error
	// ends the run.
	Keep func(*packet.Frame) (bool, error)
}

// Stats of a run. Records is the sum of Sent, Filtered, TooLong and Failed, however it ended.
type Stats struct {
	Records  uint64            `json:"records"` // frames that were dealt with, by as many loops as were made
	Sent     uint64            `json:"packets"` // taken by the device
	Bytes    uint64            `json:"bytes"`   // of these, link header included
	Cut      uint64            `json:"cut"`     // of these: shorter than they had been, as the capture was
	Filtered uint64            `json:"filtered"`
	TooLong  uint64            `json:"too_long"` // for the device; not sent
	Failed   map[string]uint64 `json:"failed"`   // by errno; not sent
	Retries  map[string]uint64 `json:"retries"`  // by errno; sent in the end, unless the run was cut short
	Loops    uint64            `json:"loops"`    // completed
	Seconds  float64           `json:"seconds"`  // from the first frame to the last
	PPS      float64           `json:"packets_per_second"`
	Mbps     float64           `json:"mbit_per_second"`
	MaxLate  float64           `json:"max_late_seconds"` // most that a frame left behind its time; 0 at top speed
	InMemory bool              `json:"in_memory"`        // all frames were held before the first was sent
	Source   source.Counts     `json:"-"`                // oddities of the input, as far as it was read at most in a loop
}

// Errors of the input's kind; use errors.Is.
var (
	// ErrLinkType: frames of this link type do not fit the device.
	ErrLinkType = errors.New("link type does not fit the device")
	// ErrOnce: several loops over an input that can be opened once and exceeds the memory.
	ErrOnce = errors.New("input cannot be read again and exceeds the memory allowed")
	// ErrNothing: a whole loop went by without a frame being taken.
	ErrNothing = errors.New("no frame was sent")
)

// A LinkError is a frame that does not fit the device. It is ErrLinkType.
type LinkError struct {
	Number uint64 // of the frame, from 1
	Link   uint16
}

// Error reads as "frame 3: link type 113 does not fit the device".
func (e *LinkError) Error() string {
	return fmt.Sprintf("frame %d: link type %d does not fit the device", e.Number, e.Link)
}

// Unwrap gives ErrLinkType.
func (e *LinkError) Unwrap() error { return ErrLinkType }

// Run sends what open's source holds. It returns when everything is sent, when ctx ends
// (with its error), when the device is down or gone, or when the input cannot be read
// further; frames before a damage are sent. The Stats are those of what was done, whatever
// the error.
func Run(ctx context.Context, open func() (source.Source, error), to Sender, o *Options) (Stats, error) {
	if o == nil {
		o = &Options{}
	}
	r := &run{ctx: ctx, to: to, opt: *o, stats: Stats{Failed: map[string]uint64{}, Retries: map[string]uint64{}}}
	if r.opt.Multiplier == 0 {
		r.opt.Multiplier = 1
	}
	if r.opt.Memory == 0 {
		r.opt.Memory = DefaultMemory
	}
	in := &input{open: open, to: to, opt: &r.opt}
	err := r.all(in)
	r.sum()
	return r.stats, err
}

// maxPart is how many frames are sent between two looks at the clock.
const maxPart = 256

// A run is the sending side.
type run struct {
	ctx   context.Context
	to    Sender
	opt   Options
	stats Stats

	start   time.Time
	started bool
	end     time.Duration // since start, of the last frame
	base    int64         // ns since start that the loop at hand began, by the capture's pace
	tried   uint64        // frames that were sent or given up
	bits    float64       // of these
	late    int64         // ns
}

// errDone ends a run that did all it was asked for.
var errDone = errors.New("done")

func (r *run) all(in *input) error {
	if err := in.load(r.ctx); err != nil {
		return err
	}
	r.stats.InMemory = in.whole
	if !in.whole && r.opt.Once && r.opt.Loops != 0 && r.opt.Loops != 1 {
		return ErrOnce
	}
	if r.opt.Duration > 0 {
		ctx, cancel := context.WithTimeoutCause(r.ctx, r.opt.Duration, errDone)
		defer cancel()
		r.ctx = ctx
	}
	for n := 0; r.opt.Loops < 0 || n < max(r.opt.Loops, 1); n++ {
		before := r.stats
		length := int64(0)
		err := in.each(r.ctx, func(c *chunk) error {
			length = max(length, c.length)
			if c.source.Records >= r.stats.Source.Records {
				r.stats.Source = c.source
			}
			return r.send(c)
		})
		switch {
		case err == errDone:
			return nil
		case err != nil:
			return err
		}
		r.stats.Loops++
		r.base = plus(r.base, ns(float64(length)/r.opt.Multiplier))
		switch {
		case r.stats.Sent > before.Sent:
		case r.stats.Records-before.Records == r.stats.Filtered-before.Filtered:
			return nil // nothing to send, and no loop finds more
		default:
			return ErrNothing
		}
	}
	return nil
}

// never is when a frame is due that lies further off than ns can tell: 292 years.
const never = math.MaxInt64

// ns is x as a time.
func ns(x float64) int64 {
	if x < never {
		return int64(x)
	}
	return never
}

// plus is a+b, neither below 0.
func plus(a, b int64) int64 {
	if a > never-b {
		return never
	}
	return a + b
}

// at is when frame i of c is due, in ns since the start.
func (r *run) at(c *chunk, i int, ahead uint64, bits float64) int64 {
	switch {
	case r.opt.TopSpeed:
		return 0
	case r.opt.PPS > 0:
		return ns(float64(r.tried+ahead) * 1e9 / r.opt.PPS)
	case r.opt.Mbps > 0:
		return ns((r.bits + bits) * 1e3 / r.opt.Mbps)
	}
	return plus(r.base, ns(float64(c.due[i])/r.opt.Multiplier))
}

// send sends a chunk. All times are absolute, so that nothing adds up.
func (r *run) send(c *chunk) error {
	if !r.started {
		r.start, r.started = time.Now(), true
	}
	for i := 0; i < len(c.frames); {
		now := time.Since(r.start)
		if err := r.over(); err != nil {
			return err
		}
		due := r.at(c, i, 0, 0)
		if due > int64(now) {
			r.wait(time.Duration(due))
			continue
		}
		if !r.opt.TopSpeed {
			r.late = max(r.late, int64(now)-due)
		}
		most := min(len(c.frames), i+maxPart)
		if left := r.opt.Limit - r.stats.Sent; r.opt.Limit > 0 && uint64(most-i) > left {
			most = i + int(left)
		}
		j, bits := i+1, 8*float64(len(c.frames[i]))
		for j < most && r.at(c, j, uint64(j-i), bits) <= int64(now) {
			bits += 8 * float64(len(c.frames[j]))
			j++
		}
		n, err := r.to.SendBatch(c.frames[i:j])
		r.stats.Records += uint64(n)
		if n > 0 {
			r.end = time.Since(r.start)
		}
		r.took(c, i, n)
		i += n
		if err != nil {
			skip, err := r.failed(err)
			if err != nil {
				return err
			}
			if skip {
				r.passed(c.frames[i])
				i++
			}
		}
	}
	r.stats.Records += c.filtered + c.tooLong
	r.stats.Filtered += c.filtered
	r.stats.TooLong += c.tooLong
	return nil
}

// over says whether the run ends here.
func (r *run) over() error {
	if r.opt.Limit > 0 && r.stats.Sent >= r.opt.Limit {
		return errDone
	}
	select {
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	default:
		return nil
	}
}

// took books n frames of c from i on as sent.
func (r *run) took(c *chunk, i, n int) {
	r.stats.Sent += uint64(n)
	for k := i; k < i+n; k++ {
		r.passed(c.frames[k])
		r.stats.Bytes += uint64(len(c.frames[k]))
		if c.cut[k] {
			r.stats.Cut++
		}
	}
}

// passed moves the schedule on by a frame.
func (r *run) passed(frame []byte) {
	r.tried++
	r.bits += 8 * float64(len(frame))
}

// failed books an error of the sender. skip says to leave the frame out; otherwise it is
// tried again. A device that is down or gone ends the run.
func (r *run) failed(err error) (skip bool, fatal error) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false, err
	}
	switch errno {
	case syscall.ENOBUFS:
		r.stats.Retries[errnoName(errno)]++
		pause(20 * time.Microsecond) // a queue of 1,000 frames needs longer to become empty
		return false, nil
	case syscall.EAGAIN, syscall.EINTR:
		r.stats.Retries[errnoName(errno)]++
		return false, nil
	}
	r.stats.Records++
	switch errno {
	case syscall.EMSGSIZE:
		r.stats.TooLong++
		return true, nil
	case syscall.ENETDOWN, syscall.ENXIO, syscall.ENODEV, syscall.EBADF, syscall.EPERM, syscall.EACCES:
		r.stats.Failed[errnoName(errno)]++
		return false, err
	}
	r.stats.Failed[errnoName(errno)]++
	return true, nil
}

// sum completes the figures.
func (r *run) sum() {
	s := &r.stats
	s.Seconds = r.end.Seconds()
	if s.Seconds > 0 {
		s.PPS = float64(s.Sent) / s.Seconds
		s.Mbps = float64(s.Bytes) * 8 / 1e6 / s.Seconds
	}
	s.MaxLate = float64(r.late) / 1e9
}

// spin is how long before its time a frame is waited for awake: what a sleep may take
// longer than asked for.
const spin = 100 * time.Microsecond

// wait returns at a time since the start, or when the run is to end.
func (r *run) wait(until time.Duration) {
	const coarse = 3 * time.Millisecond // a timer of the runtime may be as late as 1 ms and more
	if left := until - time.Since(r.start); left > 2*coarse {
		t := time.NewTimer(left - coarse)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.ctx.Done():
			return
		}
	}
	if left := until - time.Since(r.start); left > spin {
		pause(left - spin)
	}
	for time.Since(r.start) < until {
	}
}
