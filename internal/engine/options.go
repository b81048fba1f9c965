package engine

import (
	"sync/atomic"

	"pinyon/capture"
	"pinyon/column"
	"pinyon/extract"
	"pinyon/filter"
	"pinyon/flow"
	"pinyon/packet"
)

// Options are the run's rules.
type Options struct {
	Plan    *extract.Plan
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
	// Progress, if not nil, is kept up to date for another goroutine to read.
	Progress *Progress
	// Stop, if not nil, ends the run early once it is true: what was read is flushed.
	Stop *atomic.Bool
	// Flush, if not nil, is called after rows of a live input were emitted, from the same
	// goroutine, about once a second while there are any.
	Flush func() error
	// Opened, if not nil, is told each source right after it was opened, and nil after
	// its end, from the reading goroutine.
	Opened func(input int, src capture.Source)
}

// Progress counts what a run has done so far.
type Progress struct {
	Records atomic.Uint64
	Flows   atomic.Uint64
	Inputs  atomic.Int64 // inputs ended
}

// An Input is one source by name. Open is called when its turn comes. Of a live one time
// passes without packets too: its flows leave by the wall clock, and its rows are handed on
// as they come. Silence is told by capture.ErrTimeout, at least once a second.
type Input struct {
	Name string
	Open func() (capture.Source, error)
	Live bool
}

// A Report is what became of one input.
type Report struct {
	Name     string
	Err      error // why it could not be read, or not to its end
	Source   capture.Counts
	Decode   packet.Counts
	Records  uint64 // records read
	Filtered uint64 // records that the filter refused
	Sampled  uint64 // records left out by sampling
	Late     uint64 // records whose timestamp lay before an earlier one's
	Orphans  uint64 // later fragments without a known first one; kept, ports 0
	Packets  uint64 // packets that reached a flow
	Held     flow.Holding
	Rows     uint64
	InRows   uint64 // packets in those rows
	Ended    [flow.Reasons]uint64
	First    int64 // least timestamp of a packet in a flow, ns
	Last     int64 // greatest
}

// Emit takes a finished batch, which is borrowed until it returns.
type Emit func(*column.Batch) error
