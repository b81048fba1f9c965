package client

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pinyon/packet"
	"pinyon/source"
)

// DefaultWait is how long a packet of one server waits for earlier ones of others.
const DefaultWait = time.Second

// Merged is several servers as one source: their packets by time, as their clocks tell it. A packet
// goes out once every other server has given a later one, or said that it has none before it, or
// Wait has passed. Devices count through, server by server. When one server fails the others go on;
// its client's Stats tell why. All of several having failed is an error of the source.
type Merged struct {
	Wait time.Duration
	// Failed, if not nil, is told by Next of a server that failed while others go on.
	Failed func(c *Client, err error)
	// Count ends the source after so many packets; 0 is never.
	Count uint64

	list []*part
	n    uint64
	err  error
	last *packet.Block // of the packet that went out
}

// A part is one server.
type part struct {
	*Client
	first   uint32 // number of its first device
	head    packet.Frame
	full    bool
	over    bool
	arrived time.Time // of head
}

// Add adds a server, before the first Next.
func (m *Merged) Add(c *Client) {
	first := uint32(0)
	for _, f := range m.list {
		first += uint32(len(f.Interfaces()))
	}
	m.list = append(m.list, &part{Client: c, first: first})
}

// Clients are the servers.
func (m *Merged) Clients() (all []*Client) {
	for _, f := range m.list {
		all = append(all, f.Client)
	}
	return all
}

// Next fills f with the next packet. See source.Source.
func (m *Merged) Next(f *packet.Frame) error {
	if m.err != nil {
		return m.err
	}
	if len(m.list) == 1 {
		if err := m.list[0].Client.Next(f); err != nil {
			return err
		}
		return m.give(f)
	}
	m.release()
	for {
		var best *part
		open := 0
		for _, s := range m.list {
			if !s.full && !s.over {
				m.fetch(s)
			}
			if !s.over || s.full {
				open++
			}
			if s.full && (best == nil || s.head.TS < best.head.TS) {
				best = s
			}
		}
		if open == 0 {
			m.err = m.end()
			return m.err
		}
		if best != nil && m.due(best) {
			*f = best.head
			best.full = false
			f.Iface += best.first
			m.last = f.Block // with the reference that fetch took
			return m.give(f)
		}
		if !m.wait(best) {
			return source.ErrTimeout
		}
	}
}

// give counts a packet that goes out.
func (m *Merged) give(f *packet.Frame) error {
	m.n++
	f.Number = m.n
	if m.n == m.Count {
		m.err = io.EOF
		m.Stop()
	}
	return nil
}

// end is how a source ends whose servers are all over: with an error only if none came to its end.
func (m *Merged) end() error {
	var last error
	for _, s := range m.list {
		if last = s.Client.Detail().Err; last == nil {
			return io.EOF
		}
	}
	if last == nil {
		return io.EOF
	}
	return source.Wrap("read", fmt.Errorf("no server is left: %w", last))
}

// fetch takes the head of a server if one is at hand. A block is held for it, because the client
// gives back its own with the next.
func (m *Merged) fetch(s *part) {
	if !s.Ready() && !s.ended() {
		return
	}
	switch err := s.Client.Next(&s.head); {
	case err == nil:
		s.full, s.arrived = true, time.Now()
		if s.head.Block != nil {
			s.head.Block.Retain()
		}
	case errors.Is(err, source.ErrTimeout):
	case errors.Is(err, io.EOF):
		s.over = true
	default:
		s.over = true
		others := slices.ContainsFunc(m.list, func(o *part) bool { return !o.over })
		if others && m.Failed != nil {
			m.Failed(s.Client, err)
		}
	}
}

// due reports whether nothing before the head of s is to be waited for.
func (m *Merged) due(s *part) bool {
	for _, o := range m.list {
		if o != s && !o.full && !o.over && o.Clock() < s.head.TS {
			return time.Since(s.arrived) >= m.Wait
		}
	}
	return true
}

// mergeStep is how often servers are asked again while packets wait for others.
const mergeStep = 2 * time.Millisecond

// wait waits until something may have come. Without anything that waits it gives up after a
// while, so that its caller sees the clock.
func (m *Merged) wait(best *part) bool {
	for range 100 {
		time.Sleep(mergeStep)
		for _, s := range m.list {
			if !s.full && !s.over && (s.Ready() || s.ended()) {
				return true
			}
		}
		if best != nil && m.due(best) {
			return true
		}
	}
	return best != nil
}

// Ready reports whether Next has a packet at hand.
func (m *Merged) Ready() bool {
	for _, s := range m.list {
		if !s.full && !s.over && !s.Ready() {
			return false
		}
	}
	return m.err == nil
}

// Clock is the earliest of the servers' clocks, which a server that is over has left behind.
func (m *Merged) Clock() (now int64) {
	for _, s := range m.list {
		at := s.Clock()
		if s.full {
			at = min(at, s.head.TS-1)
		}
		if !s.over && (now == 0 || at < now) {
			now = at
		}
	}
	return now
}

func (m *Merged) release() {
	if m.last != nil {
		m.last.Release()
		m.last = nil
	}
}

// Name is the servers in one word.
func (m *Merged) Name() string {
	var names []string
	for _, s := range m.list {
		names = append(names, s.Client.Name())
	}
	return strings.Join(names, ",")
}

// Interfaces are the devices; of several servers each with its server's name.
func (m *Merged) Interfaces() (all []string) {
	for _, s := range m.list {
		for _, name := range s.Client.Interfaces() {
			if len(m.list) > 1 {
				name = s.Client.Name() + "/" + name
			}
			all = append(all, name)
		}
	}
	return all
}

// LinkTypes are the LINKTYPE_ values of the devices, in their order.
func (m *Merged) LinkTypes() (all []uint16) {
	for _, s := range m.list {
		all = append(all, s.Client.LinkTypes()...)
	}
	return all
}

// Snaplen is how many bytes of a packet are sent at most.
func (m *Merged) Snaplen() (n int) {
	for _, s := range m.list {
		n = max(n, s.Client.Snaplen())
	}
	return n
}

// FilterExpr is the filter in force at the first server; others may have narrower tokens.
func (m *Merged) FilterExpr() string {
	if len(m.list) == 0 {
		return ""
	}
	return m.list[0].Client.FilterExpr()
}

// Stats are the sums over the servers.
func (m *Merged) Stats() (sum source.Stats) {
	for _, s := range m.list {
		st := s.Client.Stats()
		sum.Add(&st)
	}
	if m.Count > 0 && m.n >= m.Count {
		sum.Beyond = sum.QueueDropped
	}
	return sum
}

// Stop ends the source: what has come still leaves, then Next returns io.EOF.
func (m *Merged) Stop() {
	for _, s := range m.list {
		s.Client.Stop()
	}
}

// Close ends the source.
func (m *Merged) Close() (err error) {
	m.release()
	if m.err == nil {
		m.err = source.Wrap("read", source.ErrClosed)
	}
	for _, s := range m.list {
		err = errors.Join(err, s.Client.Close())
		if s.full && s.head.Block != nil {
			s.head.Block.Release()
		}
		s.full = false
	}
	return err
}
