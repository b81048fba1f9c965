package engine

import (
	"sync/atomic"
	"time"

	"pinyon/account"
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
	// ShardKey says by which hash flows are dealt out to the shards, each of which has its share of
	// a limit on flows. Whoever knows it can choose ports that fill one share. 0 is a key that
	// everybody knows.
	ShardKey uint64
	Decap    packet.Decap
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
	// Edge, if not nil, is asked of every packet that is about to join a flow, with the flow's key and
	// the reading of the capture clock. Where it reports true the packet is counted (Intake.EdgeOut)
	// and left to others. It is called from the goroutine that reads the input, and borrows the frame.
	Edge func(f *packet.Frame, k *flow.Key, now int64) bool
	// Opened, if not nil, is told each source right after it was opened. It is called from
	// the goroutine that reads the input; of several small inputs more than one may be.
	Opened func(input int, src source.Source)
}

// An Input is one source by name.
type Input = source.Input

// What an input is counted by; package account declares it.
type (
	Report   = account.Report
	Intake   = account.Intake
	Outcome  = account.Outcome
	Account  = account.Account
	Snapshot = account.Snapshot
)
