package main

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/filter"
	"pinyon/provenance"
	"pinyon/savefile"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/source"
)

// extraction is what the flags of extract say.
type extraction struct {
	*app
	config *configFlags

	output, format string
	tees           []string
	qualified      bool
	bidirStyle     string
	settings       sink.Settings
	provenance     string
	hashInputs     bool
	keepGoing      bool
	resume         string
	summary        string
	recursive      bool
	streaming      bool
	progress       bool
	noProgress     bool
	randomSalt     bool
	resolve        bool
	cpuProfile     string
	memProfile     string

	targets []*sink.Target   // of the run
	from    *sink.Provenance // nil if no output tells it
}

func (a *app) extractCommand() *cobra.Command {
	x := &extraction{app: a}
	cmd := &cobra.Command{
		Use:   "extract INPUT...",
		Short: "Read captures and write a row for every flow",
		Long: `Read captures (pcap, pcapng, also packed with gzip or zstd; - is standard input) and write
a row for every flow. Of a directory the captures in it are read, by name. An input may also
be a URL: file:///tmp/trace.pcap, stdin://, or device://eth0?duration=60s for an interface.

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
	f.StringVarP(&x.format, "format", "f", "", strings.Join(sinks.Names(), ", ")+"; by the output's name, else "+sinks[0].Name)
	f.StringArrayVar(&x.tees, "tee", nil, "FORMAT=TARGET to write to as well, also with options: csv=flows.csv?null=NA; may be repeated")
	x.config = addConfigFlags(cmd)
	f.BoolVar(&x.resolve, "resolve", false, "let names of hosts and networks stand in --filter")
	f.BoolVar(&x.randomSalt, "random-salt", false, "hash with a salt made for this run and told to nobody")
	f.BoolVar(&x.qualified, "qualified-names", false, "name columns with their group: timing.iat_mean")
	f.StringVar(&x.bidirStyle, "bidir-style", "", "names under --bidir-split: pinyon, or jj for JoyfulJay's")
	x.settings = sink.Settings{}
	addSinkFlags(cmd, x.settings)
	f.StringVar(&x.provenance, "provenance", "sidecar", "sidecar: FILE.provenance.json beside files; header: first row of jsonl; none")
	f.StringVar(&x.resume, "resume", "", "name of a run: a database that holds rows of it goes on behind them, one that does not begins it")
	f.StringVar(&x.summary, "summary", "text", "form of the result lines on standard error: text or json")
	f.BoolVar(&x.progress, "progress", true, "show progress on standard error; --no-progress for not")
	f.BoolVar(&x.noProgress, "no-progress", false, "")
	f.BoolVar(&x.streaming, "streaming", false, "accepted; rows are always written as flows end")
	f.StringVar(&x.cpuProfile, "cpuprofile", "", "")
	f.StringVar(&x.memProfile, "memprofile", "", "")
	for _, name := range []string{"no-progress", "cpuprofile", "memprofile"} {
		f.Lookup(name).Hidden = true
	}
	complete(cmd, "format", sinks.Names())
	complete(cmd, "bidir-style", []string{"pinyon", "jj"})
	complete(cmd, "provenance", []string{"sidecar", "header", "none"})
	complete(cmd, "summary", []string{"text", "json"})
}

// run is the command after its flags were parsed.
func (x *extraction) run(args []string) error {
	return x.process(func(cfg *pinyon.Config, sig *interrupt) (*inputs, error) {
		in, err := findInputs(args, x.recursive, &source.Run{Filter: cfg.BPFFilter, Stop: sig.ended, Stdin: x.in})
		if err == nil {
			for _, dir := range in.below {
				x.say("note: %s: captures in directories below are left out; --recursive reads them too", dir)
			}
		}
		return in, err
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
	if x.targets, err = x.outputs(); err != nil {
		return err
	}
	if x.provenance != "none" {
		x.from = &sink.Provenance{Header: x.provenance == "header", File: func() []byte { return nil }}
	}
	var outs files.Outputs
	var frames atomic.Pointer[savefile.Set]
	sig := watchSignals(x.app, func(keep bool) {
		x.giveUp(&outs, keep)
		if f := frames.Load(); f != nil {
			f.Abort()
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
			in.live.save.Abort() // a file of nothing would look like one of silence
		}
		in.close()
	}()
	if in.live != nil {
		frames.Store(&in.live.save)
	}
	if err := checkOutputs(x.targets, x.from, in.infos); err != nil {
		return err
	}
	prog := newProgress(in)
	options = append(options, pinyon.WithAccount(&prog.run), pinyon.WithOpened(prog.opened))
	if in.live == nil {
		options = append(options, pinyon.WithStop(&sig.stop))
	} else if options = append(options, pinyon.WithGraphStop(&sig.stop)); in.live.endless() {
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
		return x.config.byFlag(err)
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
	if x.from != nil {
		x.from.Head = prov(nil).Compact()
		x.from.Tail = func() []byte { return prov(res).Compact() }
		x.from.File = func() []byte {
			v := prov(res)
			v.Stamp(time.Now())
			return v.JSON()
		}
	}
	for _, t := range x.targets {
		if t.Path == "-" && t.Sink.Stream != nil && t.Sink.Stream.Binary && isTerminal(x.out) {
			return usage("format %s is not for a terminal: give a file with -o", t.Sink.Name)
		}
	}
	run := &sink.Run{Settings: x.settings, Provenance: x.from, Stdout: x.out, ID: x.resume, Resume: x.resume != ""}
	run.Workers = workersOf(cfg)
	if err := outs.Open(context.Background(), x.targets, pipe.Schema(), run); err != nil {
		return outputError(err)
	}
	if x.progress && !x.noProgress && !(x.toTerminal() && isTerminal(x.err)) {
		prog.show(x.app, lineEvery)
	}
	x.log.Info("reading", "inputs", len(in.list), "bytes", in.total, "columns", len(pipe.Schema().Fields), "workers", cfg.NumWorkers)
	begun = true
	res, err = pipe.ProcessAll(context.Background(), in.list, &outs)
	prog.close()
	if errors.Is(err, sink.ErrAborted) {
		select {} // whoever aborted ends the process, with the status that is due
	}
	if err != nil {
		return x.failed(&outs, err)
	}
	if err := in.close(); err != nil {
		outs.Abort()
		return err
	}
	return x.end(res, in, &outs, sig, time.Since(prog.start))
}

// end completes the outputs and tells what happened.
func (x *extraction) end(res *pinyon.Result, in *inputs, outs *files.Outputs, sig *interrupt, took time.Duration) error {
	stopped := int(sig.status.Load())
	s := summarize(res, x.targets, outs, stopped != 0, took)
	if in.live != nil {
		in.live.summarize(s)
	}
	if s.nothing() && stopped == 0 {
		outs.Abort() // an output without any input would look like an answer
	} else if err := outs.Close(context.Background()); err != nil {
		return x.failed(outs, err)
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

// failed gives up outputs after an error of one. Rows that a database has committed stay: what
// became of each is told, and the status says that something is missing.
func (x *extraction) failed(outs *files.Outputs, err error) error {
	outs.Abort()
	kept := false
	for _, o := range outs.List() {
		st := o.Sink.Counters().Stats()
		if o.Target.Sink.Stream != nil || st.Accepted == 0 {
			continue
		}
		x.say("%s: %d rows accepted, %d committed, %d were there, %d lost", o.Target.Name(), st.Accepted, st.Committed, st.Resumed, st.Accepted-st.Committed-st.Resumed)
		kept = kept || st.Committed+st.Resumed > 0
	}
	if kept {
		return &exit{exitIncomplete, err}
	}
	return err
}

// giveUp ends outputs in the middle; keep has what is complete of files stay.
func (x *extraction) giveUp(outs *files.Outputs, keep bool) {
	if !keep {
		outs.Abort()
		return
	}
	kept, err := outs.Keep()
	for _, k := range kept {
		x.say("aborted: %d complete rows -> %s", k.Rows, k.Path)
	}
	if len(kept) == 0 {
		x.say("aborted: no complete row to keep")
	}
	if err != nil {
		x.say("aborted: %v", err)
	}
}

// outputs are where the rows go, by the flags.
func (x *extraction) outputs() ([]*sink.Target, error) {
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
	main, err := parseOutput(x.output, x.format, x.say)
	if err != nil {
		return nil, err
	}
	all := []*sink.Target{main}
	for _, tee := range x.tees {
		o, err := parseTee(tee)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	for _, t := range all {
		if err := t.Check(x.settings); err != nil {
			return nil, usage("%w", err)
		}
	}
	if err := checkSettings(x.settings, all); err != nil {
		return nil, err
	}
	if x.provenance == "header" {
		for _, t := range all {
			if t.Sink.Stream != nil && t.Sink.Stream.Header {
				return all, nil
			}
		}
		return nil, usage("--provenance header: only jsonl has room for it, and no output is jsonl")
	}
	return all, nil
}

// toTerminal reports whether rows go to standard output, and that is a terminal.
func (x *extraction) toTerminal() bool {
	return isTerminal(x.out) && slices.ContainsFunc(x.targets, func(t *sink.Target) bool { return t.Path == "-" })
}

// workersOf is how many goroutines may keep a core busy each.
func workersOf(cfg *pinyon.Config) int {
	if cfg.NumWorkers == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return cfg.NumWorkers
}

// provenanceOf gives a function that makes the provenance of a run, or of its beginning if
// there is no result yet.
func (x *extraction) provenanceOf(pipe *pinyon.Pipeline, in *inputs) func(*pinyon.Result) *provenance.Provenance {
	var sums []string
	if x.hashInputs && x.provenance != "none" {
		sums = in.hashes()
	}
	return func(res *pinyon.Result) *provenance.Provenance {
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
