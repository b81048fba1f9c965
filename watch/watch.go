// Package watch turns the captures of a directory into rows, one output each, as they come, for
// as long as it is let. It finds files (Options.Dir, by the system's events and by looking
// around now and then), waits until nobody writes them any more, has a Processor make rows of
// each, and writes down in a journal what it is about to do and what it has done, so that a
// watcher that is killed and started again does no file twice and leaves none out.
//
// What a row is, and what an output looks like, is the Processor's matter; Extractor is the one
// that runs a pinyon.Pipeline. Flows do not go on from one file into the next.
package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Watcher does the files of one directory. Make it with New, and call Run once.
type Watcher struct {
	o       Options
	journal *journal
	names   *namer
	stats   counts

	pending map[string]*candidate // that may not be ready yet, by path below Dir
	queue   []string              // that are ready, in the order in which they became so
	queued  map[string]bool
	running map[string]*Job
	again   map[string]bool // running files that something has happened to
	head    *Job            // of the first file of the queue, once it was made
	tries   map[string]int  // failed attempts at a file
	first   bool            // the first look around is not over

	jobs     chan *Job
	finished chan *outcome
	stop     chan struct{}
	stopOnce sync.Once
	gate     gate
	rootGone bool
}

// New opens the journal, which no other watcher may have open, and makes a watcher. Close gives
// the journal back if Run is not called.
func New(o Options) (*Watcher, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	info, err := os.Stat(o.Dir)
	if err == nil && !info.IsDir() {
		err = &os.PathError{Op: "watch", Path: o.Dir, Err: errors.New("is not a directory")}
	}
	if err != nil {
		return nil, err
	}
	n, err := newNamer(o.Pattern, o.Extension)
	if err != nil {
		return nil, &OptionError{err}
	}
	if err := os.MkdirAll(filepath.Dir(o.Journal), 0o777); err != nil {
		return nil, err
	}
	j, err := openJournal(o.Journal)
	if err != nil {
		return nil, err
	}
	return &Watcher{
		o: o, journal: j, names: n, first: true,
		pending: map[string]*candidate{}, queued: map[string]bool{}, running: map[string]*Job{}, again: map[string]bool{}, tries: map[string]int{},
		jobs: make(chan *Job), finished: make(chan *outcome), stop: make(chan struct{}),
	}, nil
}

// Close gives the journal back.
func (w *Watcher) Close() error { return w.journal.close() }

// Stop has Run return once the files at hand are done. It may be called from any goroutine, and
// more than once.
func (w *Watcher) Stop() { w.stopOnce.Do(func() { close(w.stop) }) }

// Run watches until Stop is called, until ctx ends, which gives up the files at hand and leaves
// them to the next run, or, under Options.Drain, until nothing is left to do. A file that cannot
// be done is reported and is no error of Run.
func (w *Watcher) Run(ctx context.Context) error {
	defer w.journal.close()
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer func() { // in this order: workers end when no more jobs come
		cancel()
		close(w.jobs)
		workers.Wait()
	}()
	for range w.o.Workers {
		p, err := w.o.New()
		if err != nil {
			return err
		}
		workers.Add(1)
		go func() {
			defer workers.Done()
			for job := range w.jobs {
				w.finished <- w.do(ctx, p, job)
			}
		}()
	}
	if err := w.recover(); err != nil {
		return err
	}
	n := newNotifier(w.o.Dir, w.o.Poll)
	defer n.close()
	w.rescan(n)
	w.first = false
	if w.o.Ready != nil {
		w.o.Ready()
	}
	return w.loop(ctx, n)
}

// rest is how many times as long as a look through the directory took the watcher does other things
// before the next one.
const rest = 10

// loop is Run after its beginning. It alone touches the maps of w.
func (w *Watcher) loop(ctx context.Context, n notifier) error {
	every := w.o.Rescan
	if !n.works() {
		every = w.o.Poll
	}
	rescan := time.NewTimer(every)
	defer rescan.Stop()
	due := time.NewTicker(max(min(w.o.Settle/4, 500*time.Millisecond), 5*time.Millisecond))
	defer due.Stop()
	stop, end := w.stop, ctx.Done()
	for {
		if stop != nil && end != nil {
			w.settle()
		}
		job := w.next(stop == nil || end == nil)
		var jobs chan *Job
		if job != nil {
			jobs = w.jobs
		}
		if len(w.running) == 0 && job == nil && (stop == nil || end == nil || w.o.Drain && w.idle()) {
			return nil
		}
		select {
		case jobs <- job:
			w.started(job)
		case o := <-w.finished:
			w.end(o)
		case e := <-n.events():
			w.heard(e, n)
		case <-rescan.C:
			since := time.Now()
			w.rescan(n)
			if !n.works() && every != w.o.Poll {
				every = w.o.Poll
				w.tell(Event{Kind: Polling})
			}
			rescan.Reset(max(every, rest*time.Since(since)))
		case <-due.C:
		case <-stop:
			stop = nil
		case <-end:
			end = nil
		}
	}
}

