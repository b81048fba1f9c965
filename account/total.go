package account

import (
	"maps"
	"slices"
	"sync"

	"pinyon/account/output"
)

// A Total is the sum over several runs, at once or one after the other, each of which has an
// Account of its own: a watcher's, for one. Its memory does not grow with the runs that ended. The
// zero value is ready; any goroutine may use it.
type Total struct {
	mu    sync.Mutex
	ended Snapshot
	at    []*Account
}

// Begin gives a run its Account.
func (t *Total) Begin() *Account {
	a := &Account{}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = append(t.at, a)
	return a
}

// End keeps the sums of an Account whose run and outputs have ended, and forgets the Account.
func (t *Total) End(a *Account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.at, a); i >= 0 {
		t.at = slices.Delete(t.at, i, i+1)
		s := a.Read()
		s.Sources, s.Queues, s.TableBytes, s.Lag = nil, nil, 0, 0
		t.ended.Add(&s)
	}
}

// Read is the sum over the runs that ended and those at work.
func (t *Total) Read() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s Snapshot
	s.Add(&t.ended) // a copy, whose maps are its own
	for _, a := range t.at {
		one := a.Read()
		s.Add(&one)
	}
	return s
}

// Add adds the counts of another run. Outputs are added up by their formats, and by their places
// among those of one format: the names of two that are added up are gone, if they differ.
func (s *Snapshot) Add(o *Snapshot) {
	s.Intake.Add(&o.Intake)
	s.Outcome.Add(&o.Outcome)
	s.Inputs += o.Inputs
	s.Faults += o.Faults
	s.Flows += o.Flows
	s.Opened += o.Opened
	s.TableBytes += o.TableBytes
	s.Lag = max(s.Lag, o.Lag)
	s.Queues = append(s.Queues, o.Queues...)
	s.Sources = append(s.Sources, o.Sources...)
	for i := range o.Origins {
		s.addOrigin(&o.Origins[i])
	}
	if s.Took == nil && o.Took != nil {
		s.Took = map[string]output.Durations{}
	}
	for mode, d := range o.Took {
		sum := s.Took[mode]
		sum.Add(&d)
		s.Took[mode] = sum
	}
	addCounts(&s.GivenUp, o.GivenUp)
	addCounts(&s.Watched, o.Watched)
	s.addSinks(o.Sinks)
	s.Remote.add(&o.Remote)
}

func (s *Snapshot) addOrigin(o *Origin) {
	for i := range s.Origins {
		if s.Origins[i].Name == o.Name {
			s.Origins[i].Stats.Add(&o.Stats)
			return
		}
	}
	s.Origins = append(s.Origins, *o)
}

func (s *Snapshot) addSinks(list []Writing) {
	taken := make([]bool, len(s.Sinks))
	for _, w := range list {
		i := 0
		for i < len(taken) && (taken[i] || s.Sinks[i].Format != w.Format) {
			i++
		}
		if i == len(taken) {
			s.Sinks = append(s.Sinks, w)
			continue
		}
		taken[i] = true
		if s.Sinks[i].Name != w.Name {
			s.Sinks[i].Name = ""
		}
		s.Sinks[i].Stats.Add(&w.Stats)
		s.Sinks[i].Took.Add(&w.Took)
	}
}

func addCounts(to *map[string]uint64, from map[string]uint64) {
	if *to == nil {
		*to = maps.Clone(from)
		return
	}
	for name, n := range from {
		(*to)[name] += n
	}
}
