package watch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zeebo/xxh3"
)

// A Job is a file that is to be done.
type Job struct {
	Path   string // of the file, as Options.Dir leads there
	Rel    string // below Options.Dir, with slashes
	Output string // where its rows go; "" under Options.Elsewhere
	Run    string // name of the attempt; one that was cut off is resumed under its own
	Size   int64  // bytes

	name string   // Output below Options.Output, with slashes
	seen identity // of the file when the job was made
	id   identity // of the file that was opened; the worker's
	was  *record  // what the journal said of it
	file *os.File
	hash *xxh3.Hasher
	read int64
}

// job makes a job of a path.
func (w *Watcher) job(path string) (*Job, error) {
	j := &Job{Path: w.full(path), Rel: path, was: w.journal.get(path)}
	info, err := os.Stat(j.Path)
	if err != nil {
		return nil, err
	}
	if j.seen = identityOf(info); w.o.Elsewhere {
		return j, nil
	}
	own := ""
	if j.was != nil && len(j.was.Outputs) > 0 {
		own = j.was.Outputs[0]
	}
	if j.name, err = w.names.take(path, own, info.ModTime(), w.isTaken); err != nil {
		return nil, err
	}
	j.Output = filepath.Join(w.o.Output, filepath.FromSlash(j.name))
	return j, nil
}

// isTaken reports whether an output's name is another's.
func (w *Watcher) isTaken(name string) bool {
	_, err := os.Lstat(filepath.Join(w.o.Output, filepath.FromSlash(name)))
	return err == nil
}

// Open gives the file's bytes, once. Whoever reads them does not close them.
func (j *Job) Open() io.Reader { return hashed{j} }

// hashed reads the job's file and sums it up on the way.
type hashed struct{ j *Job }

// Read reads the file.
func (r hashed) Read(p []byte) (int, error) {
	n, err := r.j.file.Read(p)
	r.j.hash.Write(p[:n])
	r.j.read += int64(n)
	return n, err
}

// sum is the hash of the whole file; "" if not all of it was read.
func (j *Job) sum() string {
	if j.read != j.id.Size {
		return ""
	}
	b := j.hash.Sum128().Bytes()
	return hex.EncodeToString(b[:])
}

// An outcome is what became of a job.
type outcome struct {
	job            *Job
	kind           Kind
	err            error
	outputs        []string
	flows, packets uint64
	bytes          int64
	took           time.Duration
}

// do does a job, in the goroutine of a worker.
func (w *Watcher) do(ctx context.Context, p Processor, j *Job) *outcome {
	since := time.Now()
	o := &outcome{job: j}
	o.kind, o.err = w.attempt(ctx, p, j, o)
	if j.file != nil {
		j.file.Close()
	}
	if o.kind == Failed && ctx.Err() != nil {
		o.kind, o.err = Interrupted, nil
	}
	o.took, o.bytes = time.Since(since), j.read
	return o
}

func (w *Watcher) attempt(ctx context.Context, p Processor, j *Job, o *outcome) (Kind, error) {
	if kind, err := w.open(j); kind != 0 {
		return kind, err
	}
	if kind, err := w.touched(j); kind != 0 {
		return kind, err
	}
	if err := w.intend(j); err != nil {
		return OutputFailed, err
	}
	res, err := p.Process(ctx, j)
	var oe *OutputError
	if errors.As(err, &oe) && ctx.Err() == nil {
		return OutputFailed, err
	}
	if err != nil {
		return Failed, err
	}
	if w.changed(j) {
		res.Abort()
		return Changed, nil
	}
	r := record{At: done, Path: j.Rel, identity: j.id, Hash: j.sum(), Run: j.Run, Flows: res.Flows, Packets: res.Packets}
	kind := Done
	if res.Damage != nil {
		kind, o.err, r.Error = Damaged, res.Damage, res.Damage.Error()
	}
	if res.Commit == nil {
		if kind = Empty; j.name != "" && j.was != nil {
			err = removeOutput(j.Output) // of what the file was before
		}
	} else {
		if err := res.Commit(ctx); err != nil {
			res.Abort()
			return OutputFailed, err
		}
		if j.name != "" {
			r.Outputs, o.outputs = []string{j.name}, []string{j.Output}
		}
	}
	o.flows, o.packets = res.Flows, res.Packets
	// The rows have left. If this cannot be written now, the next run finds the output, or the
	// rows of this run, and writes it then.
	if err == nil {
		err = w.journal.add(r, w.o.Move != "" || w.o.Delete)
	}
	if err == nil {
		err = w.forgive(j.Rel)
		w.after(j.Rel, &r)
	}
	return kind, errors.Join(o.err, err)
}

