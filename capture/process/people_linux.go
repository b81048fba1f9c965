package process

import (
	"os"
	"slices"
	"strconv"
)

// person is a process that runs.
type person struct {
	procStat
	number uint32 // among those that had sockets; 0 is none yet
	chosen bool
	space  uint64 // its network namespace
	asked  string // the name under which its other names were looked at
	named  bool   // one of its names is wanted
	seen   int
}

// people knows the processes that run, and those that had sockets.
type people struct {
	spec    Spec
	wanted  map[int]uint64 // by number: when they began
	self    map[int]bool   // this process and those it descends from
	runs    map[int]*person
	list    []Process // by number less 1
	chosen  map[uint32]bool
	closed  map[uint64]bool // namespaces that could not be opened
	round   int
	refused uint64
}

func newPeople(spec Spec) *people {
	p := &people{spec: spec, wanted: map[int]uint64{}, self: map[int]bool{}, runs: map[int]*person{}, chosen: map[uint32]bool{}, closed: map[uint64]bool{}}
	for pid := os.Getpid(); pid > 0 && !p.self[pid]; {
		p.self[pid] = true
		s, _ := readStat(pid)
		pid = s.parent
	}
	return p
}

// update looks at who runs.
func (p *people) update() {
	list, err := pids()
	if err != nil {
		return
	}
	p.round++
	for _, pid := range list {
		p.meet(pid)
	}
	for pid, a := range p.runs {
		if a.seen != p.round {
			delete(p.runs, pid)
		}
	}
	if !p.spec.Children || !p.spec.selects() {
		return
	}
	for more := true; more; { // a child may stand before its parent
		more = false
		for pid, a := range p.runs {
			if parent := p.runs[a.parent]; !a.chosen && !p.self[pid] && parent != nil && parent.chosen {
				p.choose(a)
				more = true
			}
		}
	}
}

// meet looks at one process; nil if it does not run.
func (p *people) meet(pid int) *person {
	s, ok := readStat(pid)
	if !ok || s.dead() {
		return nil
	}
	a := p.runs[pid]
	if a == nil || a.start != s.start {
		a = &person{}
		p.runs[pid] = a
	}
	if a.name != s.name {
		a.number = 0 // it runs another program now
	}
	first := a.seen == 0
	a.procStat, a.seen = s, p.round
	if first || p.round%8 == 0 {
		a.space = spaceOf(strconv.Itoa(pid))
	}
	if a.chosen {
		return a
	}
	if start, ok := p.wanted[pid]; ok && start == s.start {
		p.choose(a)
	}
	if len(p.spec.Names) > 0 && !p.self[pid] {
		if a.asked != s.name || !a.named && p.round%8 == 0 {
			a.asked = s.name
			a.named = p.spec.named(append(programNames(pid), s.name)...)
		}
		if a.named {
			p.choose(a)
		}
	}
	return a
}

func (p *people) choose(a *person) {
	a.chosen = true
	if a.number != 0 {
		p.chosen[a.number] = true
	}
}

// isChosen reports whether a process by number is wanted.
func (p *people) isChosen(number uint32) bool { return p.chosen[number] }

// running is how many that are wanted run.
func (p *people) running() (n int) {
	for _, a := range p.runs {
		if a.chosen {
			n++
		}
	}
	return n
}

// all are the processes that run, in the order in which they began.
func (p *people) all() []int {
	list := make([]int, 0, len(p.runs))
	for pid := range p.runs {
		list = append(list, pid)
	}
	slices.SortFunc(list, func(a, b int) int {
		x, y := p.runs[a], p.runs[b]
		switch {
		case x.start != y.start && x.start < y.start:
			return -1
		case x.start != y.start:
			return 1
		}
		return a - b
	})
	return list
}

// numbers appends the numbers of processes.
func (p *people) numbers(to []uint32, of []int) []uint32 {
	for _, pid := range of {
		if a := p.runs[pid]; a != nil {
			if n := p.enrol(pid, a); n != 0 {
				to = append(to, n)
			}
		}
	}
	return to
}

// enrol gives a process that runs a number; 0 if there are too many.
func (p *people) enrol(pid int, a *person) uint32 {
	if a.number == 0 {
		a.number = p.add(Process{pid, a.name})
		if a.chosen {
			p.chosen[a.number] = true
		}
	}
	return a.number
}

func (p *people) add(v Process) uint32 {
	if len(p.list) >= maxProcesses {
		p.refused++
		return 0
	}
	p.list = append(p.list, v)
	return uint32(len(p.list))
}

// number is that of a process that an event names; it may have ended since.
func (p *people) number(pid int, name string) uint32 {
	a := p.runs[pid]
	if a == nil || a.name != name {
		if a = p.meet(pid); a != nil && p.spec.Children && p.spec.selects() && !a.chosen && !p.self[pid] && p.descends(a) {
			p.choose(a)
		}
	}
	if a != nil {
		return p.enrol(pid, a)
	}
	n := p.add(Process{pid, name})
	if n != 0 && !p.self[pid] && p.spec.named(name) {
		p.chosen[n] = true
	}
	return n
}

// descends reports whether one of the processes wanted is an ancestor.
func (p *people) descends(a *person) bool {
	for range 64 {
		up := p.runs[a.parent]
		if up == nil {
			if up = p.meet(a.parent); up == nil {
				return false
			}
		}
		if up.chosen {
			return true
		}
		a = up
	}
	return false
}

// spaces are the network namespaces of those that matter, with a process in each.
func (p *people) spaces() map[uint64]int {
	m := map[uint64]int{}
	for pid, a := range p.runs {
		if a.space != 0 && (a.chosen || !p.spec.selects()) {
			if was, ok := m[a.space]; !ok || pid < was {
				m[a.space] = pid
			}
		}
	}
	return m
}

func (p *people) process(number uint32) (Process, bool) {
	if number == 0 || int(number) > len(p.list) {
		return Process{}, false
	}
	return p.list[number-1], true
}
