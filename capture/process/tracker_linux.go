package process

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How often things are looked at.
const (
	refreshEvery = time.Second            // the sockets, without a packet that asks
	refreshLeast = 2 * time.Millisecond   // between two listings that packets ask for
	refreshShare = 8                      // a listing is followed by a pause of so many times its length
	scanEvery    = 5 * time.Second        // the owners of all sockets: they may be handed on
	tryTime      = time.Second            // how long a new socket's owner is looked for at each listing
	pidEvery     = 500 * time.Millisecond // who runs, while packets ask for listings
)

// A Tracker knows the sockets of this machine and whose they are. It belongs to one Source. Its
// methods may be called from any goroutine.
type Tracker struct {
	spec   Spec
	mu     sync.Mutex
	book   *book
	people *people
	spaces []*space // the caller's first
	own    map[[16]byte]uint16
	casts  map[[16]byte]bool
	moved  bool // own or casts changed
	sums   Stats

	changed atomic.Bool
	began   atomic.Int64 // of the latest complete listing
	ask     chan struct{}
	stop    chan struct{}
	done    sync.WaitGroup
	once    sync.Once
	refresh sync.Mutex // one listing at a time
	scanned time.Time  // when owners were looked for last
	looked  time.Time  // when processes were
	events  Events
	ended   chan struct{}
	over    bool
}

// Open finds the processes, lists the sockets, and goes on doing so until Close. Events may be
// nil; the Tracker closes them. ErrNoProcess says that a process asked for does not run.
func Open(spec Spec, events Events) (*Tracker, error) {
	t := &Tracker{
		spec: spec, people: newPeople(spec), events: events,
		ask: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	t.book = newBook(spec.selects(), t.people.isChosen)
	own, err := openSpace(0)
	if err != nil {
		t.closeEvents()
		return nil, err
	}
	own.inode = spaceOf("thread-self")
	t.spaces = []*space{own}
	for _, pid := range spec.PIDs {
		switch s, ok := readStat(pid); {
		case pid == os.Getpid():
			err = fmt.Errorf("%w: %d is the one that captures", ErrNoProcess, pid)
		case !ok || s.dead():
			err = fmt.Errorf("%w: %d", ErrNoProcess, pid)
		default:
			t.people.wanted[pid] = s.start
		}
	}
	if err == nil && spec.selects() && !t.exists() {
		err = fmt.Errorf("%w: %q", ErrNoProcess, spec.Names)
	}
	if err == nil {
		err = t.look(true)
	}
	if err != nil {
		t.closeEvents()
		t.closeSpaces()
		return nil, err
	}
	t.done.Go(t.run)
	if events != nil {
		t.done.Go(t.listen)
	}
	return t, nil
}

// exists reports whether a process that is wanted runs.
func (t *Tracker) exists() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.people.update()
	t.looked = time.Now()
	return t.people.running() > 0
}

// run lists the sockets again and again.
func (t *Tracker) run() {
	timer := time.NewTimer(refreshEvery)
	defer timer.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-t.ask:
		case <-timer.C:
		}
		began := time.Now()
		t.look(false)
		pause := max(refreshLeast, refreshShare*time.Since(began))
		select {
		case <-t.stop:
			return
		case <-time.After(pause):
		}
		timer.Reset(refreshEvery)
	}
}

