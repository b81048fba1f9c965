package main

import (
	"context"
	"crypto/rand"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/filter"
	"pinyon/sink"
)

// extraction is what the flags of extract say.
type extraction struct {
	*app
	config *configFlags

	output, format string
	tees           []string
	delimiter      string
	qualified      bool
	bidirStyle     string
	sink           sink.Options
	provenance     string
	hashInputs     bool
	keepGoing      bool
	summary        string
	recursive      bool
	streaming      bool
	progress       bool
	noProgress     bool
	randomSalt     bool
	resolve        bool
	cpuProfile     string
	memProfile     string

	outs *outputs // of the run
}

func (a *app) extractCommand() *cobra.Command {
	x := &extraction{app: a}
	cmd := &cobra.Command{
		Use:   "extract INPUT...",
		Short: "Read captures and write a row for every flow",
		Long: `Read captures (pcap, pcapng, also packed with gzip or zstd; - is standard input) and write
a row for every flow. Of a directory the captures in it are read, by name.

Every key of the configuration has a flag; flags go before variables, variables before the
configuration file.`,
		Example: `  pinyon extract trace.pcap -o flows.csv
  pinyon extract *.pcapng -o flows.parquet -w 0 --profile JJ-CORE
  tcpdump -w - | pinyon extract - -f jsonl --features timing,size`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return x.run(args) },
	}
	x.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&x.hashInputs, "hash-inputs", false, "put SHA-256 sums of the inputs into the provenance")
	f.BoolVar(&x.recursive, "recursive", false, "look for captures in directories below too")
	f.BoolVar(&x.keepGoing, "keep-going", false, "exit with 0 even if some inputs failed or were damaged")
	return cmd
}

// addFlags adds the flags of whatever writes rows.
func (x *extraction) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&x.output, "output", "o", "-", "file to write; - is standard output")
	f.StringVarP(&x.format, "format", "f", "", "csv, tsv, jsonl, json-array, parquet, arrow, arrow-file or npy; by the output's name, else csv")
	f.StringArrayVar(&x.tees, "tee", nil, "FORMAT=TARGET to write to as well; may be repeated")
	x.config = addConfigFlags(cmd)
	f.BoolVar(&x.resolve, "resolve", false, "let names of hosts and networks stand in --filter")
	f.BoolVar(&x.randomSalt, "random-salt", false, "hash with a salt made for this run and told to nobody")
	f.BoolVar(&x.qualified, "qualified-names", false, "name columns with their group: timing.iat_mean")
	f.StringVar(&x.bidirStyle, "bidir-style", "", "names under --bidir-split: pinyon, or jj for JoyfulJay's")
	f.StringVar(&x.delimiter, "csv-delimiter", "", "one character between cells; tab is a word for it")
	f.BoolVar(&x.sink.CRLF, "csv-crlf", false, "end lines with CR LF")
	f.BoolVar(&x.sink.NoHeader, "no-header", false, "no line with column names (csv, tsv)")
	f.BoolVar(&x.sink.CSVSafe, "csv-safe", false, "put ' before text that a spreadsheet takes for a formula")
	f.StringVar(&x.sink.Null, "null", "", "text of an absent value (csv, tsv)")
	f.StringVar(&x.sink.BoolStyle, "bool-style", "", "python for True and False (csv, tsv)")
	f.StringVar(&x.sink.Compression, "compression", "", "snappy, gzip, brotli, lz4, zstd or none (parquet; arrow: lz4, zstd, none)")
	f.StringVar(&x.sink.ParquetLists, "parquet-lists", "", "native, or json for lists as text")
	f.StringVar(&x.provenance, "provenance", "sidecar", "sidecar: FILE.provenance.json beside files; header: first row of jsonl; none")
	f.StringVar(&x.summary, "summary", "text", "form of the result lines on standard error: text or json")
	f.BoolVar(&x.progress, "progress", true, "show progress on standard error; --no-progress for not")
	f.BoolVar(&x.noProgress, "no-progress", false, "")
	f.BoolVar(&x.streaming, "streaming", false, "accepted; rows are always written as flows end")
	f.StringVar(&x.cpuProfile, "cpuprofile", "", "")
	f.StringVar(&x.memProfile, "memprofile", "", "")
	for _, name := range []string{"no-progress", "cpuprofile", "memprofile"} {
		f.Lookup(name).Hidden = true
	}
	complete(cmd, "format", formatNames())
	complete(cmd, "bidir-style", []string{"pinyon", "jj"})
	complete(cmd, "bool-style", []string{"python"})
	complete(cmd, "compression", []string{"snappy", "gzip", "brotli", "lz4", "zstd", "none"})
	complete(cmd, "parquet-lists", []string{"native", "json"})
	complete(cmd, "provenance", []string{"sidecar", "header", "none"})
	complete(cmd, "summary", []string{"text", "json"})
}

