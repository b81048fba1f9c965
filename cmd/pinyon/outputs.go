package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/sink/sql"
)

// parseOutput makes a target of what -o and -f say. A contradiction between the two is told
// to say; -f wins.
func parseOutput(path, word string, say func(string, ...any)) (*sink.Target, error) {
	byURL, err := sinks.ForURL(path)
	if err != nil {
		return nil, usage("output %s: %w", sink.Masked(path), err)
	}
	if byURL != nil {
		return serverOutput(path, word, byURL)
	}
	t := &sink.Target{Path: path, Sink: sinks[0]}
	var byName *sink.Descriptor
	if path != "-" {
		if byName, err = sinkFor(path); err != nil && word == "" {
			return nil, err
		} else if err != nil {
			say("note: writing %s to %s, as -f says, though its name means something else", word, path)
		}
	}
	switch {
	case word != "":
		if t.Sink, err = sinkNamed(word); err != nil {
			return nil, err
		}
		if byName != nil && byName != t.Sink {
			say("note: writing %s to %s, as -f says, though its name means %s", t.Sink.Name, path, byName.Name)
		}
	case byName != nil:
		t.Sink = byName
	}
	if t.Sink.Stream == nil && path == "-" {
		if t.Sink.Default == nil {
			t.Path = t.Sink.Name // it has no place among files: its options say where it goes
			return t, nil
		}
		var ok bool
		if path, ok = t.Sink.Default(); !ok {
			return nil, fmt.Errorf("format %s: give its address with -o, or in %s", t.Sink.Name, sql.AddressVariable)
		}
		return serverOutput(path, t.Sink.Name, t.Sink)
	}
	if t.Sink.Stream == nil && len(t.Sink.Extensions) == 0 && t.Path != t.Sink.Name {
		return nil, usage("output %s is no place for -f %s; want %s://", path, t.Sink.Name, t.Sink.Schemes[0])
	}
	return t, checkStream(t)
}

// serverOutput is the target of a URL, which -f may not contradict.
func serverOutput(address, word string, byURL *sink.Descriptor) (*sink.Target, error) {
	if u, err := sinks.ForURL(address); err != nil || u != byURL && u != nil {
		return nil, usage("output %s is no place for -f %s", sink.Masked(address), word)
	}
	if word != "" && !byURL.Has(word) {
		return nil, usage("output %s is no place for -f %s", sink.Masked(address), word)
	}
	t, err := byURL.Target(address)
	if err != nil {
		return nil, usage("%w", err)
	}
	return t, nil
}

// checkStream refuses standard output to formats that cannot go there.
func checkStream(t *sink.Target) error {
	if t.Path == "-" && t.Sink.Stream != nil && !t.Sink.Stream.Pipe {
		return usage("format %s needs a file: give one with -o", t.Sink.Name)
	}
	return nil
}

// parseTee makes a target of FORMAT=TARGET, with options behind a question mark.
func parseTee(s string) (*sink.Target, error) {
	word, address, ok := strings.Cut(s, "=")
	if !ok || word == "" || address == "" {
		return nil, usage("--tee: got %q; want FORMAT=TARGET", s)
	}
	d, err := sinkNamed(word)
	if err != nil {
		return nil, err
	}
	t, err := d.Target(address)
	if err != nil {
		return nil, usage("--tee: %w", err)
	}
	return t, checkStream(t)
}

// outputError is an error of opening outputs as whoever typed the command sees it.
func outputError(err error) error {
	var se *sink.SettingError
	if errors.As(err, &se) {
		return usage("%w", err)
	}
	return err
}

// checkOutputs refuses an output that is one of the inputs, or another output. infos are the
// inputs' files.
func checkOutputs(targets []*sink.Target, from *sink.Provenance, infos []fs.FileInfo) error {
	var p files.Places
	if err := p.AddTargets(targets, from); err != nil {
		return usage("%w", err)
	}
	if path := p.Find(infos); path != "" {
		return usage("output %s is also an input", path)
	}
	return nil
}

// checkInput refuses to read what the command's own lines would be written into: standard output or
// standard error is the same file, as after ">> FILE". "-" is standard input.
func (a *app) checkInput(name string) error {
	info, err := os.Stat(name)
	if name == "-" {
		info, err = stat(a.in), nil
	}
	if err != nil {
		return nil // whoever opens it says so
	}
	return a.checkInputs([]fs.FileInfo{info})
}

// checkInputs is checkInput of several.
func (a *app) checkInputs(infos []fs.FileInfo) error {
	streams := []any{a.out, a.err}
	if out, ok := a.out.(*stdout); ok {
		streams[0] = out.w
	}
	for i, name := range []string{"standard output", "standard error"} {
		f, ok := streams[i].(*os.File)
		if !ok {
			continue
		}
		to, err := f.Stat()
		if err != nil || !to.Mode().IsRegular() {
			continue
		}
		for _, info := range infos {
			if info.Mode().IsRegular() && os.SameFile(to, info) {
				return usage("%s is also an input", name)
			}
		}
	}
	return nil
}
