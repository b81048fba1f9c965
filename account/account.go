// Package account holds what a run has counted so far, stage by stage: what its sources gave, what
// was dropped and why, flows, rows, what its outputs took, and how full its queues are. Whoever
// counts publishes here, and reports, progress, summary, provenance and metrics read here: there
// is no other list of counters.
//
// Metrics is the account as a list of named numbers, for whatever shows numbers to others.
package account

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"pinyon/account/output"
	"pinyon/source"
)

// An Account is what a run has counted so far. Any goroutine may read it at any time: those
// who count publish their numbers once an epoch (2,048 packets, or 250 ms of a live input), so
// that no packet waits for a reader. Its zero value is ready; it serves one run at a time.
type Account struct {
	mu      sync.Mutex
	done    Intake          // of the inputs that ended
	at      map[int]reading // the inputs at hand, by position
	inputs  int             // inputs that ended
	outcome Outcome
	tables  []*Tables
	queues  []queue
	sinks   atomic.Pointer[func() []output.Member]
}

// reading is an input at hand.
type reading struct {
	name   string
	intake Intake
}

// Tables are the counts of a worker's flow tables.
type Tables struct {
	mu    sync.Mutex
	flows int64  // in the tables
	ended uint64 // that left them
}

// Set publishes how many flows are in the tables and how many left them, both at once, so that
// nobody sees one of them alone.
func (t *Tables) Set(flows int64, ended uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flows, t.ended = flows, ended
}

type queue struct {
	name string
	size int
	n    func() int
}

// A Queue is how full one of a run's queues is.
type Queue struct {
	Name string // epochs, rows, batches
	Len  int
	Cap  int
}

// A Reading is what the source of an input says of itself while it is read.
type Reading struct {
	Input int // its position
	Name  string
	source.Stats
}

// A Snapshot is an Account at one moment.
type Snapshot struct {
	Intake         // of all inputs
	Outcome        // of all inputs
	Inputs  int    // inputs that ended
	Flows   int64  // flows in the tables
	Opened  uint64 // flows that were ever in them
	Queues  []Queue
	// Sources are those of the inputs that are read at the moment, by position. Intake.Source
	// is the sum over them and those that ended, each of which is in its Report.
	Sources []Reading
	// Sinks are the outputs that take the rows, each with its own counts, in their order.
	Sinks []Writing
}

// A Writing is what an output says of itself.
type Writing struct {
	Name string // where it goes; empty of a sink without a name
	output.Stats
}

// Read takes a snapshot. A run in a single goroutine has no queues.
func (a *Account) Read() Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Snapshot{Intake: a.done, Outcome: a.outcome, Inputs: a.inputs}
	for i, in := range a.at {
		s.Intake.Add(&in.intake)
		s.Sources = append(s.Sources, Reading{i, in.name, in.intake.Source})
	}
	slices.SortFunc(s.Sources, func(a, b Reading) int { return cmp.Compare(a.Input, b.Input) })
	for _, t := range a.tables {
		t.mu.Lock()
		s.Flows += t.flows
		s.Opened += t.ended + uint64(t.flows)
		t.mu.Unlock()
	}
	for _, q := range a.queues {
		s.Queues = append(s.Queues, Queue{q.name, q.n(), q.size})
	}
	if members := a.sinks.Load(); members != nil {
		for _, m := range (*members)() {
			s.Sinks = append(s.Sinks, Writing{m.Name, m.Counters.Stats()})
		}
	}
	return s
}

// Outputs has the account tell what the outputs count that members gives, which any goroutine may
// call, instead of what it told before.
func (a *Account) Outputs(members func() []output.Member) { a.sinks.Store(&members) }

// Tables adds the counts of a worker's flow tables, which it then keeps.
func (a *Account) Tables() *Tables {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &Tables{}
	a.tables = append(a.tables, t)
	return t
}

// Queue adds a queue; n tells how many it holds, from any goroutine.
func (a *Account) Queue(name string, size int, n func() int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queues = append(a.queues, queue{name, size, n})
}

// Reading publishes what was read of input i so far.
func (a *Account) Reading(i int, name string, in *Intake) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[int]reading{}
	}
	a.at[i] = reading{name, *in}
}

// Ended publishes what was read of input i, which ended.
func (a *Account) Ended(i int, in *Intake) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.at, i)
	a.done.Add(in)
	a.inputs++
}

// Rows publishes the rows so far.
func (a *Account) Rows(o *Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome = *o
}