// run is the command after its flags were parsed.
func (x *extraction) run(args []string) error {
	return x.process(func(_ *pinyon.Config, sig *interrupt) (*inputs, error) {
		return x.findInputs(args, x.recursive, sig.ended)
	})
}

// process runs the pipeline over the inputs that find gives and writes what comes out. find
// is called once the flags are known to be sound, before any output is created.
func (x *extraction) process(find func(*pinyon.Config, *interrupt) (*inputs, error)) error {
	cfg, err := x.config.config()
	if err != nil {
		return err
	}
	if x.randomSalt {
		if cfg.AnonymizationSalt != "" {
			return usage("--random-salt: there is a salt already")
		}
		cfg.AnonymizationSalt = rand.Text()
	}
	var names filter.Resolver
	if x.resolve {
		names = filter.System{}
	}
	if cfg.BPFFilter != "" {
		if err := filter.Check(cfg.BPFFilter, &filter.Options{Resolver: names}); err != nil {
			return badFilter(cfg.BPFFilter, err)
		}
	}
	if x.bidirStyle != "" && !cfg.BidirectionalSplit {
		return usage("--bidir-style needs --bidir-split")
	}
	options, err := x.config.ownProfiles()
	if err != nil {
		return err
	}
	outs, err := x.outputs()
	if err != nil {
		return err
	}
	x.outs = outs
	var frames atomic.Pointer[saveFiles]
	sig := watchSignals(x.app, func() {
		outs.abort()
		if f := frames.Load(); f != nil {
			f.abort()
		}
	})
	defer sig.close()
	in, err := find(cfg, sig)
	if err != nil {
		return err
	}
	begun := false
	defer func() {
		if in.live != nil && !begun {
			in.live.save.abort() // a file of nothing would look like one of silence
		}
		in.close()
	}()
	if in.live != nil {
		frames.Store(&in.live.save)
	}
	if err := outs.check(in.infos, x.provenance); err != nil {
		return err
	}
	prog := newProgress(in)
	options = append(options, pinyon.WithProgress(&prog.run), pinyon.WithOpened(prog.opened))
	if in.live == nil {
		options = append(options, pinyon.WithStop(&sig.stop))
	} else if in.live.endless() {
		options = append(options, pinyon.WithEndless())
	}
	if names != nil {
		options = append(options, pinyon.WithResolver(names))
	}
	if x.qualified {
		options = append(options, pinyon.WithQualifiedNames())
	}
	if x.bidirStyle == "jj" {
		options = append(options, pinyon.WithJoyfulJayNames())
	}
	pipe, err := pinyon.New(cfg, options...)
	if err != nil {
		return usage("%w", err)
	}
	for _, w := range cfg.Warnings() {
		x.say("warning: %s", w)
	}
	if n := pipe.LeftOut(); n > 0 {
		x.say("note: %d columns of the whole capture (group connection) are left out: it has no end; give --duration or --count", n)
	}
	stop, err := x.profile()
	if err != nil {
		return err
	}
	defer stop()
	if in.live == nil {
		defer busy(cfg.NumWorkers)()
	} else {
		defer ready()()
	}

	prov := x.provenanceOf(pipe, in)
	var res *pinyon.Result
	p := provenanceOf{
		mode: x.provenance,
		tail: func() []byte { return prov(res).Compact() },
		side: func() []byte {
			v := prov(res)
			v.Stamp(time.Now())
			return v.JSON()
		},
	}
	if p.mode != "none" {
		p.head = prov(nil).Compact()
	}
	if err := outs.open(pipe.Schema(), x.sink, &p, x.out); err != nil {
		return err
	}
	if x.progress && !x.noProgress && !(outs.toTerminal(x.out) && isTerminal(x.err)) {
		prog.show(x.err, lineEvery)
	}
	x.log.Info("reading", "inputs", len(in.list), "bytes", in.total, "columns", len(pipe.Schema().Fields), "workers", cfg.NumWorkers)
	begun = true
	res, err = pipe.ProcessAll(context.Background(), in.list, outs)
	prog.close()
	if err != nil {
		outs.abort()
		return err
	}
	if err := in.close(); err != nil {
		outs.abort()
		return err
	}
	return x.end(res, in, outs, sig, time.Since(prog.start))
}

