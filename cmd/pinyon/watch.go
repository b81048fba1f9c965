package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/account"
	"pinyon/internal/plain"
	"pinyon/internal/sdnotify"
	"pinyon/label/parquet"
	"pinyon/sink"
	"pinyon/watch"
)

// watching is what the flags of watch say.
type watching struct {
	*extraction
	o         watch.Options
	existing  string
	skipEmpty bool
	counted   account.Total
	watched   *account.Account // of the files as such
}

func (a *app) watchCommand() *cobra.Command {
	x := &watching{extraction: &extraction{app: a}}
	cmd := &cobra.Command{
		Use:   "watch DIRECTORY",
		Short: "Turn the captures of a directory into rows as they come",
		Long: `Watch a directory, and write an output for every capture that comes into it, for as long as it
is let. A file is taken when its writer has closed it or it was renamed, else when it has stayed
as it is for --settle; it is done again if it changes. What is done stands in a journal beside the
outputs, so that a watcher that is started again does nothing twice and leaves nothing out. Flows
do not go on from one file into the next. With -o ADDRESS, or -f of a server, all rows go there.

Names of outputs (--name) are made of:
` + placeholderLines() + `
A name that is another file's is told apart by the input's whole name, and then by a number.
With NOTIFY_SOCKET, as systemd sets it, the manager is told when the watcher is ready, what it
does, and that it is alive. The first interrupt finishes the files at hand; another one, a second
later or more, gives them up to the next run.`,
		Example: `  pinyon watch /var/captures -o /srv/flows -f parquet -w 4
  pinyon watch in --name '{date}/{hour}-{stem}.{ext}' --move done
  pinyon watch in -o postgres://me@db/flows --delete`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "output-dir", "output", "name", "journal", "move"); err != nil {
				return err
			}
			return x.run(args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&x.output, "output-dir", "o", "", "directory for outputs, or address of a server; DIRECTORY/features")
	f.StringVar(&x.output, "output", "", "")
	f.Lookup("output").Hidden = true
	f.StringVarP(&x.format, "format", "f", "", strings.Join(sinks.Names(), ", ")+"; "+sinks[0].Name)
	complete(cmd, "format", sinks.Names())
	f.StringVar(&x.o.Pattern, "name", "{path}.{ext}", "names of outputs below the directory")
	recursive := f.Bool("recursive", true, "watch directories below too; --no-recursive for not")
	f.BoolVar(&x.o.Flat, "no-recursive", false, "")
	f.Lookup("no-recursive").Hidden = true
	f.StringVar(&x.existing, "existing", "process", "what to do with the files that are there at the very first start: process or skip")
	complete(cmd, "existing", []string{"process", "skip"})
	f.DurationVar(&x.o.Settle, "settle", 2*time.Second, "how long a file must stay as it is, unless its writer has closed it")
	f.DurationVar(&x.o.Rescan, "rescan", 30*time.Second, "look through the directory this often in any case")
	f.DurationVar(&x.o.Poll, "poll", time.Second, "look through it this often where the system tells no events, as network file systems do not")
	f.BoolVar(&x.o.Once, "once", false, "do no file a second time, although it has changed")
	f.BoolVar(&x.o.Drain, "drain", false, "end once nothing is left to do")
	f.IntVar(&x.o.Retries, "retries", 3, "try a file that cannot be read so often again")
	f.DurationVar(&x.o.RetryWait, "retry-wait", 5*time.Second, "wait before the first of these; twice as long before each further one")
	f.BoolVar(&x.o.RetryFailed, "retry-failed", false, "begin with the files that were given up")
	f.BoolVar(&x.skipEmpty, "skip-empty", false, "make no output of a capture without flows")
	f.StringVar(&x.o.Move, "move", "", "directory that captures go to once they are done")
	f.BoolVar(&x.o.Delete, "delete", false, "remove captures once they are done")
	f.StringVar(&x.o.Journal, "journal", "", "file of the journal; .pinyon-watch.journal beside the outputs")
	x.addRowFlags(cmd)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !*recursive {
			x.o.Flat = true
		}
		return nil
	}
	return cmd
}

func placeholderLines() string {
	var b strings.Builder
	for _, p := range watch.Placeholders {
		fmt.Fprintf(&b, "  %-12s %s\n", "{"+p[0]+"}", p[1])
	}
	return b.String()
}

