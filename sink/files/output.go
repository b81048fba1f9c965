package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// Suffix is what the name of the file with an output's provenance has behind the output's.
const Suffix = ".provenance.json"

// Format makes the Descriptor of a format that writes bytes: d without NewOptions, Open and
// Stream, where the bytes may go, and what encodes rows into a writer. O is the format's own
// Options, which embeds sink.Common.
func Format[O any, P interface {
	*O
	SetCommon(sink.Common)
}](d sink.Descriptor, stream sink.Stream, encode func(io.Writer, *column.Schema, *O) (sink.Sink, error)) *sink.Descriptor {
	d.Stream = &stream
	d.NewOptions = func() any { return new(O) }
	d.Open = func(_ context.Context, to *sink.Target, s *column.Schema, settings any, run *sink.Run) (sink.Sink, error) {
		o := settings.(*O)
		P(o).SetCommon(common(&stream, run))
		enc := func(w io.Writer) (sink.Sink, error) { return encode(w, s, o) }
		if run.Rotation != nil && Rotates(to.Path) {
			t := &rotating{target: to, schema: s, run: run, r: *run.Rotation, encode: enc, now: time.Now}
			return t, t.probe()
		}
		return open(to, s, run, nil, enc)
	}
	return &d
}

// common is what a format is told of a run: the provenance, if it can hold that itself, is
// part of its metadata.
func common(stream *sink.Stream, run *sink.Run) sink.Common {
	c, p := run.Common, run.Provenance
	if p == nil || !stream.Embeds && !(p.Header && stream.Header) {
		return c
	}
	with := func(m map[string]string, v []byte) map[string]string {
		m = maps.Clone(m)
		if m == nil {
			m = map[string]string{}
		}
		m[sink.MetadataProvenance] = string(v)
		return m
	}
	tail := c
	c.HeadRow = p.Header && stream.Header
	c.Head = with(c.Head, p.Head)
	if p.Tail != nil {
		c.Tail = func() map[string]string { return with(tail.Metadata(), p.Tail()) }
	}
	return c
}

// An Output is a sink of a format that goes to a file or to standard output. The file, and
// those beside it, appear under their names at Close.
type Output struct {
	target *sink.Target
	file   *File // nil: standard output
	enc    sink.Sink
	sides  []side

	partial func() bool // whether rows are missing at the end; nil is never

	first func(n int) string // names to try, n from 1, that replace nothing; nil is the target's own

	mu        sync.Mutex  // held while the sink is at work, which a pipe may draw out
	over      atomic.Bool // aborted
	completed bool        // the format is; the file is not yet under its name
	closed    bool
}

// A side is a file beside an output.
type side struct {
	path  string
	file  *File
	bytes func() []byte
	was   string // its temporary name, while names are tried
}

// open creates the file of a target and what belongs beside it. If one fails none is left. Names
// to try, if there are any, are for regular files that replace nothing.
func open(t *sink.Target, s *column.Schema, run *sink.Run, first func(n int) string, encode func(io.Writer) (sink.Sink, error)) (_ *Output, err error) {
	o := &Output{target: t, first: first}
	create := Create
	if first != nil {
		create = CreateNew
	}
	if run.Provenance != nil {
		o.partial = run.Provenance.Partial
	}
	defer func() {
		if err != nil {
			o.Abort()
		}
	}()
	var w io.Writer = run.Stdout
	switch {
	case t.Path == "-" && !t.Sink.Stream.Pipe:
		return nil, &sink.SettingError{Target: t.Name(), Err: fmt.Errorf("format %s needs a file", t.Sink.Name)}
	case t.Path != "-":
		main := create
		if run.Follow && first == nil && Follows(t.Sink) {
			main = follow
		}
		if o.file, err = until(run.Ending, t.Path, main); err != nil {
			return nil, err
		}
		w = o.file
	case w == nil:
		w = os.Stdout
	}
	if o.enc, err = encode(w); err != nil {
		return nil, &sink.SettingError{Target: t.Name(), Err: err}
	}
	if o.file == nil || !o.file.Regular() {
		return o, nil
	}
	for _, path := range beside(t, run.Provenance) {
		x := side{path: path}
		if x.file, err = create(path); err != nil {
			return nil, err
		}
		if describe := t.Sink.Stream.Beside[path[len(t.Path):]]; describe != nil {
			x.bytes = func() []byte { return describe(s) }
		} else {
			x.bytes = run.Provenance.File
		}
		o.sides = append(o.sides, x)
	}
	return o, nil
}