// end completes the outputs and tells what happened.
func (x *extraction) end(res *pinyon.Result, in *inputs, outs *outputs, sig *interrupt, took time.Duration) error {
	stopped := int(sig.status.Load())
	s := summarize(res, outs, stopped != 0, took)
	if in.live != nil {
		in.live.summarize(s)
	}
	if s.nothing() && stopped == 0 {
		outs.abort() // an output without any input would look like an answer
	} else if err := outs.finish(); err != nil {
		outs.abort()
		return err
	}
	if x.summary == "json" {
		if err := s.printJSON(x.app); err != nil {
			return err
		}
	} else {
		s.print(x.app)
	}
	status := s.status(x.keepGoing)
	if in.live != nil && status == exitOK {
		status = in.live.status(s)
	}
	if stopped != 0 {
		status = stopped
	}
	if status != exitOK {
		return &exit{status: status}
	}
	return nil
}

// outputs are where the rows go, by the flags.
func (x *extraction) outputs() (*outputs, error) {
	switch x.provenance {
	case "sidecar", "header", "none":
	default:
		return nil, usage("unknown place %q for the provenance; want sidecar, header or none", x.provenance)
	}
	switch x.summary {
	case "text", "json":
	default:
		return nil, usage("unknown form %q of the summary; want text or json", x.summary)
	}
	switch x.bidirStyle {
	case "", "pinyon", "jj":
	default:
		return nil, usage("unknown style %q of --bidir-split; want pinyon or jj", x.bidirStyle)
	}
	switch d := x.delimiter; {
	case d == "tab" || d == `\t`:
		x.sink.Delimiter = '\t'
	case len(d) == 1:
		x.sink.Delimiter = d[0]
	case d != "":
		return nil, usage("--csv-delimiter: got %q; want one character", d)
	}
	main, err := parseOutput(x.output, x.format, x.say)
	if err != nil {
		return nil, err
	}
	all := &outputs{list: []*output{main}}
	for _, tee := range x.tees {
		o, err := parseTee(tee)
		if err != nil {
			return nil, err
		}
		all.list = append(all.list, o)
	}
	if x.provenance == "header" {
		for _, o := range all.list {
			if o.format.headLine {
				return all, nil
			}
		}
		return nil, usage("--provenance header: only jsonl has room for it, and no output is jsonl")
	}
	return all, nil
}

// provenanceOf gives a function that makes the provenance of a run, or of its beginning if
// there is no result yet.
func (x *extraction) provenanceOf(pipe *pinyon.Pipeline, in *inputs) func(*pinyon.Result) *pinyon.Provenance {
	var sums []string
	if x.hashInputs && x.provenance != "none" {
		sums = in.hashes()
	}
	return func(res *pinyon.Result) *pinyon.Provenance {
		v := pipe.Provenance(in.list, res)
		if in.live != nil {
			v.Capture = in.live.provenance(res != nil)
		}
		for i := range v.Inputs {
			v.Inputs[i].Size = in.sizes[i]
			if sums != nil {
				v.Inputs[i].SHA256 = sums[i]
			}
		}
		return v
	}
}

// ready lets whoever reads a ring run at once beside a sink and a collector at work: the
// runtime would have it wait for one of them, for as long as a ring lasts, where the system
// shares a core out in small pieces. It returns what puts things back.
func ready() (restore func()) { return tune(runtime.GOMAXPROCS(0) + 2) }

// busy keeps n cores busy at most, 0 being all, and lets the collector run early: flows lie
// in slabs without pointers, so that a collection costs little and room is what counts. It
// returns what puts things back.
func busy(n int) (restore func()) {
	procs := runtime.GOMAXPROCS(0)
	if n > 0 {
		procs = min(n, procs)
	}
	return tune(procs)
}

func tune(procs int) (restore func()) {
	procs = runtime.GOMAXPROCS(procs)
	percent := debug.SetGCPercent(30)
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	}
}