// run is the command after its flags were parsed.
func (x *watching) run(dir string) error {
	switch x.existing {
	case "process", "skip":
	default:
		return usage("--existing: got %q; want process or skip", x.existing)
	}
	if x.o.Move != "" && x.o.Delete {
		return usage("--move and --delete exclude each other")
	}
	if x.onError != "" {
		return usage("--on-sink-error: a file whose output fails is tried until that works")
	}
	if x.resume != "" {
		return usage("--resume: the journal knows the names of runs")
	}
	if x.o.Retries < 0 {
		return usage("--retries: got %d; want 0 or more", x.o.Retries)
	}
	cfg, options, err := x.rows()
	if err != nil {
		return err
	}
	target, err := x.place(dir)
	if err != nil {
		return err
	}
	x.targets = []*sink.Target{target}
	if err := x.checkTargets(x.targets); err != nil {
		return err
	}
	for _, w := range cfg.Warnings() {
		x.say("warning: %s", w)
	}
	x.o.Dir, x.o.Match, x.o.SkipExisting, x.o.Workers = dir, isCaptureName, x.existing == "skip", workersOf(cfg)
	if x.o.Retries == 0 {
		x.o.Retries = -1
	}
	one := *cfg
	one.NumWorkers = 1 // a file each
	x.o.New = func() (watch.Processor, error) {
		options := slices.Clone(options)
		labels, labelFiles, err := pinyon.LoadLabels(&one, parquet.Format)
		if err != nil {
			return nil, x.config.byFlag(err)
		}
		if labels != nil {
			options = append(options, pinyon.WithLabels(labels, labelFiles))
		}
		pipe, err := pinyon.New(&one, options...)
		if err != nil {
			return nil, x.config.byFlag(err)
		}
		e := &watch.Extractor{
			Pipeline: pipe, Target: target, SkipEmpty: x.skipEmpty, Total: &x.counted, Sidecar: x.from == nil && x.provenance == "sidecar", Header: x.provenance == "header",
		}
		e.Run.Settings, e.Run.Stdout, e.Run.Workers = x.extraction.settings, x.out, 1
		return e, nil
	}
	if _, err := x.o.New(); err != nil {
		return err // of usage, before anything is made
	}
	return x.watch()
}

// place is where rows go, by -o and -f: a file for each input, of which the target's path is the
// directory, or a server.
func (x *watching) place(dir string) (*sink.Target, error) {
	if err := x.checkWords(); err != nil {
		return nil, err
	}
	server, err := sinks.ForURL(x.output)
	if err != nil {
		return nil, usage("output %s: %w", sink.Masked(x.output), err)
	}
	d := sinks[0]
	if x.format != "" {
		if d, err = sinkNamed(x.format); err != nil {
			return nil, err
		}
	}
	if server == nil && d.Stream != nil {
		if len(d.Extensions) == 0 {
			return nil, usage("-f %s: it has no files", d.Name)
		}
		x.o.Output, x.o.Extension = x.output, strings.TrimPrefix(d.Extensions[0], ".")
		if x.o.Output == "" {
			x.o.Output = filepath.Join(dir, "features")
		}
		return &sink.Target{Sink: d, Path: x.o.Output}, nil
	}
	t, err := parseOutput(x.output, x.format, x.say)
	if err != nil {
		return nil, err
	}
	if t.Sink.Stream != nil {
		return nil, usage("output %s: want a directory, or the address of a server", x.output)
	}
	x.o.Elsewhere = true
	if x.o.Journal == "" {
		x.o.Journal = filepath.Join(dir, ".pinyon-watch.journal")
	}
	return t, nil
}

// watch runs the watcher until it is told to stop.
func (x *watching) watch() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var ready atomic.Bool
	x.watched = x.counted.Begin()
	if err := x.monitoring.start(x.app, x.counted.Read, ready.Load); err != nil {
		return err
	}
	x.o.Report = x.report
	x.o.Ready = func() {
		ready.Store(true)
		x.manage(sdnotify.Ready)
	}
	w, err := watch.New(x.o)
	if err != nil {
		var oe *watch.OptionError
		if errors.As(err, &oe) {
			return usage("%w", oe.Err)
		}
		if errors.Is(err, watch.ErrLocked) {
			return fmt.Errorf("%s: %w", x.o.Dir, err)
		}
		return err
	}
	defer w.Close()
	defer busy(x.o.Workers)()
	aborted := make(chan struct{})
	sig := watchSignals(x.app, func(bool) {
		cancel()
		<-aborted // outputs at hand are removed
	})
	defer sig.close()
	defer x.monitoring.close(sig.ended)
	quiet := make(chan struct{})
	defer close(quiet)
	go x.alive(w, sig, quiet)
	go func() {
		select {
		case <-sig.ended:
			x.manage(sdnotify.Stopping)
			w.Stop()
		case <-quiet:
		}
	}()
	err = w.Run(ctx)
	if ctx.Err() != nil {
		close(aborted)
		select {} // whoever aborted ends the process, with the status that is due
	}
	if err != nil {
		return err
	}
	s := w.Stats()
	x.total(&s)
	switch status := int(sig.status.Load()); {
	case status != 0:
		return &exit{status: status}
	case s.Failed+s.Damaged > 0:
		return &exit{status: exitIncomplete}
	}
	return nil
}

