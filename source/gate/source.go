package gate

import (
	"pinyon/packet"
	"pinyon/source"
)

// A Source is another one behind a gate.
type Source struct {
	source.Source
	Gate *Gate
	// Refused, if not nil, is called with each frame that does not pass, by the goroutine that
	// reads.
	Refused func(f *packet.Frame, why Refusal)
}

// atOnce is how many packets in a row may be refused before the reader is given a chance to look
// around: whoever reads a live source wants to hear of it now and then.
const atOnce = 4096

// Next fills f with the next frame that passes. After many refusals in a row it returns
// source.ErrTimeout, as where nothing came.
func (s *Source) Next(f *packet.Frame) error {
	for range atOnce {
		if err := s.Source.Next(f); err != nil {
			return err
		}
		why := s.Gate.Ask(f)
		if why == Passes {
			return nil
		}
		if s.Refused != nil {
			s.Refused(f, why)
		}
		if !s.Source.Ready() {
			break
		}
	}
	return source.ErrTimeout
}

// Stats are those of the source; what did not pass is told apart from what was captured.
func (s *Source) Stats() source.Stats {
	st := s.Source.Stats()
	s.Gate.Account(&st)
	return st
}

// Account moves what did not pass from what was captured to where it belongs. Stats that are
// older than a refusal are told of no more than they have.
func (g *Gate) Account(st *source.Stats) {
	move := func(why Refusal, to *uint64) {
		n := min(g.Refused(why), st.Captured)
		*to += n
		st.Captured -= n
	}
	move(Blocked, &st.Blocked)
	move(NotAllowed, &st.NotAllowed)
	move(OverRate, &st.RateLimited)
	st.Bytes -= min(g.bytes.Load(), st.Bytes)
	st.Truncated -= min(g.cut.Load(), st.Truncated)
}
