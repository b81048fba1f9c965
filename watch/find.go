package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A candidate is a file that may not be ready. Its times are those of the monotonic clock, so that
// a clock that is set makes no file older or younger.
type candidate struct {
	id     identity
	since  time.Time // it has been like this
	settle time.Duration
}

// heard takes an event of the system.
func (w *Watcher) heard(e event, n notifier) {
	switch {
	case e.lost:
		w.stats.overflows.Add(1)
		w.rescan(n)
	case e.dir && w.o.Flat || w.inside(e.path):
	case e.dir:
		if !strings.HasPrefix(filepath.Base(e.path), ".") && !w.apart(w.full(e.path)) {
			w.walk(e.path, n)
		}
	default:
		w.look(e.path, e.closed)
	}
}

// rescan looks through the whole directory.
func (w *Watcher) rescan(n notifier) {
	w.stats.rescans.Add(1)
	w.walk("", n)
	w.journal.compact(func(path string) bool {
		_, err := os.Lstat(w.full(path))
		return err == nil
	}, false)
	w.stats.set(w)
}

// walk looks at every file of a directory below Dir, and has the system tell of them from now
// on. The system is asked first: what comes in between is found by the walk.
func (w *Watcher) walk(below string, n notifier) {
	n.add(below)
	list, err := os.ReadDir(w.full(below))
	if below == "" {
		if err != nil && !w.rootGone {
			w.tell(Event{Kind: NoDirectory, Path: w.o.Dir, Err: err})
		}
		w.rootGone = err != nil
	}
	for _, d := range list { // what is not there any more, or not ours to read, has none
		path := d.Name()
		if below != "" {
			path = below + "/" + path
		}
		switch {
		case !d.IsDir():
			w.look(path, false)
		case !w.o.Flat && !strings.HasPrefix(d.Name(), ".") && !w.apart(w.full(path)):
			w.walk(path, n)
		}
	}
}

// apart reports whether a directory is one of those that the watcher itself fills.
func (w *Watcher) apart(path string) bool {
	return same(path, w.o.Output) || w.o.Move != "" && same(path, w.o.Move)
}

// inside reports whether a file that an event told of lies where the watcher itself writes, or in
// a directory that is not looked at.
func (w *Watcher) inside(path string) bool {
	for dir := filepath.Dir(filepath.FromSlash(path)); dir != "."; dir = filepath.Dir(dir) {
		if w.o.Flat || strings.HasPrefix(filepath.Base(dir), ".") || w.apart(filepath.Join(w.o.Dir, dir)) {
			return true
		}
	}
	return false
}

// look looks at a file. closed says that its writer has closed it, or that it was renamed, so
// that it is complete.
func (w *Watcher) look(path string, closed bool) {
	base := path[strings.LastIndexByte(path, '/')+1:]
	if strings.HasPrefix(base, ".") || w.o.Match != nil && !w.o.Match(base) {
		return
	}
	if w.running[path] != nil {
		w.again[path] = true
		return
	}
	id, err := identify(w.full(path))
	if err != nil {
		if w.pending[path] != nil {
			delete(w.pending, path)
			w.stats.vanished.Add(1)
		}
		return
	}
	if !w.wanted(path, id) {
		delete(w.pending, path)
		return
	}
	if closed {
		w.ready(path)
		return
	}
	if c := w.pending[path]; !w.queued[path] && (c == nil || c.id != id) {
		w.pending[path] = &candidate{id: id, since: time.Now(), settle: w.o.Settle}
	}
}

// wanted reports whether a file as it is has yet to be done.
func (w *Watcher) wanted(path string, id identity) bool {
	r := w.journal.get(path)
	if r == nil {
		if w.first && w.o.SkipExisting && w.journal.fresh {
			w.journal.add(record{At: skipped, Path: path, identity: id}, false)
			w.stats.skipped.Add(1)
			return false
		}
		return !w.renamed(path, id)
	}
	switch {
	case r.At == begin:
		return true
	case r.At == failed && r.unchanged(id):
		return w.first && w.o.RetryFailed
	case r.unchanged(id):
		if r.At == done {
			w.after(path, r)
		}
		return false
	}
	return !w.o.Once
}

// renamed reports whether a file was done under a name that it no longer has.
func (w *Watcher) renamed(path string, id identity) bool {
	for other, job := range w.running {
		if id.sameFile(job.seen) && other != path {
			if _, err := os.Lstat(w.full(other)); err != nil {
				w.again[path] = true // once it is known what becomes of it
				return true
			}
		}
	}
	r := w.journal.find(id)
	if r == nil || r.At != done || !r.unchanged(id) {
		return false
	}
	if _, err := os.Lstat(w.full(r.Path)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	n := *r
	n.Path, n.From = path, r.Path
	if w.journal.add(n, false) != nil {
		return false
	}
	w.stats.renamed.Add(1)
	w.after(path, &n)
	return true
}

// wait has a file wait for so long in any case.
func (w *Watcher) wait(path string, least time.Duration) {
	id, err := identify(w.full(path))
	if err != nil {
		w.stats.vanished.Add(1)
		return
	}
	w.pending[path] = &candidate{id: id, since: time.Now(), settle: max(least, w.o.Settle)}
}

// settle puts files into the queue that have stayed as they were for long enough.
func (w *Watcher) settle() {
	now := time.Now()
	for path := range w.again { // of files that were renamed while they were read
		if w.running[path] == nil {
			delete(w.again, path)
			w.look(path, true)
		}
	}
	var due []string
	for path, c := range w.pending {
		if now.Sub(c.since) >= c.settle {
			due = append(due, path)
		}
	}
	slices.Sort(due)
	for _, path := range due {
		c := w.pending[path]
		id, err := identify(w.full(path))
		switch {
		case err != nil:
			delete(w.pending, path)
			w.stats.vanished.Add(1)
		case id != c.id:
			*c = candidate{id: id, since: now, settle: w.o.Settle}
		default:
			w.ready(path)
		}
	}
}

// ready puts a file into the queue.
func (w *Watcher) ready(path string) {
	delete(w.pending, path)
	if !w.queued[path] && w.running[path] == nil {
		w.queued[path] = true
		w.queue = append(w.queue, path)
	}
}