// manage tells the service manager, if there is one.
func (x *watching) manage(lines ...string) {
	if err := sdnotify.Send(lines...); err != nil {
		x.log.Warn("service manager", "error", err)
	}
}

// alive shows how far the watcher is: to the service manager, and as a line now and then.
func (x *watching) alive(w *watch.Watcher, sig *interrupt, quiet chan struct{}) {
	every := lineEvery
	if d := sdnotify.Every(); d > 0 {
		every = min(every, d)
	}
	t := time.NewTicker(every)
	defer t.Stop()
	var last watch.Stats
	said := time.Now()
	for {
		select {
		case <-quiet:
			return
		case <-t.C:
			s := w.Stats()
			line := statsLine(&s)
			x.manage(sdnotify.Watchdog, sdnotify.Status(line))
			s.Rescans = 0 // which tell of no progress
			if s != last && x.progress && !x.noProgress && time.Since(said) >= lineEvery-time.Second && x.summary == "text" {
				x.say("%s", line)
				said = time.Now()
			}
			last = s
		}
	}
}

// statsLine is the state as text.
func statsLine(s *watch.Stats) string {
	return fmt.Sprintf("%d files done, %d flows from %d packets; %d at work, %d ready, %d waiting; %d damaged, %d given up",
		s.Done+s.Damaged+s.Empty, s.Flows, s.Packets, s.Running, s.Queued, s.Waiting, s.Damaged, s.Failed)
}

// fileLine is what --summary json tells of a file.
type fileLine struct {
	File    string   `json:"file"`
	Result  string   `json:"result"`
	Outputs []string `json:"outputs,omitempty"`
	Flows   uint64   `json:"flows"`
	Packets uint64   `json:"packets"`
	Seconds float64  `json:"seconds"`
	Error   string   `json:"error,omitempty"`
}

// report tells what became of a file.
func (x *watching) report(e watch.Event) {
	if e.Kind < watch.Stuck {
		x.watched.Watched(e.Kind.String())
	}
	if x.summary == "json" {
		l := fileLine{e.Path, e.Kind.String(), e.Outputs, e.Flows, e.Packets, e.Took.Seconds(), ""}
		if e.Err != nil {
			l.Error = e.Err.Error()
		}
		if b, err := json.Marshal(l); err == nil {
			fmt.Fprintf(x.err, "%s\n", plain.JSON(b))
		}
		return
	}
	to := x.targets[0].Name()
	if len(e.Outputs) > 0 {
		to = e.Outputs[0]
	}
	switch e.Kind {
	case watch.Done, watch.Damaged:
		x.say("%s: %d flows from %d packets -> %s", e.Path, e.Flows, e.Packets, to)
		if e.Err != nil {
			x.say("warning: %s: %v", e.Path, e.Err)
		}
	case watch.Empty:
		x.say("%s: no flows, no output", e.Path)
	case watch.Failed, watch.OutputFailed:
		x.say("warning: %s: attempt %d: %v", e.Path, max(e.Tries, 1), e.Err)
	case watch.GivenUp:
		x.say("%s: %s: given up: %v", x.name, e.Path, e.Err)
	case watch.Stuck:
		x.say("warning: %s: done, and stays: %v", e.Path, e.Err)
	case watch.Vanished:
		x.say("warning: %s: gone before it was done", e.Path)
	case watch.NoDirectory:
		x.say("warning: %s: %v; waiting for it", e.Path, e.Err)
	case watch.Polling:
		x.say("note: the system does not tell of every directory; looking through them every %v", x.o.Poll)
	default:
		x.log.Info("watch", "file", e.Path, "result", e.Kind.String())
	}
}

// total tells the sums at the end.
func (x *watching) total(s *watch.Stats) {
	if x.summary == "text" {
		x.say("%s", statsLine(s))
		return
	}
	sums := map[string]any{"flows": s.Flows, "packets": s.Packets, "bytes": s.Bytes}
	for name, n := range s.Results() {
		sums[name] = n
	}
	if b, err := json.Marshal(sums); err == nil {
		fmt.Fprintf(x.err, "%s\n", plain.JSON(b))
	}
}
