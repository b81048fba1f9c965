package process

import (
	"errors"
	"io"
	"sync"
	"time"

	"pinyon/packet"
	"pinyon/source"
)

// How long a packet waits for its socket: holdTime, and until the sockets were listed after it
// came, but longestHold at most.
const (
	holdTime    = 300 * time.Millisecond
	longestHold = 2 * time.Second
)

// clockLag is how far behind the wall clock a silent source says to be: longer than the system
// keeps packets back.
const clockLag = 500 * time.Millisecond

// sockets are what a Source asks for whose they are: a Tracker.
type sockets interface {
	// update brings the index up to date, and reports whether it changed.
	update(x *index) bool
	// wanted has the sockets listed soon.
	wanted()
	// listed is when the latest complete listing began, wall clock in ns.
	listed() int64
	// settle lists them now.
	settle()
	// stats are the sums, packets left out.
	stats() Stats
	Close() error
}

// A Source passes on the packets of another one that belong to the processes wanted, each with
// the number of its process. They keep their order: behind a packet that waits the later ones
// wait too.
type Source struct {
	from    source.Source
	tracker sockets
	index   *index
	queue   *queue
	decoder decoder

	frame   packet.Frame // at hand
	at      ends         // of it
	whose   holder
	verdict verdict
	pending bool // the frame at hand has found no room

	changed uint64 // how often the index did
	looked  uint64 // when the head of the queue was looked up
	number  uint64 // of packets passed on
	limit   uint64 // of them; 0 is none
	stop    func() // ends the source once there were so many
	last    int64  // time of the latest packet of the source
	quiet   int64  // until when the source has given everything
	err     error  // the end of the source
	longest time.Duration

	mu         sync.Mutex
	stats      Stats // packets only
	sums       Stats // of stats, for others
	goneBytes  uint64
	goneFrames uint64
	cut        uint64
	left       uint64       // packets that waited when the end had come
	skipped    source.Stats // of sums
	full       bool         // the limit was reached
}

// NewSource is a Source over another one, whose packets were captured on this machine. Closing it
// closes both.
func NewSource(from source.Source, t *Tracker) *Source {
	return newSource(from, t, t.spec.selects(), newQueue(heldPackets, heldBytes))
}

func newSource(from source.Source, t sockets, selects bool, q *queue) *Source {
	return &Source{from: from, tracker: t, index: newIndex(selects), queue: q, longest: longestHold}
}

// Next is that of source.Source. Where it passes over many packets of others it returns
// source.ErrTimeout now and then.
func (s *Source) Next(f *packet.Frame) error {
	var began time.Time
	for round := 1; ; round++ {
		if s.tracker.update(s.index) {
			s.changed++
		}
		if s.give(f) {
			return nil
		}
		if round&63 == 0 {
			if now := time.Now(); began.IsZero() {
				began = now
			} else if now.Sub(began) > 100*time.Millisecond {
				s.publish()
				return source.ErrTimeout
			}
		}
		if s.err != nil {
			if s.queue.n > 0 {
				continue // what is left is decided on at once
			}
			s.publish()
			return s.err
		}
		if !s.pending {
			if err := s.from.Next(&s.frame); err != nil {
				s.publish()
				if !errors.Is(err, source.ErrTimeout) {
					s.err = err
					if s.queue.n > 0 {
						s.tracker.settle()
					}
					continue
				}
				s.quiet = max(s.quiet, time.Now().Add(-clockLag).UnixNano())
				return err
			}
			s.last = s.frame.TS
			s.decide()
			if s.verdict == refused {
				s.drop(&s.frame, len(s.frame.Data), &s.stats.Unmatched)
				continue
			}
		}
		if s.queue.n == 0 && s.verdict == taken {
			s.pending = false
			*f = s.frame
			s.pass(f, s.whose, &s.stats.Matched)
			return nil
		}
		s.wait()
	}
}

// decide finds out whose the frame at hand is.
func (s *Source) decide() {
	if !s.decoder.read(&s.frame, &s.at) {
		s.whose, s.verdict = s.index.nobody(holder{})
		return
	}
	s.whose, s.verdict = s.index.match(&s.at, s.frame.TS)
}

// wait puts the frame at hand into the queue. Where there is no room the oldest one is given up.
func (s *Source) wait() {
	h := s.queue.push(&s.frame)
	if h == nil {
		if h = s.queue.head(); h == nil { // larger than all that may wait
			if s.whose, s.verdict = s.index.nobody(holder{}); s.verdict == refused {
				s.pending = false
				s.drop(&s.frame, len(s.frame.Data), &s.stats.Unknown)
				return
			}
			s.pending = true // to be passed on at once
			return
		}
		if s.pending = true; h.verdict == undecided {
			s.forgo(h)
			s.stats.Overflowed++
		}
		return
	}
	s.pending = false
	s.stats.Held++
	h.ends, h.whose, h.verdict, h.at = s.at, s.whose, s.verdict, time.Now().UnixNano()
	if h.verdict == undecided {
		s.tracker.wanted()
	}
}

