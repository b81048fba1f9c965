package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options say what is watched and what happens to its files. Dir and New are needed; of the
// others the zero value is a default.
type Options struct {
	Dir string // the directory to watch
	// Output is the directory of outputs, made if it is not there; "" is Dir/features. Files in
	// it are not taken for inputs.
	Output string
	// Elsewhere says that rows go to no file, but to a server: outputs get no names.
	Elsewhere bool
	Pattern   string // of outputs' names below Output, see Placeholders; "" is {path}.{ext}
	Extension string // what {ext} stands for, without the dot
	Journal   string // the journal's file; "" is .pinyon-watch.journal in Output
	// Flat leaves directories below Dir out.
	Flat bool
	// Match says by a file's name whether it is an input; nil takes all. Names that begin with a
	// dot are never inputs: they are those of files that are not complete.
	Match func(name string) bool
	// Settle is how long a file must stay as it is until it is taken, if the system has not said
	// that its writer has closed it or that it was renamed; 0 is 2 s.
	Settle time.Duration
	// Rescan is how often the directory is looked through in any case; 0 is 30 s. Poll is how
	// often where the system tells no events; 0 is 1 s.
	Rescan, Poll time.Duration
	// SkipExisting leaves out the files that are there when a journal is begun.
	SkipExisting bool
	// Once does no path a second time, although the file has changed.
	Once bool
	// RetryFailed tries files again that an earlier run has given up.
	RetryFailed bool
	// Drain has Run end once nothing is left to do.
	Drain   bool
	Workers int // files that are done at a time; 0 is 1
	// Retries is how often a file that cannot be read is tried again; 0 is 3, below 0 never.
	// RetryWait is how long it waits before the first of these, twice as long before each
	// further one, at most 5 min; 0 is 5 s. A file whose output fails is tried until that works.
	Retries   int
	RetryWait time.Duration
	Move      string // directory that files go to when they are done; "" leaves them
	Delete    bool   // removes files when they are done
	// New makes what turns files into rows. It is called once for each worker, and what it gives
	// is used by one goroutine at a time.
	New func() (Processor, error)
	// Report, if not nil, is told what happens, by one goroutine at a time. Ready, if not nil, is
	// called once, when the files that are there have been looked at.
	Report func(Event)
	Ready  func()
}

// A Processor makes rows of files.
type Processor interface {
	// Process reads the job's file, by job.Open, and makes an output of it that appears when
	// Result.Commit is called. An error is one of the file, unless it is an OutputError.
	Process(ctx context.Context, job *Job) (*Result, error)
}

// A Result is an output that waits for Commit or Abort, one of which is called.
type Result struct {
	Flows, Packets uint64
	// Damage says why the file's rows are not all that it should have, nil if they are.
	Damage error
	// Commit completes the output. nil is an output that there is none of.
	Commit func(context.Context) error
	Abort  func() error
}

// An OutputError is an error of what takes the rows, for which no file is to blame.
type OutputError struct{ Err error }

// Error is that of Err.
func (e *OutputError) Error() string { return e.Err.Error() }

// Unwrap is Err.
func (e *OutputError) Unwrap() error { return e.Err }

// An OptionError says what is wrong with Options.
type OptionError struct{ Err error }

// Error is that of Err.
func (e *OptionError) Error() string { return "watch: " + e.Err.Error() }

// Unwrap is Err.
func (e *OptionError) Unwrap() error { return e.Err }

// complete fills in defaults and checks.
func (o *Options) complete() error {
	or := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	or(&o.Settle, 2*time.Second)
	or(&o.Rescan, 30*time.Second)
	or(&o.Poll, time.Second)
	or(&o.RetryWait, 5*time.Second)
	switch {
	case o.Dir == "":
		return &OptionError{errors.New("no directory is given")}
	case o.New == nil:
		return &OptionError{errors.New("nothing is given that makes rows")}
	case o.Move != "" && o.Delete:
		return &OptionError{errors.New("a file cannot be both moved and deleted")}
	}
	if o.Output == "" {
		o.Output = filepath.Join(o.Dir, "features")
	}
	if o.Journal == "" {
		o.Journal = filepath.Join(o.Output, ".pinyon-watch.journal")
	}
	if o.Pattern == "" {
		o.Pattern = "{path}.{ext}"
	}
	if o.Workers <= 0 {
		o.Workers = 1
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	o.Retries = max(o.Retries, 0)
	if same(o.Dir, o.Output) || o.Move != "" && same(o.Dir, o.Move) {
		return &OptionError{fmt.Errorf("%s is the directory that is watched: outputs and moved files need one of their own", o.Dir)}
	}
	return nil
}

// same reports whether two paths are one directory.
func same(a, b string) bool {
	x, err := os.Stat(a)
	y, other := os.Stat(b)
	return err == nil && other == nil && os.SameFile(x, y)
}
