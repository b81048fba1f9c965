// Package output has the counters that every sink keeps. It imports nothing, so that sinks, which
// know no packets, and the account of a run, which knows no sinks, mean the same numbers.
package output

import "sync/atomic"

// Counters are what a sink has done so far. The sink adds to them, once a batch or a flush;
// anybody may read them at any time. Rows are Accepted when Write is given them, and end up
// Committed, Resumed or Lost; what is none of these waits in the sink.
type Counters struct {
	Accepted  atomic.Uint64 // rows given to Write
	Committed atomic.Uint64 // rows that left for the writer below, or that the database acknowledged
	Resumed   atomic.Uint64 // rows that an earlier attempt of the same run had committed
	Lost      atomic.Uint64 // rows that an error kept from being committed, and Dropped ones
	Dropped   atomic.Uint64 // rows of Lost that nobody tried to write: there was no room, or the sink had failed before
	Bytes     atomic.Uint64 // bytes that left
	Replaced  atomic.Uint64 // bytes of text that were not UTF-8 and left as U+FFFD, one each
	Errors    atomic.Uint64 // errors of the writer below, of the database, of the broker
	Files     atomic.Uint64 // files that are complete and have their names
	Room      atomic.Uint64 // rows that may wait in the sink at most; 0 if it does not count them
	Took      Histogram     // how long the sink took for each batch; observed by whoever gives it batches
}

// Stats are the values of Counters at one moment.
type Stats struct{ Accepted, Committed, Resumed, Lost, Dropped, Bytes, Replaced, Errors, Files, Room uint64 }

// Add adds the counts of another sink.
func (s *Stats) Add(o *Stats) {
	s.Accepted += o.Accepted
	s.Committed += o.Committed
	s.Resumed += o.Resumed
	s.Lost += o.Lost
	s.Dropped += o.Dropped
	s.Bytes += o.Bytes
	s.Replaced += o.Replaced
	s.Errors += o.Errors
	s.Files += o.Files
	s.Room += o.Room
}

// Waiting is the rows that wait in the sink.
func (s *Stats) Waiting() uint64 {
	return s.Accepted - min(s.Committed+s.Resumed+s.Lost, s.Accepted) // read one after the other
}

// Stats reads the counters, one after the other.
func (c *Counters) Stats() Stats {
	return Stats{
		Accepted: c.Accepted.Load(), Committed: c.Committed.Load(), Resumed: c.Resumed.Load(), Lost: c.Lost.Load(), Dropped: c.Dropped.Load(),
		Bytes: c.Bytes.Load(), Replaced: c.Replaced.Load(), Errors: c.Errors.Load(),
		Files: c.Files.Load(), Room: c.Room.Load(),
	}
}

// A Member is one of the sinks that a Sink is made of.
type Member struct {
	Name     string // where it goes; empty of a sink without a name
	Format   string // what kind of sink it is: csv, parquet, kafka; empty if that is not known
	Counters *Counters
}