// forgo decides on a packet of which nobody says whose it is.
func (s *Source) forgo(h *held) {
	h.whose, h.verdict = s.index.nobody(holder{})
	h.unknown = true
}

// give gives the oldest packet that waits, if that is decided on.
func (s *Source) give(f *packet.Frame) bool {
	for {
		h := s.queue.head()
		if h == nil {
			return false
		}
		if h.verdict == undecided {
			now := time.Now().UnixNano()
			over := s.err != nil || now-h.at > int64(s.longest) || now-h.at > int64(holdTime) && s.tracker.listed() > h.at
			if s.looked != s.changed || over {
				h.whose, h.verdict = s.index.match(&h.ends, h.frame.TS)
			}
			if h.verdict == undecided && over {
				s.index.giveUp(&h.ends, h.frame.TS)
				s.forgo(h)
			}
			if h.verdict == undecided {
				s.looked = s.changed
				return false
			}
		}
		s.looked = s.changed - 1 // another head has not been looked up
		to := &s.stats.Matched
		switch {
		case h.unknown:
			to = &s.stats.Unknown
		case h.verdict == refused:
			to = &s.stats.Unmatched
		}
		if h.verdict == refused {
			s.drop(&h.frame, h.n, to)
			s.queue.pop(nil)
			continue
		}
		whose := h.whose
		s.queue.pop(f)
		s.pass(f, whose, to)
		return true
	}
}

// pass counts a packet that is passed on.
func (s *Source) pass(f *packet.Frame, whose holder, to *uint64) {
	s.number++
	f.Number, f.Process = s.number, whose.process
	*to++
	if s.number&63 == 0 {
		s.publish()
	}
	if s.number == s.limit {
		s.stop()
		s.leave()
		s.err = io.EOF
		s.publish()
	}
}

// drop counts a packet that is left out.
func (s *Source) drop(f *packet.Frame, captured int, to *uint64) {
	*to++
	s.goneFrames++
	s.goneBytes += uint64(f.Wire)
	if uint32(captured) < f.Wire {
		s.cut++
	}
	if s.goneFrames&63 == 0 {
		s.publish()
	}
}

// leave counts the packets that still wait when nobody wants more.
func (s *Source) leave() {
	for h := s.queue.head(); h != nil; h = s.queue.head() {
		s.left++
		s.goneBytes += uint64(h.frame.Wire)
		if uint32(h.n) < h.frame.Wire {
			s.cut++
		}
		s.queue.pop(nil)
	}
}

// Limit ends the source after n packets, by stop.
func (s *Source) Limit(n uint64, stop func()) { s.limit, s.stop = n, stop }

// publish has others know what the reader counted.
func (s *Source) publish() {
	s.mu.Lock()
	s.sums = s.stats
	s.full = s.limit > 0 && s.number >= s.limit
	s.skipped = source.Stats{ProcessDropped: s.goneFrames, QueueDropped: s.left, Bytes: s.goneBytes, Truncated: s.cut}
	s.mu.Unlock()
}

// Ready is that of source.Source.
func (s *Source) Ready() bool { return s.queue.n > 0 || s.from.Ready() }

// Stats are those of the source, less the packets left out, which are ProcessDropped.
func (s *Source) Stats() source.Stats {
	st := s.from.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &s.skipped
	st.ProcessDropped = d.ProcessDropped
	st.Captured -= min(d.ProcessDropped+d.QueueDropped, st.Captured)
	if st.QueueDropped += d.QueueDropped; s.full {
		st.Beyond = st.QueueDropped
	}
	st.Bytes -= min(d.Bytes, st.Bytes)
	st.Truncated -= min(d.Truncated, st.Truncated)
	st.Counts.Records = st.Captured
	return st
}

// Process are the sums of what was matched, and of the tracker.
func (s *Source) Process() Stats {
	st := s.tracker.stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.sums
	st.Matched, st.Unmatched, st.Unknown, st.Held, st.Overflowed = p.Matched, p.Unmatched, p.Unknown, p.Held, p.Overflowed
	return st
}

// Clock is that of source.Clock: flows end while packets of them wait only as far as all earlier
// packets have come.
func (s *Source) Clock() int64 {
	if h := s.queue.head(); h != nil {
		return h.frame.TS
	}
	if s.err == nil {
		return max(s.quiet, s.last)
	}
	return s.last
}

// Close closes the source and the tracker.
func (s *Source) Close() error {
	s.leave()
	s.publish()
	err := s.from.Close()
	if e := s.tracker.Close(); err == nil {
		err = e
	}
	if s.err == nil {
		s.err = io.EOF
	}
	return err
}