// open opens the job's file.
func (w *Watcher) open(j *Job) (Kind, error) {
	f, err := os.Open(j.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Vanished, nil
	}
	if err != nil {
		return Failed, err
	}
	j.file, j.hash = f, xxh3.New()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Failed, err
	case beingWritten(f):
		return Busy, nil
	}
	j.id, j.Size = identityOf(info), info.Size()
	return 0, nil
}

// touched tells a file that has another time but the bytes that it had when it was done.
func (w *Watcher) touched(j *Job) (Kind, error) {
	if j.was == nil || j.was.At != done || j.was.Size != j.Size || j.was.Hash == "" {
		return 0, nil
	}
	if _, err := io.Copy(io.Discard, j.Open()); err != nil {
		return Failed, err
	}
	if j.sum() == j.was.Hash {
		r := *j.was
		r.identity, r.From = j.id, ""
		return Same, w.journal.add(r, false)
	}
	j.hash.Reset()
	j.read = 0
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return Failed, err
	}
	return 0, nil
}

// intend writes down that the job is about to be done. A job that was cut off goes on under its
// name, if its file is still the same.
func (w *Watcher) intend(j *Job) error {
	r := record{At: begin, Path: j.Rel, identity: j.id}
	if j.was != nil && j.was.At == begin && j.was.unchanged(j.id) {
		r.Run = j.was.Run
	} else {
		r.Run = rand.Text()
	}
	j.Run = r.Run
	if j.name != "" {
		_, err := os.Lstat(j.Output)
		r.Outputs, r.New = []string{j.name}, errors.Is(err, fs.ErrNotExist)
		if err := os.MkdirAll(filepath.Dir(j.Output), 0o777); err != nil {
			return err
		}
	}
	return w.journal.add(r, true)
}

// changed reports whether a file is not any more what it was when its job began: it was written
// to, or another one has its name. One that was deleted or renamed was read as it was.
func (w *Watcher) changed(j *Job) bool {
	info, err := j.file.Stat()
	if err != nil || !identityOf(info).unchanged(j.id) {
		return true
	}
	now, err := os.Stat(j.Path)
	return err == nil && !os.SameFile(info, now)
}

// recover finishes what the last run had in hand when it ended: an output that stands under a name
// that nothing had before is complete, and its file is done; any other is made again. What is
// left of incomplete outputs is removed.
func (w *Watcher) recover() error {
	for _, r := range w.journal.all() {
		for _, name := range r.Outputs {
			w.names.own(name, r.Path)
		}
		if r.At != begin {
			continue
		}
		complete := r.New && len(r.Outputs) > 0
		for _, name := range r.Outputs {
			output := filepath.Join(w.o.Output, filepath.FromSlash(name))
			if err := removeTemporary(output); err != nil {
				return err
			}
			if _, err := os.Lstat(output); err != nil {
				complete = false
			}
		}
		if complete {
			n := *r
			n.At, n.New = done, false
			if err := w.journal.add(n, false); err != nil {
				return err
			}
			w.stats.recovered.Add(1)
			continue
		}
		if _, err := os.Lstat(w.full(r.Path)); errors.Is(err, fs.ErrNotExist) {
			if err := w.journal.add(record{At: gone, Path: r.Path}, false); err != nil {
				return err
			}
			w.stats.vanished.Add(1)
			w.tell(Event{Kind: Vanished, Path: r.Path})
		}
	}
	return w.journal.compact(func(path string) bool {
		_, err := os.Lstat(w.full(path))
		return err == nil
	}, false)
}
