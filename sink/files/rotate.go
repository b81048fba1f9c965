package files

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	names []string   // of complete files that are kept
	last  sink.Stats // of the file at hand that are in count
	count sink.Counters
}

// begin begins a file.
func (t *rotating) begin() error {
	now := t.now().UTC()
	t.seq++
	name := func(n int) string {
		path := strings.ReplaceAll(t.target.Path, "{time}", now.Format("20060102T150405Z"))
		if strings.Contains(path, "{seq}") {
			return strings.ReplaceAll(path, "{seq}", fmt.Sprintf("%05d", t.seq+n-1))
		}
		if n > 1 {
			ext := filepath.Ext(path)
			path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
		}
		return path
	}
	to := *t.target
	to.Path = name(1)
	file, err := open(&to, t.schema, t.run, t.encode)
	if err != nil {
		return err
	}
	if !file.file.Regular() {
		file.Abort()
		return fmt.Errorf("%s is no regular file, so there is no second one", to.Path)
	}
	file.first = name
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
	t.file = nil
	if err != nil {
		file.Abort()
		return err
	}
	for t.seq < mostNames && file.first(1) != file.target.Path && strings.Contains(t.target.Path, "{seq}") {
		t.seq++ // over those that were taken
	}
	t.names = append(t.names, file.target.Path)
	for t.r.Keep > 0 && len(t.names) > t.r.Keep {
		for _, suffix := range append([]string{""}, besides...) {
			os.Remove(t.names[0] + suffix)
		}
		t.names = t.names[1:]
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
	t.count.Committed.Add(now.Committed - was.Committed)
	t.count.Lost.Add(now.Lost - was.Lost)
	t.count.Bytes.Add(now.Bytes - was.Bytes)
	t.count.Replaced.Add(now.Replaced - was.Replaced)
	t.count.Errors.Add(now.Errors - was.Errors)
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
	if err := t.turn(ctx); err != nil || b.Rows == 0 {
		return err
	}
	if t.file == nil {
		if err := t.begin(); err != nil {
			return err
		}
	}
	err := t.file.Write(ctx, b)
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
	return t.file.Keep()
}

// Counters are the sums over all files.
func (t *rotating) Counters() *sink.Counters { return &t.count }

// Names are the files that are complete and kept.
func (t *rotating) Names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.names
}
