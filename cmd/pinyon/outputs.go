package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/npy"
)

// An output is one destination of rows.
type output struct {
	path   string // "-" is standard output
	format *format

	target *sink.Target // nil: standard output
	sink   sink.Sink
	mu     sync.Mutex // held while the sink is at work, which a pipe may draw out
	over   bool
}

// name is the destination as messages call it.
func (o *output) name() string {
	if o.path == "-" {
		return "standard output"
	}
	return o.path
}

// parseOutput makes an output of what -o and -f say. A contradiction between the two is
// told to say; -f wins.
func parseOutput(path, word string, say func(string, ...any)) (*output, error) {
	if path == "" {
		path = "-"
	}
	if scheme, _, ok := strings.Cut(path, "://"); ok && (strings.HasPrefix(scheme, "sqlite") || strings.HasPrefix(scheme, "postgres")) {
		return nil, usage("output %s://: databases are not in this build", scheme)
	}
	o := &output{path: path}
	var byName *format
	var err error
	if path != "-" {
		if byName, err = formatOf(path); err != nil && word == "" {
			return nil, err
		}
	}
	switch {
	case word != "":
		if o.format, err = formatNamed(word); err != nil {
			return nil, err
		}
		if byName != nil && byName != o.format && !sameKind(byName, o.format) {
			say("note: writing %s to %s, as -f says, though its name means %s", o.format.name, path, byName.name)
		}
	case byName != nil:
		o.format = byName
	default:
		o.format = &formats[0]
	}
	if path == "-" && !o.format.stdout {
		return nil, usage("format %s needs a file: give one with -o", o.format.name)
	}
	return o, nil
}

// parseTee makes an output of FORMAT=TARGET.
func parseTee(s string) (*output, error) {
	word, path, ok := strings.Cut(s, "=")
	if !ok || word == "" || path == "" {
		return nil, usage("--tee: got %q; want FORMAT=TARGET", s)
	}
	return parseOutput(path, word, func(string, ...any) {})
}

// sameKind reports whether a name that means one format may hold the other without surprise.
func sameKind(a, b *format) bool {
	return strings.HasPrefix(a.name, "json") && strings.HasPrefix(b.name, "json") ||
		strings.HasPrefix(a.name, "arrow") && strings.HasPrefix(b.name, "arrow")
}

// outputs are the destinations of a run, all of which get every row. abort may be called
// from any goroutine at any time.
type outputs struct {
	list  []*output
	sides []side
	mu    sync.Mutex // held while files get their names, or are removed
	over  bool
}

// A side is a file beside an output.
type side struct {
	path   string
	target *sink.Target
	bytes  func() []byte
}

// provenanceOf is how an output gets the provenance.
type provenanceOf struct {
	mode string // header, sidecar, none
	head []byte // what is known before the first row, on one line
	tail func() []byte
	side func() []byte
}

// open creates every output and what belongs beside it. If one fails none is left.
func (all *outputs) open(s *column.Schema, base sink.Options, p *provenanceOf, stdout io.Writer) (err error) {
	defer func() {
		if err != nil {
			all.abort()
		}
	}()
	for _, o := range all.list {
		var w io.Writer = stdout
		if o.path != "-" {
			if o.target, err = create(o.path); err != nil {
				return err
			}
			w = o.target
		}
		if o.format.binary && isTerminal(w) {
			return usage("format %s is not for a terminal: give a file with -o", o.format.name)
		}
		opt := base
		header := p.mode == "header" && o.format.headLine
		if p.mode != "none" && (o.format.embeds || header) {
			opt.HeadLine = header
			opt.Head = map[string]string{sink.Provenance: string(p.head)}
			opt.Tail = func() map[string]string { return map[string]string{sink.Provenance: string(p.tail())} }
		}
		if o.sink, err = o.format.open(w, s, &opt); err != nil {
			return usage("%s: %w", o.name(), err)
		}
		if o.target == nil || !o.target.Regular() {
			continue
		}
		if o.sidecar(p.mode) {
			all.sides = append(all.sides, side{path: o.path + provenanceSuffix, bytes: p.side})
		}
		if o.format.columns {
			all.sides = append(all.sides, side{path: o.path + columnsSuffix, bytes: func() []byte { return npy.Columns(s) }})
		}
	}
	for i := range all.sides {
		if all.sides[i].target, err = create(all.sides[i].path); err != nil {
			return err
		}
	}
	return nil
}

