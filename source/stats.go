package source

import (
	"time"

	"pinyon/packet"
)

// Stats are the sums of a source since it was opened, of any kind: what a file cannot lose is
// 0 of a file. Once the source has ended
//
//	Received = Captured + Dropped + FilterDropped + QueueDropped + Blocked + NotAllowed + RateLimited
//		+ ProcessDropped
//
// and before that what is in a device's ring is missing on the right.
type Stats struct {
	// Received is packets that passed the filter, those included that were dropped after it.
	Received uint64 `json:"received"`
	// Captured is packets delivered.
	Captured uint64 `json:"captured"`
	// Dropped is packets for which the ring had no room.
	Dropped uint64 `json:"dropped"`
	// InterfaceDropped is packets that the device missed since the capture was opened, or
	// that the system dropped behind it because its backlog was full; no filter had seen them.
	InterfaceDropped uint64 `json:"interface_dropped"`
	// BacklogDropped is those of InterfaceDropped that the system dropped.
	BacklogDropped uint64 `json:"backlog_dropped"`
	// FilterDropped is packets that an earlier filter had let into the ring.
	FilterDropped uint64 `json:"filter_dropped"`
	// QueueDropped is packets left in the ring when the capture ended: beyond Count, or
	// more than could be delivered while it was stopped.
	QueueDropped uint64 `json:"queue_dropped"`
	// Beyond is those of QueueDropped that came after the last that Count asked for.
	Beyond uint64 `json:"beyond_count"`
	// Blocked and NotAllowed are packets that a list of addresses refused, RateLimited those beyond
	// so many a second; see package source/gate. They were not wanted, so they are not lost.
	Blocked     uint64 `json:"blocked,omitempty"`
	NotAllowed  uint64 `json:"not_allowed,omitempty"`
	RateLimited uint64 `json:"rate_limited,omitempty"`
	// ProcessDropped is packets of processes that are not wanted, or of none that is known.
	ProcessDropped uint64 `json:"process_dropped,omitempty"`
	// Truncated is delivered packets of which not all was captured.
	Truncated uint64 `json:"truncated"`
	// Bytes is those of delivered packets, on the wire.
	Bytes uint64 `json:"bytes"`
	// Freezes is how often a ring was full.
	Freezes uint64 `json:"freezes"`
	// Downs is how often a device went down. Its packets go on once it is up again.
	Downs uint64 `json:"downs"`
	// CallbackPanics of a Capture.
	CallbackPanics uint64 `json:"callback_panics"`
	// Since is when the source was opened.
	Since time.Time `json:"since"`
	// Offset is how many bytes of the source, as they are stored, were read so far, which may be
	// a block ahead of the frames; 0 of a source that is not stored.
	Offset int64 `json:"-"`
	// Counts are the oddities of what was delivered.
	Counts Counts `json:"-"`
}

// Lost is packets that passed the filter and were not delivered, or never reached it for
// want of room; those an earlier filter let in are not missed, nor those beyond Count.
func (s *Stats) Lost() uint64 { return s.Dropped + s.InterfaceDropped + s.QueueDropped - s.Beyond }

// Add adds the sums of another source. CallbackPanics go with them; Since is the earlier one.
func (s *Stats) Add(o *Stats) {
	s.Received += o.Received
	s.Captured += o.Captured
	s.Dropped += o.Dropped
	s.InterfaceDropped += o.InterfaceDropped
	s.BacklogDropped += o.BacklogDropped
	s.FilterDropped += o.FilterDropped
	s.QueueDropped += o.QueueDropped
	s.Beyond += o.Beyond
	s.Blocked += o.Blocked
	s.NotAllowed += o.NotAllowed
	s.RateLimited += o.RateLimited
	s.ProcessDropped += o.ProcessDropped
	s.Truncated += o.Truncated
	s.Bytes += o.Bytes
	s.Freezes += o.Freezes
	s.Downs += o.Downs
	s.CallbackPanics += o.CallbackPanics
	s.Offset += o.Offset
	if s.Since.IsZero() || !o.Since.IsZero() && o.Since.Before(s.Since) {
		s.Since = o.Since
	}
	s.Counts.Add(&o.Counts)
}

// A Tally counts the frames of a source that loses none. Its zero value is ready; a source
// embeds it and calls Count in Next.
type Tally struct {
	frames, bytes, truncated uint64
	// Since is Stats.Since: the source sets it when it is opened, or leaves it zero.
	Since time.Time
}

// Count counts a frame that Next hands out.
func (t *Tally) Count(f *packet.Frame) {
	t.frames++
	t.bytes += uint64(f.Wire)
	if uint32(len(f.Data)) < f.Wire {
		t.truncated++
	}
}

// Ready is true: see Source.
func (t *Tally) Ready() bool { return true }

// Stats are the sums of the frames counted.
func (t *Tally) Stats() Stats {
	return Stats{
		Received: t.frames, Captured: t.frames, Bytes: t.bytes, Truncated: t.truncated,
		Since: t.Since, Counts: Counts{Records: t.frames},
	}
}
