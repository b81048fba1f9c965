package engine

import (
	"cmp"
	"slices"
	"sync"

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
	tables  []*tableCounts
	queues  []queue
}

// reading is an input at hand.
type reading struct {
	name   string
	intake Intake
}

// tableCounts are those of a worker's flow tables.
type tableCounts struct {
	mu    sync.Mutex
	flows int64  // in the tables
	ended uint64 // that left them
}

// set publishes both, so that nobody sees one of them alone.
func (t *tableCounts) set(flows int64, ended uint64) {
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
	return s
}

// table adds the counts of a worker.
func (a *Account) table() *tableCounts {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &tableCounts{}
	a.tables = append(a.tables, t)
	return t
}

// queue adds a queue; n tells how many it holds, from any goroutine.
func (a *Account) queue(name string, size int, n func() int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queues = append(a.queues, queue{name, size, n})
}

// reading publishes what was read of input i so far.
func (a *Account) reading(i int, name string, in *Intake) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[int]reading{}
	}
	a.at[i] = reading{name, *in}
}

// read publishes what was read of input i, which ended.
func (a *Account) read(i int, in *Intake) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.at, i)
	a.done.Add(in)
	a.inputs++
}

// rows publishes the rows so far.
func (a *Account) rows(o *Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome = *o
}