// create is sink.Create with errors that know the path and nothing of a temporary name.
func create(path string) (*sink.Target, error) {
	t, err := sink.Create(path)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return nil, &fs.PathError{Op: "create", Path: path, Err: pe.Err}
	}
	return t, err
}

// Names of the files beside an output.
const (
	provenanceSuffix = ".provenance.json"
	columnsSuffix    = ".columns.json"
)

// Write gives a batch to every output.
func (all *outputs) Write(b *column.Batch) error {
	return all.each(func(s sink.Sink) error { return s.Write(b) })
}

// Flush hands on what the outputs hold.
func (all *outputs) Flush() error { return all.each(sink.Sink.Flush) }

// Close is finish.
func (all *outputs) Close() error { return all.finish() }

// each has every sink do something.
func (all *outputs) each(do func(sink.Sink) error) error {
	for _, o := range all.list {
		if err := o.with(do); err != nil {
			return err
		}
	}
	return nil
}

// with has the sink do something, unless it was aborted. Errors say which output it is.
func (o *output) with(do func(sink.Sink) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return errAborted
	}
	err := do(o.sink)
	var pe *fs.PathError
	if err == nil || errors.As(err, &pe) && o.path != "-" {
		return err // a path says it
	}
	return fmt.Errorf("%s: %w", o.name(), err)
}

// errAborted is the answer to rows after an abort; nobody gets to see it.
var errAborted = errors.New("aborted")

// Stats are those of the first output, which gets the same rows as the others.
func (all *outputs) Stats() sink.Stats { return all.list[0].sink.Stats() }

// finish completes every output and the files beside them, and gives them their names.
func (all *outputs) finish() error {
	if err := all.each(sink.Sink.Close); err != nil {
		return err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.over {
		return errAborted
	}
	for i := range all.sides {
		if _, err := all.sides[i].target.Write(all.sides[i].bytes()); err != nil {
			return err
		}
	}
	for _, o := range all.list {
		if o.target != nil {
			if err := o.target.Commit(); err != nil {
				return err
			}
		}
	}
	for i := range all.sides {
		if err := all.sides[i].target.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// abort removes whatever has not got its name yet. It waits for files, but not for a pipe
// whose reader sleeps: there is nothing to remove. Nothing is written afterwards.
func (all *outputs) abort() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.over = true
	for _, o := range all.list {
		if o.target == nil {
			continue
		}
		if o.target.Regular() {
			o.mu.Lock()
		} else if !o.mu.TryLock() {
			continue
		}
		o.over = true
		o.target.Abort()
		o.mu.Unlock()
	}
	for i := range all.sides {
		if t := all.sides[i].target; t != nil {
			t.Abort()
		}
	}
}

// toTerminal reports whether rows go to standard output, and that is a terminal.
func (all *outputs) toTerminal(stdout io.Writer) bool {
	for _, o := range all.list {
		if o.path == "-" && isTerminal(stdout) {
			return true
		}
	}
	return false
}

// replaced is the number of bytes of text that were not UTF-8, in the output that met most.
func (all *outputs) replaced() uint64 {
	var n uint64
	for _, o := range all.list {
		n = max(n, o.sink.Stats().Replaced)
	}
	return n
}

// lost is the number of rows that failed, in the output that lost most.
func (all *outputs) lost() uint64 {
	var n uint64
	for _, o := range all.list {
		n = max(n, o.sink.Stats().Failed)
	}
	return n
}

// sidecar reports whether the provenance goes into a file beside the output.
func (o *output) sidecar(provenance string) bool {
	return provenance != "none" && !(provenance == "header" && o.format.headLine)
}

// beside are the names of the files beside the output, if that is a regular file.
func (o *output) beside(provenance string) (names []string) {
	if o.sidecar(provenance) {
		names = append(names, o.path+provenanceSuffix)
	}
	if o.format.columns {
		names = append(names, o.path+columnsSuffix)
	}
	return names
}

// check refuses an output that is one of the inputs, or another output. infos are the
// inputs' files.
func (all *outputs) check(infos []fs.FileInfo, provenance string) error {
	var p places
	if err := p.addRows(all, provenance); err != nil {
		return err
	}
	for place, path := range p.names {
		info, err := os.Stat(place)
		if place == "-" || err != nil {
			continue
		}
		for _, in := range infos {
			if os.SameFile(info, in) {
				return usage("output %s is also an input", path)
			}
		}
	}
	return nil
}
