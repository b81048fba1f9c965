package main

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"pinyon/column"
	"pinyon/config"
	"pinyon/dataset"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/spool"
)

// spoolFlags say where rows wait for a server that failed.
type spoolFlags struct {
	dir, size, wait string
}

func (s *spoolFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dir, "spool-dir", "", "with --on-sink-error spool: folder below which rows wait, each output's in a folder of its own; pinyon-spool if not given")
	f.StringVar(&s.size, "spool-size", "", "bytes that wait for an output, at most; 1GiB if not given. Further rows of a capture are dropped and counted; a run over files ends")
	f.StringVar(&s.wait, "spool-wait", "", "how long a run that is over goes on trying after the last row that arrived; 10s if not given")
}

// options are what the flags say.
func (s *spoolFlags) options(x *extraction, live bool) (o spool.Options, err error) {
	o = spool.Options{Dir: s.dir, Live: live, Say: func(format string, words ...any) { x.say("warning: "+format, words...) }}
	if s.size != "" {
		size, err := config.ParseSize(s.size)
		if err != nil || size <= 0 {
			return o, usage("--spool-size: got %q; want a size such as 1GB", s.size)
		}
		o.Size = int64(size)
	}
	if s.wait != "" {
		if o.Wait, err = parseDuration(s.wait); err != nil {
			return o, usage("--spool-wait: %w", err)
		}
		o.Wait = max(o.Wait, 1) // 0 would be the default
	}
	return o, nil
}

// keepRows has rows of servers that fail wait on disk.
func (x *extraction) keepRows(outs *files.Outputs, live bool) error {
	o, err := x.spool.options(x, live)
	if err != nil {
		return err
	}
	outs.Opener = func(ctx context.Context, t *sink.Target, s *column.Schema, run *sink.Run) (sink.Sink, error) {
		if t.Sink.Stream != nil {
			return t.Open(ctx, s, run)
		}
		k, err := spool.Open(ctx, t, s, run, o)
		if err != nil {
			return nil, err // and no nil of a type
		}
		return k, nil
	}
	return nil
}

// tellLeft says how rows that wait on disk are sent.
func (x *extraction) tellLeft(outs *files.Outputs) {
	for _, o := range outs.List() {
		if k, ok := o.Sink.(*spool.Spool); ok {
			if rows, dir := k.Left(); dir != "" {
				x.say("%d rows for %s wait in %s; they are sent by: %s convert %s -o %s", rows, o.Target.Name(), dir, x.name, dir, o.Target.Name())
			}
		}
	}
}

// A rowsInput is what convert reads.
type rowsInput struct {
	schema     *column.Schema
	provenance string
	batches    iter.Seq2[*column.Batch, error]
	close      func() error
}

// openRows opens a feature file, or the folder of a spool.
func openRows(path string, limits dataset.Limits, x *conversion) (*rowsInput, *spool.Folder, error) {
	if info, err := os.Stat(path); path == "-" || err != nil || !info.IsDir() {
		in, err := limits.Open(path, x.in)
		if err != nil {
			return nil, nil, err
		}
		return &rowsInput{in.Schema(), in.Provenance, in.Batches(), in.Close}, nil, nil
	}
	f, err := spool.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage("%s is a folder, and none of rows that wait", path)
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := f.Schema()
	if err != nil {
		return nil, nil, err
	}
	return &rowsInput{s, f.Provenance, f.Batches(s), func() error { return nil }}, f, nil
}
