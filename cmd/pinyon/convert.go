package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/files"
)

// conversion is what the flags of convert say.
type conversion struct {
	*extraction
	from   uint64
	unpack unpackFlag
}

func (a *app) convertCommand() *cobra.Command {
	x := &conversion{extraction: &extraction{app: a, provenance: "none", summary: "text", order: "schema"}}
	cmd := &cobra.Command{
		Use:   "convert INPUT",
		Short: "Write the rows of a feature file to another output",
		Long: `Write the rows of a feature file (Parquet, Arrow file or stream, CSV, TSV, JSON Lines, JSON
array; by content) to any output, or those of an Arrow stream on standard input (-). Columns that
Pinyon does not know are kept. The folder of rows that wait for a server (--on-sink-error spool)
is sent as what is left of its run, and removed. An empty cell of a text format is absent, unless the column is text.`,
		Example: `  pinyon convert flows.parquet -o postgres://me@db/flows
  pinyon convert - -o flows.db <flows.arrow
  pinyon convert flows.csv -f jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return x.run(args[0]) },
	}
	x.addTargetFlags(cmd)
	x.addSettings(cmd)
	x.unpack.add(cmd)
	cmd.Flags().Uint64Var(&x.from, "from-row", 0, "number, from 0 in the run, of the input's first row, for --resume")
	return cmd
}

// run is the command after its flags were parsed.
func (x *conversion) run(path string) error {
	limits, err := x.unpack.limits()
	if err != nil {
		return err
	}
	if x.targets, err = x.outputs(); err != nil {
		return err
	}
	var outs files.Outputs
	sig := watchSignals(x.app, func(keep bool) { x.giveUp(&outs, keep) })
	defer sig.close()
	ctx := context.Background()
	if err := x.checkInput(path); err != nil {
		return err
	}
	policy, err := x.policy(false)
	if err != nil {
		return err
	}
	in, waiting, err := openRows(path, limits, x)
	if err != nil {
		return err
	}
	defer in.close()
	if info, err := os.Stat(path); err == nil {
		if err := checkOutputs(x.targets, nil, []fs.FileInfo{info}); err != nil {
			return err
		}
	}
	s := in.schema
	unnamed(s, in.provenance)
	run := &sink.Run{Settings: x.settings, Stdout: x.out, ID: x.resume, Resume: x.resume != "", From: x.from, Ending: sig.ended}
	if waiting != nil {
		run.From, run.Resume = waiting.From, true
		if run.ID == "" {
			run.ID = waiting.Run
		}
	}
	run.Workers = runtime.GOMAXPROCS(0)
	if in.provenance != "" {
		run.Provenance = &sink.Provenance{Head: []byte(in.provenance)}
	}
	if err := x.apply(&outs, policy, false, func() bool { return false }); err != nil {
		return err
	}
	if err := outs.Open(ctx, x.targets, s, run); err != nil {
		return outputError(err)
	}
	err = x.pour(ctx, &outs, sig, path, in.batches)
	if err == nil && waiting != nil {
		err = waiting.Remove()
	}
	return err
}

// pour writes batches to outputs and completes these. name is what the batches come from.
func (x *extraction) pour(ctx context.Context, outs *files.Outputs, sig *interrupt, name string, batches iter.Seq2[*column.Batch, error]) error {
	rows := uint64(0)
	for b, err := range batches {
		if err == nil {
			err = outs.Write(ctx, b)
			rows += uint64(b.Rows)
		} else if name != "" {
			err = fmt.Errorf("%s: %w", name, err)
		}
		if errors.Is(err, sink.ErrAborted) {
			select {} // whoever aborted ends the process
		}
		if err == nil && sig.status.Load() != 0 {
			outs.Abort()
			x.tellSent(outs)
			return &exit{status: int(sig.status.Load())}
		}
		if err != nil {
			outs.Abort()
			x.tellSent(outs)
			return x.missing(outs, err)
		}
	}
	var lost *sink.LossError
	if err := outs.Close(ctx); err != nil && !errors.As(err, &lost) {
		outs.Abort()
		x.tellSent(outs)
		return x.missing(outs, err)
	}
	x.tellSent(outs)
	for _, o := range outs.List() {
		if o.Failed == nil {
			x.say("%d rows -> %s", rows, o.Target.Name())
		}
	}
	if x.sinkFailed && lost == nil {
		return &exit{status: exitIncomplete}
	}
	if lost != nil {
		return &exit{exitIncomplete, lost}
	}
	return nil
}

// unnamed takes the form of addresses from columns that hold hashes, as the file's provenance
// says.
func unnamed(s *column.Schema, from string) {
	var v struct {
		Privacy struct {
			Anonymized bool `json:"ip_anonymization"`
		} `json:"privacy"`
	}
	if json.Unmarshal([]byte(from), &v) != nil || !v.Privacy.Anonymized {
		return
	}
	for i := range s.Fields {
		if s.Fields[i].Form == feature.Address {
			s.Fields[i].Form = feature.NoForm
		}
	}
}
