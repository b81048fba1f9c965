package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"pinyon/internal/plain"
)

// readable are values to be printed, with texts and errors as a terminal may be given them.
func (a *app) readable(args []any) []any {
	out := slices.Clone(args)
	for i, v := range out {
		switch v := v.(type) {
		case string:
			if out[i] = plain.Text(v); out[i] != v && plain.Line(a.named(v)) == a.named(v) {
				out[i] = a.named(v)
			}
		case error:
			out[i] = plain.Line(a.describe(v))
		}
	}
	return out
}

// describe is an error in words, with the names in it quoted that a terminal could not show. It has
// several lines only if the error is of several errors, or points at something.
func (a *app) describe(err error) string {
	text := err.Error()
	switch e := err.(type) {
	case *pointed:
		return plain.Lines(text)
	case *fs.PathError:
		return e.Op + " " + plain.Text(e.Path) + ": " + a.describe(e.Err)
	case *os.LinkError:
		return e.Op + " " + plain.Text(e.Old) + " " + plain.Text(e.New) + ": " + a.describe(e.Err)
	case interface{ Unwrap() []error }:
		var lines, described []string
		for _, inner := range e.Unwrap() {
			lines, described = append(lines, inner.Error()), append(described, a.describe(inner))
		}
		if text == strings.Join(lines, "\n") {
			return strings.Join(described, "\n")
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		if before, after, ok := strings.Cut(text, inner.Error()); ok {
			return a.quoted(before) + a.describe(inner) + a.quoted(after)
		}
	}
	return a.quoted(text)
}

// quoted is text as a terminal may be given it.
func (a *app) quoted(text string) string { return plain.Line(a.named(text)) }

// named is text in which arguments of the command line are quoted if they hold what cannot be
// printed.
func (a *app) named(text string) string {
	var names []string
	for _, arg := range a.args {
		_, value, _ := strings.Cut(arg, "=")
		names = append(names, arg, value)
	}
	slices.SortFunc(names, func(x, y string) int { return cmp.Compare(len(y), len(x)) }) // a name may lie in a longer one
	var pairs []string
	for _, name := range names {
		if q := plain.Text(name); q != name {
			pairs = append(pairs, name, q)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// A pointed error shows in further lines where something is wrong, in text that can be printed.
type pointed struct {
	err   error
	lines string
}

func (p *pointed) Error() string { return p.err.Error() + "\n" + p.lines }
func (p *pointed) Unwrap() error { return p.err }

// jsonLines is a writer of JSON that has escapes for what a terminal could not show.
type jsonLines struct{ w io.Writer }

func (j jsonLines) Write(p []byte) (int, error) {
	if _, err := j.w.Write(plain.JSON(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
