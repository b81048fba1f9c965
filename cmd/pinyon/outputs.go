package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
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
	byURL, err := sinks.ForURL(path)
	if err != nil {
		return nil, usage("output %s: %w", sink.Masked(path), err)
	}
	if byURL != nil {
		return databaseOutput(path, word, byURL)
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
		if t.Path, err = address(t.Sink); err != nil {
			return nil, err
		}
		return databaseOutput(t.Path, t.Sink.Name, t.Sink)
	}
	if t.Sink.Stream == nil && !slices.Contains(t.Sink.Schemes, "sqlite") {
		return nil, fmt.Errorf("format %s: %s is no address of one; want %s://", t.Sink.Name, path, t.Sink.Schemes[0])
	}
	return t, checkStream(t)
}

// dsnVariable holds the address of a database for whoever keeps it from the command line.
const dsnVariable = "PINYON_DB_DSN"

// address is where rows for a database go if no output is named: PINYON_DB_DSN, or for
// PostgreSQL what the variables of libpq say.
func address(d *sink.Descriptor) (string, error) {
	if dsn := os.Getenv(dsnVariable); dsn != "" {
		return dsn, nil
	}
	if slices.Contains(d.Schemes, "postgres") {
		for _, name := range []string{"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"} {
			if os.Getenv(name) != "" {
				return "postgres://", nil
			}
		}
	}
	return "", fmt.Errorf("format %s: give its address with -o, or in %s", d.Name, dsnVariable)
}

// databaseOutput is the target of a URL, which -f may not contradict.
func databaseOutput(path, word string, byURL *sink.Descriptor) (*sink.Target, error) {
	if word != "" {
		d, err := sinkNamed(word)
		if err != nil {
			return nil, err
		}
		u, err := sinks.ForURL(path)
		if u == nil && err == nil && slices.Contains(d.Schemes, "sqlite") {
			u = d // the name of a file
		}
		if err != nil || u != d {
			return nil, fmt.Errorf("format %s: %s is no address of one", d.Name, sink.Masked(path))
		}
	}
	t, err := byURL.Target(path)
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
