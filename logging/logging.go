// Package logging writes what a long run tells to a console and to files, by log/slog: lines as
// text, as JSON, or by a template in the style of Python's logging. Files begin anew by size and
// by time. A log that cannot be written does not end a run; what is lost is counted.
package logging

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"
)

// The named streams. General is for what is told of the run; the others are for one thing each
// and go to their own files alone.
const (
	General     = "general"
	Security    = "security"    // packets that were refused
	Packet      = "packet"      // every packet
	Performance = "performance" // sums, now and then
)

// Options say what is written where. The zero value writes nothing.
type Options struct {
	Level   slog.Level // the least that is written anywhere
	Format  string     // json, a template (see Template), or empty for text
	Streams map[string]File
}

// A File is where a stream goes.
type File struct {
	Path    string
	Level   slog.Level    // the least that is written there
	Every   time.Duration // the file begins anew at every multiple of it, UTC; 0 is never
	MaxSize int64         // bytes that it does not grow over, but by one line; 0 is no limit
	Backups int           // former files that stay, as PATH.1 (the latest), PATH.2 and so on
}

// A Log is open files. Its methods may be called from any goroutine.
type Log struct {
	streams map[string]*slog.Logger
	files   []*Rotating
	lost    atomic.Uint64
}

// Open opens the files, to which lines are appended.
func Open(o *Options) (*Log, error) {
	l := &Log{streams: map[string]*slog.Logger{}}
	for name, f := range o.Streams {
		w, err := OpenRotating(&f)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.files = append(l.files, w)
		h, err := NewHandler(w, o.Format, name, max(o.Level, f.Level))
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.streams[name] = slog.New(counting{h, &l.lost})
	}
	return l, nil
}

// Stream is the logger of that name; of one that goes nowhere, or of no Log, it is disabled.
func (l *Log) Stream(name string) *slog.Logger {
	if l != nil && l.streams[name] != nil {
		return l.streams[name]
	}
	return slog.New(slog.DiscardHandler)
}

// Lost is how many lines could not be written.
func (l *Log) Lost() uint64 {
	if l == nil {
		return 0
	}
	return l.lost.Load()
}

// Close closes the files.
func (l *Log) Close() (err error) {
	if l == nil {
		return nil
	}
	for _, f := range l.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// NewHandler is a handler for a format. name is what a template has for the logger.
func NewHandler(w io.Writer, format, name string, level slog.Leveler) (slog.Handler, error) {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: utc}
	switch format {
	case "":
		return slog.NewTextHandler(w, o), nil
	case "json":
		return slog.NewJSONHandler(w, o), nil
	}
	t, err := ParseTemplate(format)
	if err != nil {
		return nil, err
	}
	return &templateHandler{w: w, t: t, name: name, level: level}, nil
}

// utc has the time of a line in UTC.
func utc(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

// counting counts what a handler could not write.
type counting struct {
	slog.Handler
	lost *atomic.Uint64
}

func (c counting) Handle(ctx context.Context, r slog.Record) error {
	err := c.Handler.Handle(ctx, r)
	if err != nil {
		c.lost.Add(1)
	}
	return err
}

func (c counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	return counting{c.Handler.WithAttrs(attrs), c.lost}
}

func (c counting) WithGroup(name string) slog.Handler {
	return counting{c.Handler.WithGroup(name), c.lost}
}
