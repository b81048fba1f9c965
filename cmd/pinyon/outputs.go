package main

import (
	"errors"
	"io/fs"
	"strings"

	"pinyon/sink"
	"pinyon/sink/files"
)

// parseOutput makes a target of what -o and -f say. A contradiction between the two is told
// to say; -f wins.
func parseOutput(path, word string, say func(string, ...any)) (*sink.Target, error) {
	if path == "" {
		path = "-"
	}
	if scheme, _, ok := strings.Cut(path, "://"); ok && (strings.HasPrefix(scheme, "sqlite") || strings.HasPrefix(scheme, "postgres")) {
		return nil, usage("output %s://: databases are not in this build", scheme)
	}
	if d := sinks.ForURL(path); d != nil {
		if word != "" && !d.Has(word) {
			return nil, usage("output %s is no place for -f %s", path, word)
		}
		t, err := d.Target(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		return t, nil
	}
	t := &sink.Target{Path: path, Sink: sinks[0]}
	var byName *sink.Descriptor
	var err error
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
		t.Path = t.Sink.Name // it has no place among files: its options say where it goes
	}
	return t, checkStream(t)
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