// look lists the sockets and finds their owners. all says to look at everything anew.
func (t *Tracker) look(all bool) error {
	t.refresh.Lock()
	defer t.refresh.Unlock()
	began := time.Now()
	t.mu.Lock()
	if all || began.Sub(t.looked) > pidEvery {
		t.people.update()
		t.looked = began
	}
	t.openSpaces()
	spaces := slices.Clone(t.spaces)
	t.mu.Unlock()

	var list []listedSocket
	var failed error
	own, casts := map[[16]byte]uint16{}, map[[16]byte]bool{}
	for i, s := range spaces {
		if s == nil {
			continue
		}
		var err error
		if list, err = s.list(list, i); err != nil && failed == nil {
			failed = err
		}
		err = s.link.addresses(func(a [16]byte, cast bool) {
			if _, ok := own[a]; !ok && !cast {
				own[a] = uint16(i)
			}
			casts[a] = casts[a] || cast
		})
		if err != nil && failed == nil {
			failed = err
		}
	}

	t.mu.Lock()
	now := began.UnixNano()
	// Who holds a socket may change, and so may whether he is wanted.
	search := all || began.Sub(t.scanned) > scanEvery
	for i := range list {
		l := &list[i]
		s := t.book.sockets[l.cookie]
		search = search || l.inode != 0 && (s == nil || len(s.owners) == 0 && now-s.first < int64(tryTime))
	}
	var who []int
	if search {
		if t.looked != began {
			t.people.update() // who has a new socket may be new
			t.looked = began
		}
		who = t.people.all()
	}
	t.mu.Unlock()

	owners := map[uint32][]int{}
	if search {
		want := make(map[uint32]bool, len(list))
		for i := range list {
			want[list[i].inode] = true
		}
		for _, pid := range who {
			socketsOf(pid, func(inode uint32) {
				if want[inode] && inode != 0 {
					if of := owners[inode]; len(of) == 0 || of[len(of)-1] != pid {
						owners[inode] = append(of, pid)
					}
				}
			})
		}
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	if search {
		t.scanned = began
		t.sums.Scans++
		for i := range list {
			l := &list[i]
			s := t.book.socket(l.cookie, now)
			if s == nil {
				continue
			}
			if of := owners[l.inode]; len(of) > 0 {
				s.owners = t.people.numbers(s.owners[:0], of)
			}
		}
	}
	t.book.list(list, now)
	if t.moved = t.moved || !sameMap(own, t.own) || !sameMap(casts, t.casts); t.moved {
		t.own, t.casts = own, casts
	}
	t.sums.Refreshes++
	if failed != nil {
		t.sums.Errors++
	}
	t.signal()
	t.began.Store(now)
	t.notice()
	return failed
}

func sameMap[V comparable](a, b map[[16]byte]V) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// signal has the reader fetch the changes.
func (t *Tracker) signal() {
	if len(t.book.changes) > 0 || t.moved {
		t.changed.Store(true)
	}
}

// notice closes ended once no process that is wanted runs.
func (t *Tracker) notice() {
	if t.spec.selects() && !t.over && t.people.running() == 0 {
		t.over = true
		close(t.ended)
	}
}

// Ended is closed once none of the processes wanted runs any more.
func (t *Tracker) Ended() <-chan struct{} { return t.ended }

// openSpaces opens the namespaces that processes are in, and closes those that nobody is in any
// longer: a socket keeps its namespace. Numbers of those that stay do not change.
func (t *Tracker) openSpaces() {
	want := t.people.spaces()
	for i, s := range t.spaces {
		if i == 0 || s == nil {
			continue
		}
		if _, ok := want[s.inode]; !ok {
			s.close()
			t.spaces[i] = nil
		}
	}
	for inode, pid := range want {
		if t.people.closed[inode] || slices.ContainsFunc(t.spaces, func(s *space) bool { return s != nil && s.inode == inode }) {
			continue
		}
		at := slices.Index(t.spaces, nil)
		if at < 0 && len(t.spaces) >= maxSpaces {
			t.sums.Refused++
			continue
		}
		s, err := openSpace(pid)
		if err != nil {
			t.sums.Errors++
			t.people.closed[inode] = true
			continue
		}
		s.inode = inode
		if at < 0 {
			t.spaces = append(t.spaces, s)
		} else {
			t.spaces[at] = s
		}
	}
}

// listen takes the events.
func (t *Tracker) listen() {
	var e Event
	for t.events.Next(&e) == nil {
		t.event(&e)
	}
}

func (t *Tracker) event(e *Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sums.Events++
	now := time.Now().UnixNano()
	if e.PID != 0 {
		where := -1
		for i, s := range t.spaces {
			if s != nil && s.cookie == e.Space && e.Space != 0 {
				where = i
			}
		}
		t.book.created(e.Cookie, t.people.number(e.PID, e.Name), where, now)
	} else {
		t.book.sends(e.Cookie, early{endOf(e.Local), endOf(e.Remote), e.Proto}, now)
	}
	t.signal()
}

// update is that of sockets.
func (t *Tracker) update(x *index) bool {
	if !t.changed.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed.Store(false)
	for i := range t.book.changes {
		x.apply(&t.book.changes[i])
	}
	t.book.changes = t.book.changes[:0]
	if t.moved {
		t.moved = false
		x.spaces, x.casts = t.own, t.casts // made anew when they change
	}
	x.count = uint16(len(t.spaces))
	return true
}

func (t *Tracker) wanted() {
	select {
	case t.ask <- struct{}{}:
	default:
	}
}

func (t *Tracker) listed() int64 { return t.began.Load() }

// settle lists the sockets now.
func (t *Tracker) settle() { t.look(false) }

// Process is the process of a number, as frames have it; ok is false of number 0.
func (t *Tracker) Process(number uint32) (p Process, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.people.process(number)
}

func (t *Tracker) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sums
	s.Method = "sock_diag"
	if t.events != nil {
		s.Method += ", " + t.events.Method()
		s.EventsLost = t.events.Lost()
	}
	s.Processes, s.Sockets, s.Listening = t.people.running(), len(t.book.pairs), len(t.book.locals)
	for _, sp := range t.spaces {
		if sp != nil {
			s.Namespaces++
		}
	}
	s.Refused += t.book.refused + t.people.refused
	return s
}

// Close ends the tracker.
func (t *Tracker) Close() error {
	t.once.Do(func() {
		close(t.stop)
		t.closeEvents()
		t.done.Wait()
		t.refresh.Lock()
		defer t.refresh.Unlock()
		t.closeSpaces()
	})
	return nil
}

func (t *Tracker) closeEvents() {
	if t.events != nil {
		t.events.Close()
	}
}

func (t *Tracker) closeSpaces() {
	for _, s := range t.spaces {
		if s != nil {
			s.close()
		}
	}
	t.spaces = nil
}