// beside are the names of the files beside an output, if that is a regular file.
func beside(t *sink.Target, p *sink.Provenance) (names []string) {
	if p != nil && p.File != nil && !(p.Header && t.Sink.Stream.Header) {
		names = append(names, t.Path+Suffix)
	}
	for _, suffix := range slices.Sorted(maps.Keys(t.Sink.Stream.Beside)) {
		names = append(names, t.Path+suffix)
	}
	return names
}

// Write gives the encoder a batch.
func (o *Output) Write(ctx context.Context, b *column.Batch) error {
	return o.with(func(s sink.Sink) error { return s.Write(ctx, b) })
}

// Flush hands on what the encoder holds.
func (o *Output) Flush(ctx context.Context) error {
	return o.with(func(s sink.Sink) error { return s.Flush(ctx) })
}

// with has the encoder do something, unless it was aborted. Errors say which output it is.
func (o *Output) with(do func(sink.Sink) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over.Load() {
		return sink.ErrAborted
	}
	err := do(o.enc)
	var pe *fs.PathError
	if err == nil || errors.As(err, &pe) && o.target.Path != "-" {
		return err // a path says it
	}
	return fmt.Errorf("%s: %w", o.target.Name(), err)
}

// complete ends the format and writes the files beside it, without giving any its name.
func (o *Output) complete(ctx context.Context) error {
	if o.completed {
		return nil
	}
	if err := o.with(func(s sink.Sink) error { return s.Close(ctx) }); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over.Load() {
		return sink.ErrAborted
	}
	if o.file != nil {
		if o.partial != nil && o.partial() {
			if err := o.file.markPartial(); err != nil {
				return err
			}
		}
		if err := o.file.Sync(); err != nil {
			return err
		}
	}
	if err := o.writeSides(); err != nil {
		return err
	}
	o.completed = true
	return nil
}

// writeSides writes the files beside the output, without giving any its name.
func (o *Output) writeSides() error {
	for i := range o.sides {
		f := o.sides[i].file
		if _, err := f.Write(o.sides[i].bytes()); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// commit gives the file and those beside it their names.
func (o *Output) commit() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over.Load() {
		return sink.ErrAborted
	}
	if o.closed {
		return nil
	}
	o.closed = true
	if o.file == nil {
		return nil
	}
	if o.first != nil {
		n, err := o.commitFirst(o.first)
		if err != nil {
			return errors.Join(err, o.remove())
		}
		o.rename(o.first(n))
	} else if err := o.nameAll(); err != nil {
		return errors.Join(err, o.remove())
	}
	if o.file.Regular() {
		o.enc.Counters().Files.Add(uint64(1 + len(o.sides)))
	}
	return nil
}

// rename says which name the output has got.
func (o *Output) rename(path string) {
	for i := range o.sides {
		s := &o.sides[i]
		s.path = path + s.path[len(o.target.Path):]
	}
	o.target.Path = path
}

// besides are the endings of files that an output of any format may have beside it: an
// earlier run of another format may have left them.
var besides = []string{Suffix, ".columns.json"}

// Close completes the output and gives the files their names.
func (o *Output) Close(ctx context.Context) error {
	if err := o.complete(ctx); err != nil {
		return err
	}
	return o.commit()
}

// Abort removes whatever has not got its name yet. It waits for a file that is being
// written, but not for a pipe whose reader sleeps: there is nothing to remove.
func (o *Output) Abort() error {
	o.over.Store(true)
	if o.file != nil && o.file.Regular() {
		o.mu.Lock()
	} else if !o.mu.TryLock() {
		return nil
	}
	defer o.mu.Unlock()
	return o.remove()
}

// remove closes what has not got its name, and removes regular files.
func (o *Output) remove() (err error) {
	if o.file != nil {
		err = o.file.Abort()
	}
	for i := range o.sides {
		if f := o.sides[i].file; f != nil {
			err = errors.Join(err, f.Abort())
		}
	}
	return err
}

// Counters are the encoder's.
func (o *Output) Counters() *sink.Counters { return o.enc.Counters() }
