// Package account holds what a run has counted so far, stage by stage: what its sources gave, what
// was dropped and why, flows, rows, what its outputs took, and how full its queues are. Whoever
// counts publishes here, and reports, progress, summary, provenance and metrics read here: there
// is no other list of counters.
//
// Metrics is the account as a list of named numbers, for whatever shows numbers to others.
package account

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	faults  int             // of them those that could not be read to their end
	outcome Outcome
	tables  []*Tables
	queues  []queue
	sinks   atomic.Pointer[func() []output.Member]
	origins map[string]source.Stats      // of the inputs that ended, by their Origin
	took    map[string]*output.Histogram // by mode
	givenUp map[string]uint64            // by group
	remote  remotes
}

// reading is an input at hand.
type reading struct {
	name   string
	origin string
	lag    time.Duration
	intake Intake
}

// Tables are the counts of a worker's flow tables.
type Tables struct {
	mu    sync.Mutex
	flows int64  // in the tables
	ended uint64 // that left them
	bytes uint64 // memory of the tables
}

// Set publishes how many flows are in the tables, how many left them, and how many bytes of memory
// the tables have, all at once, so that nobody sees one of them alone.
func (t *Tables) Set(flows int64, ended, bytes uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flows, t.ended, t.bytes = flows, ended, bytes
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
	Intake            // of all inputs
	Outcome           // of all inputs
	Inputs     int    // inputs that ended
	Faults     int    // of them those that could not be read to their end, or not at all
	Flows      int64  // flows in the tables
	Opened     uint64 // flows that were ever in them
	TableBytes uint64 // memory of the tables, with what their flows keep in objects of a fixed size
	// Lag is how far behind the clock the latest packet of a live input was when it was read, of
	// several inputs the most; 0 of a silent one. It is below 0 where packets are stamped by a
	// clock that is ahead.
	Lag    time.Duration
	Queues []Queue
	// Sources are those of the inputs that are read at the moment, by position. Intake.Source
	// is the sum over them and those that ended, each of which is in its Report.
	Sources []Reading
	// Origins are the same sums by where frames come from, those of inputs that ended too.
	Origins []Origin
	// Took are how long work took, by mode; see Account.Took.
	Took map[string]output.Durations
	// GivenUp counts the inputs whose columns of a group are absent because computing them was
	// given up, by group.
	GivenUp map[string]uint64
	// Sinks are the outputs that take the rows, each with its own counts, in their order.
	Sinks []Writing
	// Remote is what a server of frames, and links to such servers, have counted.
	Remote Remote
	// Watched counts the files that a watcher of directories was through with, by result.
	Watched map[string]uint64
}

// A Writing is what an output says of itself.
type Writing struct {
	Name   string // where it goes; empty of a sink without a name
	Format string // what kind of sink it is: csv, parquet, kafka; empty if that is not known
	output.Stats
	Took output.Durations // by batches
}

// An Origin is where frames come from: a live input by its name, and files all together.
type Origin struct {
	Name string
	source.Stats
}

// FileOrigin is the name of the Origin of files, of which there may be any number.
const FileOrigin = "file"

// Read takes a snapshot. A run in a single goroutine has no queues.
func (a *Account) Read() Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Snapshot{Intake: a.done, Outcome: a.outcome, Inputs: a.inputs, Faults: a.faults, GivenUp: maps.Clone(a.givenUp)}
	origins, live := maps.Clone(a.origins), false
	for i, in := range a.at {
		s.Intake.Add(&in.intake)
		s.Sources = append(s.Sources, Reading{i, in.name, in.intake.Source})
		addOrigin(&origins, in.origin, &in.intake.Source)
		if in.origin != FileOrigin && (!live || in.lag > s.Lag) {
			live, s.Lag = true, in.lag
		}
	}
	for _, name := range slices.Sorted(maps.Keys(origins)) {
		s.Origins = append(s.Origins, Origin{name, origins[name]})
	}
	for mode, h := range a.took {
		if s.Took == nil {
			s.Took = map[string]output.Durations{}
		}
		s.Took[mode] = h.Stats()
	}
	slices.SortFunc(s.Sources, func(a, b Reading) int { return cmp.Compare(a.Input, b.Input) })
	for _, t := range a.tables {
		t.mu.Lock()
		s.Flows += t.flows
		s.Opened += t.ended + uint64(t.flows)
		s.TableBytes += t.bytes
		t.mu.Unlock()
	}
	for _, q := range a.queues {
		s.Queues = append(s.Queues, Queue{q.name, q.n(), q.size})
	}
	if members := a.sinks.Load(); members != nil {
		for _, m := range (*members)() {
			s.Sinks = append(s.Sinks, Writing{m.Name, m.Format, m.Counters.Stats(), m.Counters.Took.Stats()})
		}
	}
	s.Remote, s.Watched = a.remote.read()
	return s
}

func addOrigin(to *map[string]source.Stats, name string, st *source.Stats) {
	if *to == nil {
		*to = map[string]source.Stats{}
	}
	sum := (*to)[name]
	sum.Add(st)
	(*to)[name] = sum
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

// Reading publishes what was read so far of input i, which is a file or one like it.
func (a *Account) Reading(i int, name string, in *Intake) {
	a.read(i, reading{name, FileOrigin, 0, *in})
}

// Live publishes what was read so far of input i, which is live, and its lag; see Snapshot.Lag.
func (a *Account) Live(i int, name string, in *Intake, lag time.Duration) {
	a.read(i, reading{name, name, lag, *in})
}

func (a *Account) read(i int, r reading) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[int]reading{}
	}
	a.at[i] = r
}

// Ended publishes what was read of input i, which ended. err is why it was not read to its end.
func (a *Account) Ended(i int, in *Intake, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	origin := FileOrigin
	if r, ok := a.at[i]; ok {
		origin = r.origin
	}
	delete(a.at, i)
	a.done.Add(in)
	addOrigin(&a.origins, origin, &in.Source)
	a.inputs++
	if err != nil {
		a.faults++
	}
}

// A Histogram counts how long work took.
type Histogram = output.Histogram

// Took is the histogram of a mode of work: of ModeFile how long each input took from its opening
// to its last packet, of any other how long it took from the reading of an epoch's last packet
// until its packets were in their flows and the rows that these gave were handed on.
func (a *Account) Took(mode string) *Histogram {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.took == nil {
		a.took = map[string]*output.Histogram{}
	}
	h := a.took[mode]
	if h == nil {
		h = new(output.Histogram)
		a.took[mode] = h
	}
	return h
}

// The modes of work: of files, and of what is live on this machine and on others.
const (
	ModeFile   = "pcap"
	ModeLive   = "live"
	ModeRemote = "remote"
)

// GiveUp counts an input whose columns of a group are absent because computing them was given up.
func (a *Account) GiveUp(group string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.givenUp == nil {
		a.givenUp = map[string]uint64{}
	}
	a.givenUp[group]++
}

// Rows publishes the rows so far.
func (a *Account) Rows(o *Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome = *o
}
