package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/edges"
	"pinyon/source"
)

func (a *app) planCommand() *cobra.Command {
	var output, group string
	var recursive bool
	var workers int
	cmd := &cobra.Command{
		Use:   "plan INPUT...",
		Short: "Say what captures there are and when, for extract --part",
		Long: `Read captures for the time of their first and last record, and write a plan of them: the file
that extract --part is given. Flows go on only between captures of one plan.`,
		Example: `  pinyon plan captures/ -o plan.json
  for f in captures/*.pcap; do pinyon extract $f --part plan.json --edges $f.edges -o $f.parquet; done
  pinyon stitch captures/*.edges -o rest.parquet`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := findInputs(args, recursive, &source.Run{Stdin: a.in})
			if err != nil {
				return err
			}
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			plan, err := edges.Make(ctx, group, in.list, workers)
			if err != nil {
				return err
			}
			if output == "-" {
				_, err = a.out.Write(plan.JSON())
				return err
			}
			return os.WriteFile(output, plan.JSON(), 0o666)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "file to write to; - is standard output")
	f.StringVar(&group, "group", "", "word for the site: captures of other sites belong into a plan of their own")
	f.BoolVar(&recursive, "recursive", false, "look for captures in directories below too")
	f.IntVarP(&workers, "workers", "w", 2, "captures that are read at once")
	return cmd
}

// partRun is an extraction of some captures of a plan.
type partRun struct {
	plan, edges string // the flags
	file        *os.File
	buf         *bufio.Writer
	w           *edges.Writer
}

// temporary is the name that the edge file has before it is whole.
func (p *partRun) temporary() string { return p.edges + ".part" }

// begin finds the edges of the inputs, makes these one, and gives the option that has the edges
// written.
func (p *partRun) begin(x *extraction, cfg *pinyon.Config, in *inputs, options []pinyon.Option) (pinyon.Option, error) {
	switch {
	case p.edges == "":
		return nil, usage("--part needs --edges, a file for the packets of flows that other captures may continue")
	case cfg.MaxConcurrentFlows > 0:
		return nil, usage("--max-concurrent-flows: which flows make room depends on all captures, and no part knows them")
	case cfg.LabelFromPath != "":
		return nil, usage("--label-from-path: flows of several captures have no path of their own")
	}
	b, err := os.ReadFile(p.plan)
	if err != nil {
		return nil, err
	}
	plan, err := edges.ReadPlan(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.plan, err)
	}
	list, err := plan.Find(in.list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.plan, err)
	}
	o, err := unionOptions(cfg, x.filtering())
	if err != nil {
		return nil, err
	}
	pipe, err := pinyon.New(cfg, options...)
	if err != nil {
		return nil, x.config.byFlag(err)
	}
	part, err := plan.Survey(context.Background(), pipe, list, o)
	if err != nil {
		return nil, err
	}
	if p.file, err = os.Create(p.temporary()); err != nil {
		return nil, err
	}
	p.buf = bufio.NewWriterSize(p.file, 1<<20)
	p.w = edges.NewWriter(p.buf, plan, cfg.Hash())
	in.merged, in.list = in.list, []pinyon.Input{part.Input}
	return pinyon.WithEdges(part.Edge(p.w)), nil
}

// end completes the edge file of a run that came to its end. It has the name that was asked for only
// if it is whole, and the rows are what they would be of one run.
func (p *partRun) end(res *pinyon.Result, stopped bool) error {
	switch {
	case stopped:
		return errors.New("interrupted: a part is whole or none")
	case len(res.Reached) > 0:
		return reached(res)
	}
	if err := errors.Join(p.w.Close(), p.buf.Flush(), p.file.Close()); err != nil {
		return err
	}
	p.file = nil
	return os.Rename(p.temporary(), p.edges)
}

// abort removes an edge file that is not whole.
func (p *partRun) abort() {
	if p.file != nil {
		p.file.Close()
		os.Remove(p.temporary())
		p.file = nil
	}
}

// reached is the error of a run whose rows may depend on packets of other captures after all.
func reached(res *pinyon.Result) error {
	return fmt.Errorf("more than half was taken of what holds for all captures as a whole, so that rows of parts may differ from those of one run: %s", strings.Join(res.Reached, "; "))
}

func (a *app) stitchCommand() *cobra.Command {
	x := &extraction{app: a, stitch: true}
	cmd := &cobra.Command{
		Use:   "stitch EDGES...",
		Short: "Write the rows of flows that extract --part left to the edge files",
		Long: `Read the edge files of all parts of a plan and write the rows of their flows. With the rows of
the parts they are the rows that extract --merge gives of all captures. The configuration is that
of the parts.`,
		Example: `  pinyon stitch captures/*.edges -o rest.parquet`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return x.process(func(cfg *pinyon.Config, _ *interrupt) (*inputs, error) {
				if cfg.MaxConcurrentFlows > 0 {
					return nil, usage("--max-concurrent-flows: which flows make room depends on all captures")
				}
				u, err := edges.Open(args, cfg.Hash())
				if err != nil {
					return nil, err
				}
				in := &inputs{known: true}
				names := u.Plan().Names()
				u.Close()
				for _, name := range args {
					info, err := os.Stat(name)
					if err != nil {
						return nil, err
					}
					in.add(pinyon.Input{Name: name}, info)
				}
				in.merged = in.list
				in.list = []pinyon.Input{{Name: fmt.Sprintf("%d edge files", len(args)), Interfaces: names, Open: func() (source.Source, error) {
					return edges.Open(args, cfg.Hash())
				}}}
				return in, nil
			})
		},
	}
	x.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&x.hashInputs, "hash-inputs", false, "put SHA-256 sums of the inputs into the provenance")
	return cmd
}
