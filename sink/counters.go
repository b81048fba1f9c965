package sink

import "sync/atomic"

// Counters are what a sink has done so far. The sink adds to them, once a batch or a flush;
// anybody may read them at any time. Rows are Accepted when Write is given them, and end up
// Committed, Resumed or Lost; what is none of these waits in the sink.
type Counters struct {
	Accepted  atomic.Uint64 // rows given to Write
	Committed atomic.Uint64 // rows that left for the writer below, or that the database acknowledged
	Resumed   atomic.Uint64 // rows that an earlier attempt of the same run had committed (Run.Resume)
	Lost      atomic.Uint64 // rows that an error kept from being committed
	Bytes     atomic.Uint64 // bytes that left
	Replaced  atomic.Uint64 // bytes of text that were not UTF-8 and left as U+FFFD, one each
	Errors    atomic.Uint64 // errors of the writer below, of the database, of the broker
}

// Stats are the values of Counters at one moment.
type Stats struct{ Accepted, Committed, Resumed, Lost, Bytes, Replaced, Errors uint64 }

// Stats reads the counters, one after the other.
func (c *Counters) Stats() Stats {
	return Stats{
		Accepted: c.Accepted.Load(), Committed: c.Committed.Load(), Resumed: c.Resumed.Load(), Lost: c.Lost.Load(),
		Bytes: c.Bytes.Load(), Replaced: c.Replaced.Load(), Errors: c.Errors.Load(),
	}
}
