package engine

import (
	"sync/atomic"
	"time"

	"pinyon/filter"
	"pinyon/flow"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// Options are the run's rules.
type Options struct {
	Plan    *groups.Plan
	Flow    flow.Options
	KeyVLAN bool
	Decap   packet.Decap
	// Filter, if not empty, picks the records of inputs that are not live, before anything
	// else sees them. Filtering says how it is compiled; nil is for a file.
	Filter    string
	Filtering *filter.Options
	// A packet is kept with probability Rate (0 to 1), by its number and Seed.
	Rate    float64
	Seed    uint64
	Workers int // goroutines that keep flows; at least 1
	// WaitMemory is how many bytes of rows may wait in memory for the end of their input; more
	// wait in a temporary file. Only rows with late columns wait.
	WaitMemory int64
	// Account, if not nil, is kept up to date for other goroutines to read.
	Account *Account
	// Stop, if not nil, ends the run early once it is true: what was read is flushed.
	Stop *atomic.Bool
	// Hurry, if not nil, is closed when whoever waits for the run wants it to end: it has the
	// graph of hosts given up, and nothing else.
	Hurry <-chan struct{}
	grace time.Duration // for tests: another graphGrace
	// Opened, if not nil, is told each source right after it was opened. It is called from
	// the goroutine that reads the input; of several small inputs more than one may be.
	Opened func(input int, src source.Source)
}

// An Input is one source by name.
type Input = source.Input

// A Report is what became of one input. Its counts may be added up.
type Report struct {
	Name string
	Err  error // why it could not be read, or not to its end
	Intake
	Outcome
}

// Intake counts what was read of an input.
type Intake struct {
	Source   source.Stats // what the source says of itself
	Decode   packet.Counts
	Records  uint64 // records read
	Filtered uint64 // records that the filter refused
	Sampled  uint64 // records left out by sampling
	Late     uint64 // records whose timestamp lay before an earlier one's
	Orphans  uint64 // later fragments without a known first one; kept, ports 0
	Packets  uint64 // packets that reached a flow
	First    int64  // least timestamp of a packet in a flow, ns
	Last     int64  // greatest
}

// Add adds the counts of another input.
func (in *Intake) Add(o *Intake) {
	if o.Packets > 0 {
		if in.Packets == 0 || o.First < in.First {
			in.First = o.First
		}
		if in.Packets == 0 || o.Last > in.Last {
			in.Last = o.Last
		}
	}
	in.Source.Add(&o.Source)
	in.Decode.Add(&o.Decode)
	in.Records += o.Records
	in.Filtered += o.Filtered
	in.Sampled += o.Sampled
	in.Late += o.Late
	in.Orphans += o.Orphans
	in.Packets += o.Packets
}

// Outcome counts the rows of an input.
type Outcome struct {
	Rows   uint64
	InRows uint64 // packets in those rows
	Ended  [flow.Reasons]uint64
	Held   flow.Holding // SYNs that waited until it was known whose they are
}

// Add adds the counts of another input.
func (o *Outcome) Add(p *Outcome) {
	o.Rows += p.Rows
	o.InRows += p.InRows
	for i, n := range p.Ended {
		o.Ended[i] += n
	}
	o.Held.Add(p.Held)
}

// add counts a row.
func (o *Outcome) add(row *groups.Row) {
	o.Rows++
	o.InRows += uint64(row.Packets)
	o.Ended[row.Reason]++
}
