package files

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// Rotates reports whether a name stands for files that follow each other: {time} is when a file
// begins (UTC, 20261128T150405Z), {seq} its number, of five digits or more.
func Rotates(path string) bool {
	return strings.Contains(path, "{time}") || strings.Contains(path, "{seq}")
}

// rotating is a sink of files that follow each other. A file begins with the first rows that
// there are for it, and appears under its name when it is complete; no file is ever replaced.
type rotating struct {
	target *sink.Target
	schema *column.Schema
	run    *sink.Run
	r      sink.Rotation // when a file ends
	encode func(io.Writer) (sink.Sink, error)
	now    func() time.Time

	mu    sync.Mutex
	over  bool
	file  *Output    // nil between files
	until time.Time  // when the file at hand ends; zero is never
	seq   int        // of the file at hand, from 1
	any   bool       // a file was begun
	made  []made     // the complete files that are kept, oldest first
	last  sink.Stats // of the file at hand that are in count
	count sink.Counters
}

// made is a file that the run has completed, and those beside it.
type made struct {
	path string
	all  map[string]fs.FileInfo // by name
}

// remove removes the files, but none that has taken such a name since.
func (m *made) remove() {
	for path, was := range m.all {
		if is, err := os.Lstat(path); err == nil && os.SameFile(is, was) {
			os.Remove(path)
		}
	}
}

// probe tells whether files can be made where the target says.
func (t *rotating) probe() error {
	f, err := CreateNew(t.target.Path)
	if err != nil {
		return err
	}
	return f.Abort()
}

// names are the names that a file begun now may get, n from 1: the first that is free counts.
func (t *rotating) names(now time.Time) func(n int) string {
	return func(n int) string {
		path := strings.ReplaceAll(t.target.Path, "{time}", now.UTC().Format("20060102T150405Z"))
		if strings.Contains(path, "{seq}") {
			return strings.ReplaceAll(path, "{seq}", fmt.Sprintf("%05d", t.seq+n-1))
		}
		if n > 1 {
			ext := filepath.Ext(path)
			path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
		}
		return path
	}
}

// begin begins a file.
func (t *rotating) begin() error {
	t.seq++
	now := t.now()
	name := t.names(now)
	to := *t.target
	to.Path = name(1)
	file, err := open(&to, t.schema, t.run, name, t.encode)
	if err != nil {
		return err
	}
	t.file, t.last, t.any = file, sink.Stats{}, true
	if t.r.Every > 0 {
		t.until = now.Truncate(t.r.Every).Add(t.r.Every)
	}
	return nil
}

// end completes the file at hand and forgets the oldest ones.
func (t *rotating) end(ctx context.Context) error {
	file := t.file
	if file == nil {
		return nil
	}
	err := file.Close(ctx)
	t.tally()
	if err != nil {
		return err // the file stays at hand, for Keep
	}
	t.file = nil
	for t.seq < mostNames && file.first(1) != file.target.Path && strings.Contains(t.target.Path, "{seq}") {
		t.seq++ // over those that were taken
	}
	done := made{path: file.target.Path, all: map[string]fs.FileInfo{file.target.Path: file.file.Info()}}
	for i := range file.sides {
		done.all[file.sides[i].path] = file.sides[i].file.Info()
	}
	t.made = append(t.made, done)
	for t.r.Keep > 0 && len(t.made) > t.r.Keep {
		t.made[0].remove()
		t.made = slices.Delete(t.made, 0, 1)
	}
	return nil
}

// tally adds what the file at hand has counted since the last time.
func (t *rotating) tally() {
	if t.file == nil {
		return
	}
	now, was := t.file.Counters().Stats(), t.last
	t.count.Accepted.Add(now.Accepted - was.Accepted)
	t.count.Committed.Add(now.Committed - was.Committed) // Keep may have taken some back
	t.count.Resumed.Add(now.Resumed - was.Resumed)
	t.count.Lost.Add(now.Lost - was.Lost)
	t.count.Bytes.Add(now.Bytes - was.Bytes)
	t.count.Replaced.Add(now.Replaced - was.Replaced)
	t.count.Errors.Add(now.Errors - was.Errors)
	t.count.Files.Add(now.Files - was.Files)
	t.count.Room.Store(now.Room)
	t.last = now
}

// turn ends the file at hand if it is time.
func (t *rotating) turn(ctx context.Context) error {
	if t.file == nil {
		return nil
	}
	s := t.file.Counters().Stats()
	if !t.until.IsZero() && !t.now().Before(t.until) || t.r.Size > 0 && int64(s.Bytes) >= t.r.Size || t.r.Rows > 0 && s.Accepted >= uint64(t.r.Rows) {
		return t.end(ctx)
	}
	return nil
}

// Write gives the rows to the file at hand, or to a new one if it is time for that.
func (t *rotating) Write(ctx context.Context, b *column.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return sink.ErrAborted
	}
	err := t.turn(ctx)
	if err == nil && t.file == nil && b.Rows > 0 {
		err = t.begin()
	}
	if err != nil {
		t.count.Accepted.Add(uint64(b.Rows))
		t.count.Lost.Add(uint64(b.Rows))
	}
	if err != nil || b.Rows == 0 {
		return err
	}
	err = t.file.Write(ctx, b)
	t.tally()
	return err
}

// Flush hands on what there is, and completes a file whose time is over.
func (t *rotating) Flush(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return sink.ErrAborted
	}
	if err := t.turn(ctx); err != nil || t.file == nil {
		return err
	}
	err := t.file.Flush(ctx)
	t.tally()
	return err
}

// Close completes the last file. Without rows there is one file, of none.
func (t *rotating) Close(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return sink.ErrAborted
	}
	if !t.any {
		if err := t.begin(); err != nil {
			return err
		}
	}
	return t.end(ctx)
}

// Abort gives up the file at hand; complete ones stay.
func (t *rotating) Abort() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	if t.file == nil {
		return nil
	}
	return t.file.Abort()
}

// Keep is Abort that keeps what is complete of the file at hand.
func (t *rotating) Keep() (*Kept, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	if t.file == nil {
		return nil, nil
	}
	kept, err := t.file.Keep()
	t.tally()
	return kept, err
}

// Counters are the sums over all files.
func (t *rotating) Counters() *sink.Counters { return &t.count }

// Names are the files that are complete and kept, oldest first.
func (t *rotating) Names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, len(t.made))
	for i := range t.made {
		names[i] = t.made[i].path
	}
	return names
}
