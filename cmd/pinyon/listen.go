package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/listen"
	"pinyon/netif"
	"pinyon/sink"
	"pinyon/sink/files"
)

// listening is what the flags of listen say.
type listening struct {
	*extraction
	live  liveFlags
	file  string
	every string
	rows  int
	full  string
	style string

	period time.Duration
	o      listen.Options
	as     listen.Style
}

func (a *app) listenCommand() *cobra.Command {
	x := &listening{extraction: &extraction{app: a, provenance: "none", summary: "text", order: "schema"}}
	cmd := &cobra.Command{
		Use:   "listen INTERFACE [FILTER...]",
		Short: "Write packets as rows of a small table, period by period",
		Long: `Collect the packets of an interface, or of a capture with -r, and write them every few seconds as
rows of a table of twelve columns (time, EtherType, direction, addresses, ports, protocol, ARP operation,
size) and three more. "any" is all interfaces. How many rows wait is bounded; what happens beyond that is
--full, and is told at the end.`,
		Example: `  pinyon listen eth0 --every 5s -f jsonl
  pinyon listen eth0 --style seed -o packets.parquet tcp port 443
  pinyon listen -r trace.pcap udp`,
		RunE: func(_ *cobra.Command, args []string) error {
			if x.file != "" && len(x.live.sensor.paths) > 0 {
				return usage("--config is for a capture from an interface, not for -r")
			}
			if err := x.live.sensor.load(); err != nil {
				return err
			}
			if x.file == "" && len(args) == 0 && !x.live.sensor.runs() {
				return usage("give an interface, or a capture with -r")
			}
			return x.run(args)
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, _ := netif.Names()
		return append(names, capture.Any), cobra.ShellCompDirectiveNoFileComp
	}
	x.addTargetFlags(cmd)
	f := cmd.Flags()
	f.StringVarP(&x.file, "read", "r", "", "capture to read instead of an interface")
	f.StringVar(&x.every, "every", "5s", "write what has come so often")
	f.IntVar(&x.rows, "max-rows", listen.DefaultMaxRows, "rows that may wait")
	f.StringVar(&x.full, "full", "block", "what happens beyond: block (packets wait in the ring, and are lost there once that is full), or drop-oldest")
	f.StringVar(&x.style, "style", "pinyon", "names of the columns: pinyon, or seed for the twelve of the Network Data Listener")
	f.Uint64Var(&x.live.capture.Count, "count", 0, "end after so many packets; 0 is never")
	x.live.addCapture(cmd)
	x.live.sensor = &sensor{app: a}
	x.live.sensor.add(cmd, "c")
	for name, value := range map[string]string{"promisc": "false", "immediate": "true"} {
		f.Lookup(name).DefValue = value
		f.Lookup(name).Value.Set(value)
	}
	f.BoolVar(&x.resolve, "resolve", false, "let names of hosts and networks stand in the filter")
	x.addSettings(cmd)
	complete(cmd, "full", []string{"block", "drop-oldest"})
	complete(cmd, "style", []string{"pinyon", "seed"})
	return cmd
}

// check resolves the flags.
func (x *listening) check() (err error) {
	if x.period, err = parseDuration(x.every); err != nil || x.period == 0 {
		return usage("--every: got %q; want a time such as 5s", x.every)
	}
	if x.rows < 1 {
		return usage("--max-rows: got %d; want 1 or more", x.rows)
	}
	x.o.MaxRows = x.rows
	switch x.full {
	case "block":
	case "drop-oldest":
		x.o.Full = listen.DropOldest
	default:
		return usage("--full: got %q; want block or drop-oldest", x.full)
	}
	switch x.style {
	case "pinyon":
	case "seed":
		x.as = listen.Seed
	default:
		return usage("--style: got %q; want pinyon or seed", x.style)
	}
	switch x.onError, err = x.policy(x.file == ""); {
	case err != nil:
		return err
	case x.onError == spoolRows:
		return usage("--on-sink-error spool is for rows of flows; want stop or drop")
	}
	x.targets, err = x.outputs()
	return err
}

// open begins to listen.
func (x *listening) open(ctx context.Context, args []string) (*listen.Listener, error) {
	if x.file != "" {
		expr := strings.Join(args, " ")
		if err := filter.Check(expr, nil); err != nil {
			return nil, badFilter(expr, err)
		}
		if err := x.checkInput(x.file); err != nil {
			return nil, err
		}
		return listen.OpenFile(ctx, x.file, &x.o, expr)
	}
	device := args[:min(len(args), 1)]
	expr := strings.Join(args[len(device):], " ")
	o, err := x.live.options(device, expr, x.resolve)
	if err != nil {
		return nil, err
	}
	expr = o.Filter
	if s := x.live.sensor; s.runs() {
		x.o.Gate = s.gate
		if s.plan.Files != nil {
			x.say("note: %s: output has no effect on listen: -o says where the table goes", s.paths[0])
		}
	}
	x.o.Capture = o
	l, err := listen.OpenDevice(ctx, "", &x.o, expr)
	var fe *filter.Error
	if errors.As(err, &fe) {
		return nil, badFilter(expr, fe)
	}
	if err != nil {
		return nil, notThere(o.Interfaces, err)
	}
	x.log.Info("capturing", "interfaces", l.Name(), "filter", expr, "snaplen", o.Snaplen)
	return l, nil
}

// run is the command after its flags were parsed.
func (x *listening) run(args []string) error {
	if err := x.check(); err != nil {
		return err
	}
	if err := checkOutputs(x.targets, nil, infosOf([]string{x.file})); err != nil {
		return err
	}
	var outs files.Outputs
	sig := watchSignals(x.app, func(keep bool) { x.giveUp(&outs, keep) })
	defer sig.close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-sig.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	l, err := x.open(ctx, args)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := x.apply(&outs, x.onError, x.file == "", func() bool { return false }); err != nil {
		return err
	}
	run := &sink.Run{Settings: x.settings, Stdout: x.out, ID: x.resume, Resume: x.resume != "", Live: x.file == "", Ending: sig.ended}
	run.Workers = 1
	if err := outs.Open(context.Background(), x.targets, listen.Columns(x.as), run); err != nil {
		return outputError(err)
	}
	if err := x.copy(l, &outs); err != nil {
		if errors.Is(err, sink.ErrAborted) {
			select {} // whoever aborted ends the process
		}
		outs.Abort()
		return x.missing(&outs, err)
	}
	var lost *sink.LossError
	if err := outs.Close(context.Background()); err != nil && !errors.As(err, &lost) {
		outs.Abort()
		return x.missing(&outs, err)
	}
	return x.tell(l, &outs, int(sig.status.Load()), lost)
}

// copy writes what has come every period, until the end.
func (x *listening) copy(l *listen.Listener, outs *files.Outputs) error {
	tick := time.NewTicker(x.period)
	defer tick.Stop()
	if x.file != "" {
		tick.Reset(time.Millisecond) // a file does not wait for its reader
	}
	for {
		select {
		case <-tick.C:
		case <-l.Done():
		}
		t, err := l.Drain(context.Background())
		if t.Len() > 0 {
			for b := range t.Batches(x.as) {
				if err := outs.Write(context.Background(), b); err != nil {
					return err
				}
			}
			if err := outs.Flush(context.Background()); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			x.say("%s: %s", x.name, strings.TrimPrefix(strings.TrimPrefix(err.Error(), "pcap: "), "capture: "))
		}
		return nil
	}
}

// tell says what became of the packets, and gives the exit status.
func (x *listening) tell(l *listen.Listener, outs *files.Outputs, signal int, lost *sink.LossError) error {
	st := l.Stats()
	for _, o := range outs.List() {
		if o.Failed == nil {
			x.say("%d rows -> %s", st.Drained, o.Target.Name())
		}
	}
	if st.Dropped > 0 || st.Waits > 0 {
		x.say("full: %d rows dropped, the reader stopped %d times", st.Dropped, st.Waits)
	}
	if x.file == "" {
		x.sayCaptured([]string{l.Name()}, &st.Source, "")
	}
	status := exitOK
	if l.Err() != nil || lost != nil || x.sinkFailed || x.live.failLoss && st.Dropped+st.Source.Lost() > 0 {
		status = exitIncomplete
	}
	if signal != 0 {
		status = signal
	}
	if lost != nil {
		return &exit{status, lost}
	}
	if status != exitOK {
		return &exit{status: status}
	}
	return nil
}
