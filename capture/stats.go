package capture

import "time"

// Stats are the sums of a capture since it was opened. They may be asked for at any time.
// Once it has ended
//
//	Received = Captured + Dropped + FilterDropped + QueueDropped
//
// and before that what is in the ring is missing on the right.
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
	// FilterDropped is packets that an earlier filter had let into the ring.
	FilterDropped uint64 `json:"filter_dropped"`
	// QueueDropped is packets left in the ring when the capture ended: beyond Count, or
	// more than could be delivered while it was stopped.
	QueueDropped uint64 `json:"queue_dropped"`
	// Beyond is those of QueueDropped that came after the last that Count asked for.
	Beyond uint64 `json:"beyond_count"`
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
	// Since is when the capture was opened.
	Since time.Time `json:"since"`
}

// Lost is packets that passed the filter and were not delivered, or never reached it for
// want of room; those an earlier filter let in are not missed, nor those beyond Count.
func (s *Stats) Lost() uint64 { return s.Dropped + s.InterfaceDropped + s.QueueDropped - s.Beyond }

// add adds the sums of a Device that came after; Since stays.
func (s *Stats) add(o Stats) {
	s.Received += o.Received
	s.Captured += o.Captured
	s.Dropped += o.Dropped
	s.InterfaceDropped += o.InterfaceDropped
	s.FilterDropped += o.FilterDropped
	s.QueueDropped += o.QueueDropped
	s.Beyond += o.Beyond
	s.Truncated += o.Truncated
	s.Bytes += o.Bytes
	s.Freezes += o.Freezes
	s.Downs += o.Downs
}
