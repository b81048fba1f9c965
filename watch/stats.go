package watch

import (
	"iter"
	"sync/atomic"
	"time"
)

// A Kind is what became of a file, or what else there is to tell.
type Kind int

// Done, Damaged and Empty files have rows, or none to have; Changed, Busy, Failed and OutputFailed
// ones are tried again; GivenUp ones are not, unless they change.
const (
	_            Kind = iota
	Done              // its rows have left
	Damaged           // so have those before damage in it
	Empty             // it has no rows, and no output was made
	Same              // it was touched, and its bytes are those that were done
	Changed           // it was written to, or replaced, while it was read
	Busy              // somebody has it open for writing
	Vanished          // it was not there any more
	Failed            // it could not be read
	OutputFailed      // what takes its rows has failed
	GivenUp           // it could not be read, several times
	Interrupted       // the run ended before it was done
	Stuck             // it is done, and could not be moved or removed
	NoDirectory       // the directory is not there, or cannot be read
	Polling           // the system tells no events: the directory is looked through instead
)

var kinds = [...]string{"", "done", "damaged", "empty", "same", "changed", "busy", "vanished", "failed", "output_failed", "given_up", "interrupted", "stuck", "no_directory", "polling"}

// String is a word for it.
func (k Kind) String() string { return kinds[k] }

// An Event is what Options.Report is told.
type Event struct {
	Kind           Kind
	Path           string   // below Options.Dir, with slashes
	Outputs        []string // that were made
	Flows, Packets uint64
	Took           time.Duration
	Tries          int   // failed ones in a row
	Err            error // why, or what damage there is
}

// Stats are counts of a Watcher since it began, and how many files are at what stage now.
type Stats struct {
	Waiting int64 // files that may not be complete, or wait for another attempt
	Queued  int64 // files that are ready
	Running int64 // files that are being read

	Done, Damaged, Empty, Same, Changed, Vanished, Retried, OutputFailed uint64 // see Kind
	Failed                                                               uint64 // files that were given up
	Skipped                                                              uint64 // files that were there before, and were to be left
	Renamed                                                              uint64 // files that were done under another name
	Recovered                                                            uint64 // files that an earlier run had finished when it was killed
	Stuck                                                                uint64 // files that could not be moved or removed
	Rescans, Overflows                                                   uint64 // looks through the directory; events that the system lost
	Flows, Packets, Bytes                                                uint64 // of files that are done; bytes as stored
}

// Results are the numbers of files by what became of them.
func (s *Stats) Results() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		_ = yield("done", s.Done) && yield("damaged", s.Damaged) && yield("empty", s.Empty) && yield("same", s.Same) &&
			yield("changed", s.Changed) && yield("vanished", s.Vanished) && yield("retried", s.Retried) && yield("output_failed", s.OutputFailed) &&
			yield("failed", s.Failed) && yield("skipped", s.Skipped) && yield("renamed", s.Renamed) && yield("recovered", s.Recovered)
	}
}

// counts are the numbers that Stats are read from.
type counts struct {
	waiting, queued, running                                             atomic.Int64
	done, damaged, empty, same, changed, vanished, retried, outputFailed atomic.Uint64
	failed, skipped, renamed, recovered, stuck, rescans, overflows       atomic.Uint64
	flows, packets, bytes                                                atomic.Uint64
}

// Stats may be called from any goroutine.
func (w *Watcher) Stats() Stats {
	c := &w.stats
	return Stats{
		Waiting: c.waiting.Load(), Queued: c.queued.Load(), Running: c.running.Load(),
		Done: c.done.Load(), Damaged: c.damaged.Load(), Empty: c.empty.Load(), Same: c.same.Load(), Changed: c.changed.Load(),
		Vanished: c.vanished.Load(), Retried: c.retried.Load(), OutputFailed: c.outputFailed.Load(),
		Failed: c.failed.Load(), Skipped: c.skipped.Load(), Renamed: c.renamed.Load(), Recovered: c.recovered.Load(), Stuck: c.stuck.Load(),
		Rescans: c.rescans.Load(), Overflows: c.overflows.Load(),
		Flows: c.flows.Load(), Packets: c.packets.Load(), Bytes: c.bytes.Load(),
	}
}

// set publishes how many files are at what stage.
func (c *counts) set(w *Watcher) {
	c.waiting.Store(int64(len(w.pending)))
	c.queued.Store(int64(len(w.queue)))
	c.running.Store(int64(len(w.running)))
}

// note counts what became of a job.
func (c *counts) note(o *outcome) {
	switch o.kind {
	case Done:
		c.done.Add(1)
	case Damaged:
		c.damaged.Add(1)
	case Empty:
		c.empty.Add(1)
	case Same:
		c.same.Add(1)
	case Changed:
		c.changed.Add(1)
	case Vanished:
		c.vanished.Add(1)
	case OutputFailed:
		c.outputFailed.Add(1)
	}
	if o.kind == Done || o.kind == Damaged || o.kind == Empty {
		c.flows.Add(o.flows)
		c.packets.Add(o.packets)
		c.bytes.Add(uint64(o.bytes))
	}
}