// idle reports whether there is nothing left to do.
func (w *Watcher) idle() bool {
	return len(w.pending) == 0 && len(w.queue) == 0 && len(w.again) == 0
}

// next is the file that is to be done next; nil if none may be.
func (w *Watcher) next(ending bool) *Job {
	if ending || len(w.running) >= w.o.Workers || !w.gate.open(time.Now()) {
		return nil
	}
	for w.head == nil && len(w.queue) > 0 {
		path := w.queue[0]
		job, err := w.job(path)
		if err == nil {
			w.head = job
			break
		}
		w.unqueue()
		if errors.Is(err, fs.ErrNotExist) {
			w.stats.vanished.Add(1)
			w.tell(Event{Kind: Vanished, Path: path})
			continue
		}
		w.tell(Event{Kind: Failed, Path: path, Err: err})
		w.retry(path, err)
	}
	return w.head
}

func (w *Watcher) unqueue() {
	delete(w.queued, w.queue[0])
	w.queue[0] = ""
	w.queue = w.queue[1:]
}

// started notes that a worker has the first file of the queue.
func (w *Watcher) started(job *Job) {
	w.unqueue()
	w.head = nil
	w.running[job.Rel] = job
	w.stats.set(w)
}

// end notes what became of a file.
func (w *Watcher) end(o *outcome) {
	path := o.job.Rel
	delete(w.running, path)
	touched := w.again[path]
	delete(w.again, path)
	switch o.kind {
	case Done, Damaged, Empty, Same:
		delete(w.tries, path)
		w.gate.success()
	case Changed, Busy:
		w.wait(path, 0)
	case OutputFailed:
		w.gate.failure(time.Now(), w.o.RetryWait/8)
		w.wait(path, w.backoff(w.count(path)))
	case Failed:
		w.retry(path, o.err)
	}
	w.stats.note(o)
	w.tell(Event{Kind: o.kind, Path: path, Outputs: o.outputs, Flows: o.flows, Packets: o.packets, Took: o.took, Err: o.err, Tries: w.tries[path]})
	if touched {
		w.look(path, false)
	}
	w.stats.set(w)
}

func (w *Watcher) count(path string) int {
	w.tries[path]++
	return w.tries[path]
}

// retry has a file that failed wait, or gives it up.
func (w *Watcher) retry(path string, err error) {
	if n := w.count(path); n <= w.o.Retries {
		w.stats.retried.Add(1)
		w.wait(path, w.backoff(n))
		return
	}
	delete(w.tries, path)
	w.giveUp(path, err)
}

// backoff is how long to wait after so many failures in a row.
func (w *Watcher) backoff(failures int) time.Duration {
	const most = 5 * time.Minute
	d := w.o.RetryWait
	for range min(failures-1, 20) {
		d = min(2*d, most)
	}
	return d
}

// tell tells Options.Report.
func (w *Watcher) tell(e Event) {
	if w.o.Report != nil {
		w.o.Report(e)
	}
}

// giveUp writes down that a file cannot be done.
func (w *Watcher) giveUp(path string, why error) {
	id, err := identify(w.full(path))
	if err != nil {
		w.stats.vanished.Add(1)
		w.tell(Event{Kind: Vanished, Path: path})
		return
	}
	r := record{At: failed, Path: path, identity: id, Error: why.Error()}
	err = errors.Join(w.journal.add(r, false), w.writeFailure(&r))
	w.stats.failed.Add(1)
	w.tell(Event{Kind: GivenUp, Path: path, Err: errors.Join(why, err)})
}

// full is the path of a file below the directory.
func (w *Watcher) full(path string) string { return filepath.Join(w.o.Dir, filepath.FromSlash(path)) }

// A gate closes while what takes the rows is out of order: when attempts fail one after the
// other for its sake, they are made less and less often.
type gate struct {
	failures int
	until    time.Time
}

func (g *gate) open(now time.Time) bool { return !now.Before(g.until) }
func (g *gate) success()                { *g = gate{} }
func (g *gate) failure(now time.Time, least time.Duration) {
	const most = 30 * time.Second
	g.until = now.Add(min(least<<min(g.failures, 16), most))
	g.failures++
}
