package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/account"
	"pinyon/filter"
	"pinyon/internal/machine"
	"pinyon/label"
	"pinyon/label/parquet"
	"pinyon/packetlist"
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
	order          string
	settings       sink.Settings
	provenance     string
	hashInputs     bool
	keepGoing      bool
	resume         string
	summary        string
	recursive      bool
	merge          bool
	part           partRun
	stitch         bool // the inputs are edge files
	streaming      bool
	monitoring     monitoring
	remote         func() account.Remote // of a run that reads servers
	progress       bool
	noProgress     bool
	randomSalt     bool
	saltFile       string
	onError        string
	spool          spoolFlags
	sinkFailed     bool // an output could not be written to its end
	resolve        bool
	packets        packetlist.Options // for programs that compute columns of their own
	cpuProfile     string
	memProfile     string

	targets []*sink.Target   // of the run
	labels  *label.Labels    // or nil
	failing atomic.Bool      // an output that is not whole is being ended
	from    *sink.Provenance // nil if no output tells it
}

func (a *app) extractCommand() *cobra.Command {
	x := &extraction{app: a}
	cmd := &cobra.Command{
		Use:   "extract INPUT...",
		Short: "Read captures and write a row for every flow",
		Long: `Read captures (pcap, pcapng, also packed with gzip or zstd; - is standard input) and write
a row for every flow. Of a directory the captures in it are read, by name. An input may also
be a URL: file:///tmp/trace.pcap, stdin://, or device://eth0?duration=60s for an interface,
pinyons://sensor?token_file=token for a capture server ("pinyon connect" has more settings).

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
	f.BoolVar(&x.merge, "merge", false, "read all captures as one input, by time: flows go on from one to the next")
	f.StringVar(&x.part.plan, "part", "", "plan (of pinyon plan) that the inputs are some captures of: rows are those of flows that no other capture continues")
	f.StringVar(&x.part.edges, "edges", "", "with --part: file for the packets of all other flows, for pinyon stitch")
	f.BoolVar(&x.keepGoing, "keep-going", false, "exit with 0 even if some inputs failed or were damaged")
	return cmd
}

// addFlags adds the flags of whatever writes rows.
func (x *extraction) addFlags(cmd *cobra.Command) {
	x.addTargetFlags(cmd)
	x.addRowFlags(cmd)
}

// addRowFlags adds the flags that say what rows are, and what is told of them.
func (x *extraction) addRowFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	x.config = addConfigFlags(cmd)
	f.BoolVar(&x.resolve, "resolve", false, "let names of hosts and networks stand in --filter")
	f.BoolVar(&x.randomSalt, "random-salt", false, "hash with a salt made for this run and told to nobody")
	f.StringVar(&x.saltFile, "anonymization-salt-file", "", "file with the salt; with --random-salt it is made for whoever runs this, if it is not there")
	f.BoolVar(&x.qualified, "qualified-names", false, "name columns with their group: timing.iat_mean")
	f.StringVar(&x.order, "order", "schema", "order of the columns: schema, or asked for that of --feature")
	f.StringVar(&x.bidirStyle, "bidir-style", "", "names under --bidir-split: pinyon, or jj for JoyfulJay's")
	x.addSettings(cmd)
	f.StringVar(&x.provenance, "provenance", "sidecar", "sidecar: FILE.provenance.json beside files; header: first row of jsonl; none")
	f.StringVar(&x.summary, "summary", "text", "form of the result lines on standard error: text or json")
	f.BoolVar(&x.progress, "progress", true, "show progress on standard error; --no-progress for not")
	f.BoolVar(&x.noProgress, "no-progress", false, "")
	f.BoolVar(&x.streaming, "streaming", false, "accepted; rows are always written as flows end")
	x.monitoring.add(cmd)
	f.IntVar(&x.packets.Packets, "packet-list", 0, "")
	f.IntVar(&x.packets.Payload, "packet-list-payload", 0, "")
	f.Int64Var(&x.packets.Memory, "packet-list-memory", 256<<20, "")
	f.StringVar(&x.cpuProfile, "cpuprofile", "", "")
	f.StringVar(&x.memProfile, "memprofile", "", "")
	for _, name := range []string{"packet-list", "packet-list-payload", "packet-list-memory", "no-progress", "cpuprofile", "memprofile"} {
		f.Lookup(name).Hidden = true
	}
	complete(cmd, "bidir-style", []string{"pinyon", "jj"})
	complete(cmd, "order", []string{"schema", "asked"})
	complete(cmd, "provenance", []string{"sidecar", "header", "none"})
	complete(cmd, "summary", []string{"text", "json"})
}

// addTargetFlags adds the flags that say where rows go.
func (x *extraction) addTargetFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&x.output, "output", "o", "-", "file or address to write to; - is standard output")
	f.StringVarP(&x.format, "format", "f", "", strings.Join(sinks.Names(), ", ")+"; by the output's name, else "+sinks[0].Name)
	f.StringArrayVar(&x.tees, "tee", nil, "FORMAT=TARGET to write to as well, also with options, features= among them for columns of its own: parquet=tls.parquet?features=tls,timing; may be repeated")
	f.StringVar(&x.onError, "on-sink-error", "", "what becomes of the run when an output fails: stop, or drop (also continue) its further rows, count them and go on with the other outputs, or spool: rows of databases and brokers wait on disk until these are back; drop for live, else stop")
	x.spool.add(cmd)
	complete(cmd, "format", sinks.Names())
	complete(cmd, "on-sink-error", []string{stopRun, dropRows, spoolRows})
}

// addSettings adds the flags of outputs' options.
func (x *extraction) addSettings(cmd *cobra.Command) {
	x.settings = sink.Settings{}
	addSinkFlags(cmd, x.settings)
	cmd.Flags().StringVar(&x.resume, "resume", "", "name of a run: a database that holds rows of it goes on behind them, one that does not begins it")
}

// run is the command after its flags were parsed.
func (x *extraction) run(args []string) error {
	return x.process(func(cfg *pinyon.Config, sig *interrupt) (*inputs, error) {
		in, err := findInputs(args, x.recursive, &source.Run{Filter: cfg.BPFFilter, Stop: sig.ended, Stdin: x.in})
		if err == nil {
			if slices.ContainsFunc(in.list, func(one pinyon.Input) bool { return one.Live }) {
				forDevices(cfg)
			}
			for _, dir := range in.below {
				x.say("note: %s: captures in directories below are left out; --recursive reads them too", dir)
			}
		}
		if err == nil && x.merge {
			err = in.merge(cfg, x.filtering())
		}
		return in, err
	})
}

// union checks the flags that make several captures one.
func (x *extraction) union() error {
	switch {
	case x.part.plan == "" && x.part.edges != "":
		return usage("--edges goes with --part")
	case x.part.plan != "" && x.merge:
		return usage("--merge reads all captures, --part some of them: give one of the two")
	}
	return nil
}

// filtering says how the filter is compiled.
func (x *extraction) filtering() *filter.Options {
	if x.resolve {
		return &filter.Options{Resolver: filter.System{}}
	}
	return &filter.Options{}
}

// rows are what the flags, variables and files say of rows, checked as far as that can be done
// without a pipeline.
func (x *extraction) rows() (*pinyon.Config, []pinyon.Option, error) {
	cfg, err := x.config.config()
	if err != nil {
		return nil, nil, err
	}
	if err := x.salt(cfg); err != nil {
		return nil, nil, err
	}
	options, err := x.config.ownProfiles()
	if err != nil {
		return nil, nil, err
	}
	if x.resolve {
		options = append(options, pinyon.WithResolver(x.filtering().Resolver))
	}
	if cfg.BPFFilter != "" {
		if err := filter.Check(cfg.BPFFilter, x.filtering()); err != nil {
			return nil, nil, badFilter(cfg.BPFFilter, err)
		}
	}
	switch {
	case x.bidirStyle != "" && !cfg.BidirectionalSplit:
		return nil, nil, usage("--bidir-style needs --bidir-split")
	case x.bidirStyle == "jj":
		options = append(options, pinyon.WithJoyfulJayNames())
	}
	if x.qualified {
		options = append(options, pinyon.WithQualifiedNames())
	}
	if x.order == "asked" {
		if len(cfg.SpecificFeatures) == 0 {
			return nil, nil, usage("--order asked: no --feature asks for columns")
		}
		options = append(options, pinyon.WithAskedOrder())
	}
	return cfg, options, nil
}

// process runs the pipeline over the inputs that find gives and writes what comes out. find
// is called once the flags are known to be sound, before any output is created.
func (x *extraction) process(find func(*pinyon.Config, *interrupt) (*inputs, error)) error {
	cfg, options, err := x.rows()
	if err != nil {
		return err
	}
	if err := x.union(); err != nil {
		return err
	}
	if x.targets, err = x.outputs(); err != nil {
		return err
	}
	labels, labelFiles, err := pinyon.LoadLabels(cfg, parquet.Format)
	if err != nil {
		return x.config.byFlag(err)
	}
	if x.labels = labels; labels != nil {
		options = append(options, pinyon.WithLabels(labels, labelFiles))
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
	if err := x.checkInputs(in.infos); err != nil {
		return err
	}
	policy, err := x.policy(in.live != nil)
	if err != nil {
		return err
	}
	if x.part.plan != "" {
		option, err := x.part.begin(x, cfg, in, options)
		if err != nil {
			return err
		}
		defer x.part.abort()
		options = append(options, option)
	} else if x.stitch {
		options = append(options, pinyon.WithEndless())
	}
	prog := newProgress(in)
	var working atomic.Bool
	if x.remote != nil {
		prog.run.Remote(x.remote)
	}
	if err := x.monitoring.start(x.app, prog.run.Read, func() bool { return working.Load() && !sig.stop.IsSet() }); err != nil {
		return err
	}
	defer x.monitoring.close(sig.ended)
	options = append(options, pinyon.WithAccount(&prog.run))
	if in.live == nil {
		options = append(options, pinyon.WithStop(&sig.stop))
	} else if options = append(options, pinyon.WithGraphStop(&sig.stop)); in.live.endless() {
		options = append(options, pinyon.WithEndless())
	}
	if x.packets.Packets > 0 {
		lists, err := packetlist.New(x.packets)
		if err != nil {
			return usage("%w", err)
		}
		options = append(options, pinyon.WithCustom(lists))
		if columns := []string{packetlist.Name, packetlist.Name + "_beyond"}; cfg.Profile != "" {
			options = append(options, pinyon.WithProfile(packetlist.Name, columns))
		} else if len(cfg.SpecificFeatures) > 0 {
			cfg.SpecificFeatures = append(slices.Clone(cfg.SpecificFeatures), columns...)
		}
	}
	parts := make([][]string, len(x.targets))
	for i, t := range x.targets {
		parts[i] = t.Columns
	}
	pipe, schemas, err := pinyon.NewParts(cfg, parts, options...)
	if err != nil {
		return x.config.byFlag(err)
	}
	for i, t := range x.targets {
		t.Schema = schemas[1+i]
	}
	for _, w := range cfg.Warnings() {
		x.say("warning: %s", w)
	}
	if cfg.AnonymizeIPs || cfg.AnonymizeMACs || cfg.AnonymizeNames {
		if bare := uncovered(cfg, pipe.Schema()); len(bare) > 0 {
			x.say("note: not anonymized, and not safe: %s", strings.Join(bare, ", "))
		}
	}
	if n := pipe.LeftOut(); n > 0 && (x.part.plan != "" || x.stitch) {
		x.say("note: %d columns of the whole capture (group connection) are left out: they need the flows of all parts", n)
	} else if n > 0 {
		x.say("note: %d columns of the whole capture (group connection) are left out: it has no end; give --duration or --count", n)
	}
	stop, err := x.profile()
	if err != nil {
		return err
	}
	defer stop()
	if in.live == nil {
		defer busy(cfg.NumWorkers)()
		defer machine.Watch(func(used, of int64) {
			x.say("warning: this run takes %s of the %s of memory that it can have, and may be ended for it; --memory-limit SIZE bounds its flows", size(used), size(of))
		})()
	} else {
		defer ready()()
	}

	partial := x.isPartial(in, sig)
	whole := x.provenanceOf(pipe, in)
	prov := func(res *pinyon.Result) *provenance.Provenance {
		v := whole(res)
		v.Partial = partial()
		return v
	}
	var res *pinyon.Result
	if x.from != nil {
		x.from.Head = prov(nil).Compact()
		x.from.Tail = func() []byte { return prov(res).Compact() }
		x.from.File = func() []byte {
			v := prov(res)
			v.Stamp(time.Now())
			return v.JSON()
		}
		x.from.Partial = partial
	}
	for _, t := range x.targets {
		if t.Path == "-" && t.Sink.Stream != nil && t.Sink.Stream.Binary && isTerminal(x.out) {
			return usage("format %s is not for a terminal: give a file with -o", t.Sink.Name)
		}
	}
	run := &sink.Run{Settings: x.settings, Provenance: x.from, Stdout: x.out, Live: in.live != nil, ID: x.resume, Resume: x.resume != "", Ending: sig.ended}
	run.Workers = workersOf(cfg)
	every := time.Duration(0)
	if in.live != nil {
		run.Rotation, run.Follow = in.live.flags.save.rowRotation(), in.live.flags.save.follow
		every = in.live.flags.statsEvery
	}
	if err := x.apply(&outs, policy, in.live != nil, func() bool { return in.live != nil && in.live.save.Works() }); err != nil {
		return err
	}
	if err := outs.Open(context.Background(), x.targets, pipe.Schema(), run); err != nil {
		return outputError(err)
	}
	if x.progress && !x.noProgress && !(x.toTerminal() && isTerminal(x.err)) && !(in.live != nil && in.live.flags.quiet) {
		prog.show(x.app, every)
	}
	x.log.Info("reading", "inputs", len(in.list), "bytes", in.total, "columns", len(pipe.Schema().Fields), "workers", cfg.NumWorkers)
	begun = true
	working.Store(true)
	res, err = pipe.ProcessAll(context.Background(), in.list, &outs)
	prog.close()
	working.Store(false)
	if errors.Is(err, sink.ErrAborted) {
		select {} // whoever aborted ends the process, with the status that is due
	}
	if err != nil {
		outs.Abort()
		x.tellSent(&outs)
		if in.live != nil || x.lost {
			in.close()
			s := x.sum(res, in, &outs, sig, time.Since(prog.start))
			s.Outputs = nil
			if s.ended = "no output is finished"; x.lost {
				s.ended = "nobody reads standard output any more, and no output is finished"
			}
			x.tell(s)
		}
		return x.missing(&outs, err)
	}
	err = in.close()
	switch {
	case err != nil:
	case x.part.plan != "":
		err = x.part.end(res, sig.status.Load() != 0)
	case x.stitch && len(res.Reached) > 0:
		err = reached(res)
	}
	if err != nil {
		outs.Abort()
		return err
	}
	return x.end(res, in, &outs, sig, time.Since(prog.start))
}

// sum is what a run has to tell at its end.
func (x *extraction) sum(res *pinyon.Result, in *inputs, outs *files.Outputs, sig *interrupt, took time.Duration) *summary {
	s := summarize(res, x.targets, outs, sig.status.Load() != 0, took)
	if x.labels != nil {
		s.Labels = x.labels.Report()
	}
	if in.live != nil {
		in.live.summarize(s)
	}
	return s
}

// tell prints a summary in the form that was asked for.
func (x *extraction) tell(s *summary) error {
	if x.summary == "json" {
		return s.printJSON(x.app)
	}
	s.print(x.app)
	return nil
}

// end completes the outputs and tells what happened.
func (x *extraction) end(res *pinyon.Result, in *inputs, outs *files.Outputs, sig *interrupt, took time.Duration) error {
	stopped := int(sig.status.Load())
	s := x.sum(res, in, outs, sig, took)
	var lost *sink.LossError
	if s.nothing() && stopped == 0 {
		outs.Abort() // an output without any input would look like an answer
	} else if err := outs.Close(context.Background()); err != nil && !errors.As(err, &lost) {
		outs.Abort()
		x.tellSent(outs)
		return x.missing(outs, err)
	}
	if lost != nil {
		x.say("warning: %v", lost)
		x.tellSent(outs)
	}
	s.nameFiles(outs)
	s.lose(outs) // what an output has lost at its end
	if err := x.tell(s); err != nil {
		return err
	}
	status, loss := s.status(x.keepGoing), exitOK
	if in.live != nil {
		loss = in.live.status(s)
	}
	if lost != nil && status == exitOK {
		status = exitIncomplete
	}
	status = endStatus(status, loss, stopped)
	if x.sinkFailed || in.live != nil && in.live.failed {
		status = exitIncomplete
	}
	if status != exitOK {
		return &exit{status: status}
	}
	return nil
}

// tellSent says what became of the rows of outputs that are no files: of those, some may have
// arrived though the run failed.
func (x *extraction) tellSent(outs *files.Outputs) {
	for _, o := range outs.List() {
		if o.Target.Sink.Stream == nil {
			c := o.Sink.Counters().Stats()
			there := ""
			if c.Resumed > 0 {
				there = fmt.Sprintf("%d were there, ", c.Resumed)
			}
			x.say("%s: %d rows accepted, %s%d committed, %d lost", o.Target.Name(), c.Accepted, there, c.Committed, c.Lost)
		}
	}
	x.tellLeft(outs)
}

// missing is the error of a run that failed: where rows have arrived that stay, the status says
// that others are missing.
func (x *extraction) missing(outs *files.Outputs, err error) error {
	for _, o := range outs.List() {
		if c := o.Sink.Counters().Stats(); o.Target.Sink.Stream == nil && c.Committed+c.Resumed > 0 {
			return &exit{exitIncomplete, err}
		}
	}
	return err
}

// isPartial gives a function that says whether rows are missing: the run was interrupted, or the
// output that asks has failed. A capture without an end of its own is whole when it is stopped.
func (x *extraction) isPartial(in *inputs, sig *interrupt) func() bool {
	return func() bool {
		return x.failing.Load() || sig.status.Load() != 0 && (in.live == nil || !in.live.endless())
	}
}

// giveUp ends outputs in the middle; keep has what is complete of files stay.
func (x *extraction) giveUp(outs *files.Outputs, keep bool) {
	if !keep {
		outs.Abort()
		return
	}
	x.failing.Store(true)
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

// endStatus is the exit status of a run by what its inputs ask for, by what was lost under
// --fail-on-loss, and by the signal that ended it. A loss goes before the signal, without which
// most live runs never end.
func endStatus(inputs, loss, signal int) int {
	switch {
	case signal != 0 && loss != exitOK:
		return loss
	case signal != 0:
		return signal
	case inputs != exitOK:
		return inputs
	}
	return loss
}

// checkWords refuses words that flags do not know.
func (x *extraction) checkWords() error {
	switch x.provenance {
	case "sidecar", "header", "none":
	default:
		return usage("unknown place %q for the provenance; want sidecar, header or none", x.provenance)
	}
	switch x.summary {
	case "text", "json":
	default:
		return usage("unknown form %q of the summary; want text or json", x.summary)
	}
	switch x.bidirStyle {
	case "", "pinyon", "jj":
	default:
		return usage("unknown style %q of --bidir-split; want pinyon or jj", x.bidirStyle)
	}
	switch x.order {
	case "schema", "asked":
	default:
		return usage("--order: got %q; want schema or asked", x.order)
	}
	return nil
}

// outputs are where the rows go, by the flags.
func (x *extraction) outputs() ([]*sink.Target, error) {
	if err := x.checkWords(); err != nil {
		return nil, err
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
	return all, x.checkTargets(all)
}

// checkTargets refuses options that no output takes.
func (x *extraction) checkTargets(all []*sink.Target) error {
	for _, t := range all {
		if err := t.Check(x.settings); err != nil {
			return usage("%w", err)
		}
	}
	if err := checkSettings(x.settings, all); err != nil {
		return err
	}
	if x.provenance == "header" {
		for _, t := range all {
			if t.Sink.Stream != nil && t.Sink.Stream.Header {
				return nil
			}
		}
		return usage("--provenance header: only jsonl has room for it, and no output is jsonl")
	}
	return nil
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
		list := v.Inputs
		if in.merged != nil {
			v.Inputs[0].Size = in.total
			v.Inputs[0].Merged = make([]provenance.Input, len(in.merged))
			list = v.Inputs[0].Merged
			for i := range list {
				list[i].Name = in.merged[i].Name
			}
		}
		for i := range list {
			list[i].Size = in.sizes[i]
			if sums != nil {
				list[i].SHA256 = sums[i]
			}
		}
		return v
	}
}
