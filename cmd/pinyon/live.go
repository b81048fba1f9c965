package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/capture"
	procs "pinyon/capture/process"
	"pinyon/config"
	"pinyon/filter"
	"pinyon/internal/near"
	"pinyon/internal/plain"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/provenance"
	"pinyon/savefile"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/source"
)

// liveFlags are the flags of live beside those of every extraction.
type liveFlags struct {
	statsEvery time.Duration // how often counts are printed; 0 is as always
	capture    capture.Options
	duration   string
	buffer     string
	direction  string
	noPromisc  bool
	promisc    bool
	user       string
	stats      string
	save       saveFlags
	process    processFlags
	failLoss   bool
	sensor     *sensor // of files that tell a capture what to do, or nil
	quiet      bool    // no counts are printed meanwhile
	ends       bool    // the capture ends by itself
}

func (a *app) liveCommand() *cobra.Command {
	x := &extraction{app: a}
	l := &liveFlags{}
	cmd := &cobra.Command{
		Use:   "live [INTERFACE...]",
		Short: "Capture from interfaces and write a row for every flow",
		Long: `Capture packets from interfaces and write a row for every flow as it ends. Without an
interface the most useful one is taken; "any" is all of them; several are joined by time.

The columns are those of extract, and the rows those that extract gives for the file of
--save-pcap. The group connection needs all flows of a capture: without --duration or
--count it is left out.

The first interrupt stops the capture, writes what is open and finishes the files. Another one,
a second later or more, aborts: whole rows stay in a file named FILE.partial.EXT.

Rows are in the output's temporary file within a second; --follow gives it its name from the
beginning. A name that holds {time} or {seq} stands for files that follow each other, by
--rotate-interval, --rotate-size or --rotate-rows; each appears when it is complete, and
replaces none.`,
		Example: `  pinyon live eth0 -d 60 -o flows.parquet
  pinyon live eth0 wlan0 --filter 'tcp port 443' -f jsonl --features tls,timing
  pinyon live eth0 --packets packets.parquet --store-payload 64 -o flows.parquet
  pinyon live any --process firefox --children -o flows.csv
  pinyon live eth0 -o 'flows-{time}.parquet' --rotate-interval 1h --rotate-keep 48
  pinyon live any --save-pcap trace.pcapng --rotate-size 1GiB --rotate-keep 10 -o flows.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "save-pcap", "packets", "user"); err != nil {
				return err
			}
			return x.process(func(cfg *pinyon.Config, sig *interrupt) (*inputs, error) { return x.openLive(args, l, cfg, sig) })
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, _ := netif.Names()
		return append(names, capture.Any), cobra.ShellCompDirectiveNoFileComp
	}
	x.addFlags(cmd)
	f := cmd.Flags()
	l.sensor = &sensor{app: a, reloads: true}
	l.sensor.from(f)
	x.config.sensor = l.sensor
	f.Uint64Var(&l.capture.Count, "count", 0, "end after so many packets; 0 is never")
	l.addCapture(cmd)
	l.process.add(cmd)
	l.save.add(cmd)
	f.StringVar(&l.stats, "stats-interval", "", "print a line of counts this often: seconds, or 30s, 5m; 10s unless standard error is a terminal")
	f.StringVar(&l.user, "user", "", "become this user once the interfaces are open")
	return cmd
}

// captureFlags are the flags that addCapture adds.
var captureFlags = []string{"duration", "snaplen", "promisc", "no-promisc", "buffer-size", "immediate", "monitor", "rings", "direction", "fail-on-loss"}

// addCapture adds the flags of whatever captures.
func (l *liveFlags) addCapture(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&l.duration, "duration", "d", "", "end after so long: seconds, or 90s, 5m, 2h")
	f.IntVar(&l.capture.Snaplen, "snaplen", capture.DefaultSnaplen, "bytes of a packet that are kept")
	f.BoolVar(&l.promisc, "promisc", true, "take packets for other hosts too; --no-promisc for not")
	f.BoolVar(&l.noPromisc, "no-promisc", false, "")
	f.Lookup("no-promisc").Hidden = true
	f.StringVar(&l.buffer, "buffer-size", "8MiB", "ring of each interface in the kernel")
	f.BoolVar(&l.capture.Immediate, "immediate", false, "take packets as they come instead of in blocks")
	f.BoolVar(&l.capture.Monitor, "monitor", false, "want 802.11 frames, of radio devices in monitor mode")
	f.IntVar(&l.capture.Rings, "rings", 1, "rings that share an interface's packets")
	f.StringVar(&l.direction, "direction", "inout", "in, out or inout")
	f.BoolVar(&l.failLoss, "fail-on-loss", false, "exit with 3 if packets were lost")
	complete(cmd, "direction", []string{"in", "out", "inout"})
}

// forDevices gives cfg what a run without an end needs against those who send the packets.
func forDevices(cfg *pinyon.Config) {
	cfg.DrawShardKey()
	cfg.LimitMemory()
}

// openLive opens the devices, gives up privileges, and makes them the run's input.
func (x *extraction) openLive(args []string, l *liveFlags, cfg *pinyon.Config, sig *interrupt) (*inputs, error) {
	forDevices(cfg)
	o, err := l.options(args, cfg.BPFFilter, x.resolve)
	if err != nil {
		return nil, err
	}
	if err := x.checkLive(l); err != nil {
		return nil, err
	}
	l.ends = o.Count > 0 || o.Duration > 0
	who, err := findUser(l.user)
	if err != nil {
		return nil, err
	}
	whose, err := x.findProcesses(&l.process, cfg)
	if err != nil {
		return nil, err
	}
	count := o.Count
	if whose != nil {
		o.ReadTimeout = 100 * time.Millisecond // packets wait for their process no longer than they must
		o.Count = 0                            // of those that are wanted
	}
	d, err := capture.Open(o)
	if err != nil && whose != nil {
		whose.Close()
	}
	var fe *filter.Error
	if errors.As(err, &fe) {
		return nil, badFilter(o.Filter, fe)
	}
	if err != nil {
		return nil, notThere(o.Interfaces, err)
	}
	if len(o.Interfaces) == 0 {
		if _, reason, err := netif.Default(); err == nil {
			x.say("note: capturing from %s: %s", d.Name(), reason)
		}
	}
	if err := who.become(); err != nil {
		d.Close()
		if whose != nil {
			whose.Close()
		}
		return nil, fmt.Errorf("--user %s: %w", l.user, err)
	}
	src, one := liveSource(d), pinyon.Live(d)
	if whose != nil {
		src, one = x.ofProcesses(d, whose, count, l)
	}
	in, err := x.goLive(l.sensor.behind(src), one, l, sig)
	if err == nil {
		l.sensor.follow(d, in.live.stop)
	}
	return in, err
}

// checkLive checks what is no concern of the packets' source, before that is opened.
func (x *extraction) checkLive(l *liveFlags) (err error) {
	for _, t := range x.targets {
		l.save.rows = l.save.rows || t.Sink.Stream != nil && files.Rotates(t.Path)
	}
	if l.save.follow && !slices.ContainsFunc(x.targets, func(t *sink.Target) bool { return files.Follows(t.Sink) }) {
		return usage("--follow: no output is csv, tsv or jsonl")
	}
	if l.statsEvery, err = parseDuration(l.stats); err != nil {
		return usage("--stats-interval: %w", err)
	}
	l.statsEvery, l.quiet = l.sensor.every(l.statsEvery), l.sensor.quiet()
	if l.sensor.runs() && l.save.path == "" && l.save.packets == "" {
		l.save.files = l.sensor.plan.Files
	}
	if err := l.save.check(); err != nil {
		return err
	}
	if err := l.save.apart(x.targets, x.from); err != nil {
		return err
	}
	l.save.out = x.out
	if s, ok := x.out.(*stdout); ok {
		l.save.out = s.w // a reader of frames that goes is told of as of an output that fails
	}
	return nil
}

// liveSource is what a live run reads: devices, or servers.
type liveSource interface {
	source.Source
	Name() string
	Interfaces() []string
	LinkTypes() []uint16
	Snaplen() int
	FilterExpr() string
	Stop()
}

// goLive makes an open source the run's input, and begins the files of its frames.
func (x *extraction) goLive(d liveSource, one pinyon.Input, l *liveFlags, sig *interrupt) (_ *inputs, err error) {
	in := &liveInput{dev: d, flags: l, stop: make(chan struct{})}
	l.save.failed = in.saveFailed(x.app)
	src := source.Source(d)
	l.save.ending = sig.ended
	if in.save, err = l.save.open(d.Interfaces(), d.LinkTypes(), d.Snaplen()); err != nil {
		in.close()
		return nil, err
	}
	if in.save != nil {
		src = timedBy(d, &saving{liveSource: d, to: in.save})
	}
	go func() {
		select {
		case <-sig.ended:
			d.Stop()
		case <-in.stop:
		}
	}()
	one.Open = func() (source.Source, error) { return src, nil }
	x.log.Info("capturing", "interfaces", d.Name(), "filter", d.FilterExpr(), "snaplen", d.Snaplen())
	return &inputs{list: []pinyon.Input{one}, sizes: []int64{0}, live: in}, nil
}

// options are what the flags say of the capture.
func (l *liveFlags) options(args []string, expr string, resolve bool) (capture.Options, error) {
	o := l.capture
	o.Interfaces = args
	o.Filter = expr
	o.NoPromisc = l.noPromisc || !l.promisc
	if resolve {
		o.Resolver = filter.System{}
	}
	var err error
	if o.Duration, err = parseDuration(l.duration); err != nil {
		return o, usage("--duration: %w", err)
	}
	size, err := config.ParseSize(l.buffer)
	if err != nil {
		return o, usage("--buffer-size: %w", err)
	}
	if size < capture.MinBufferSize {
		return o, usage("--buffer-size: got %s; want %d bytes or more", l.buffer, capture.MinBufferSize)
	}
	switch l.direction {
	case "in":
		o.Direction = capture.In
	case "out":
		o.Direction = capture.Out
	case "inout":
	default:
		return o, usage("--direction: got %q; want in, out or inout", l.direction)
	}
	if o.Snaplen < 1 {
		return o, usage("--snaplen: got %d; want 1 or more", o.Snaplen)
	}
	if o.Rings < 1 {
		return o, usage("--rings: got %d; want 1 or more", o.Rings)
	}
	if o.Rings > capture.MaxRings {
		return o, usage("--rings: got %d; want %d at most", o.Rings, capture.MaxRings)
	}
	rings := o.Rings * max(len(args), 1)
	if most := capture.MostBuffers(); int64(size) > most/int64(rings) {
		return o, usage("--buffer-size: got %s for each of %d; want %d bytes together at most, a quarter of the memory that there is", l.buffer, rings, most)
	}
	o.BufferSize = int(size)
	o = l.sensor.over(o)
	return o, checkDevices(o.Interfaces)
}

// notThere says of an error of opening devices which of them is not there, and which one may
// have been meant.
func notThere(args []string, err error) error {
	names, _ := netif.Names()
	for _, name := range args {
		_, found := netif.Find(name)
		if errors.Is(err, netif.ErrNotFound) && errors.Is(found, netif.ErrNotFound) && name != capture.Any && len(names) > 0 {
			return &exit{exitDevice, fmt.Errorf("no such interface: %s%s; \"pinyon interfaces\" lists those of this machine", plain.Text(name), near.Hint(name, names))}
		}
	}
	return err
}

// checkDevices checks that no device is captured from twice, whatever words mean it.
func checkDevices(args []string) error {
	seen := map[int]bool{}
	for i, name := range args {
		switch {
		case name == "":
			return usage("the name of an interface is empty")
		case name == capture.Any && len(args) > 1:
			return usage("any is all interfaces: give it alone")
		case slices.Contains(args[:i], name):
			return usage("interface %s is given twice", name)
		}
		d, err := netif.Find(name)
		if err != nil {
			continue // opening it says what is wrong
		}
		if seen[d.Index] {
			return usage("interface %s is given twice, once as %s", d.Name, name)
		}
		seen[d.Index] = true
	}
	return nil
}

// parseDuration reads seconds, or a number with a unit; "" is 0.
func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("got %q; want seconds, or a time such as 90s, 5m, 2h", s)
	}
	return d, nil
}

// liveInput is what belongs to a live run beside its rows.
type liveInput struct {
	dev    liveSource
	flags  *liveFlags
	save   savefile.Set
	stop   chan struct{}
	closed bool
	failed bool // an output could not be written to its end

	missing []remoteSummary // servers that were never connected to
}

// saveFailed gives what tells that frames cannot be saved; of a file that is tried again and
// again not more than once a minute, if nothing of it is kept.
func (in *liveInput) saveFailed(a *app) func(path, kept string, err error) {
	told := map[string]time.Time{}
	return func(path, kept string, err error) {
		in.failed = true
		if path == "-" {
			path = "standard output"
		}
		text := "no complete frame of it can be kept"
		if kept != "" {
			text = "complete frames -> " + plain.Text(kept)
		} else if time.Since(told[path]) < time.Minute {
			return
		}
		told[path] = time.Now()
		a.say("%s: %s: %s; %s; going on", a.name, path, faultOf(err, path), text)
	}
}

// faultOf is an error without the name that is said already.
func faultOf(err error, path string) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Op + ": " + pe.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "pcap: ")
}

// endless reports whether the capture runs until it is stopped.
func (in *liveInput) endless() bool {
	return !in.flags.ends && in.flags.capture.Count == 0 && in.flags.duration == ""
}

// close closes the devices, and completes the file of frames.
func (in *liveInput) close() error {
	if in.closed {
		return nil
	}
	in.closed = true
	close(in.stop)
	return errors.Join(in.dev.Close(), in.save.Close())
}

// provenance of the capture; with its sums once it has ended.
func (in *liveInput) provenance(ended bool) *provenance.Live {
	v := &provenance.Live{Interfaces: in.dev.Interfaces(), Filter: in.dev.FilterExpr(), Snaplen: in.dev.Snaplen()}
	if ended {
		s := in.dev.Stats()
		v.Stats = &s
	}
	return v
}

// captureSummary is what became of the packets of a live run.
type captureSummary struct {
	Interfaces []string `json:"interfaces"`
	source.Stats
	SinkLost uint64   `json:"sink_rows_lost"` // rows that an output did not take
	Saved    []string `json:"saved,omitempty"`

	Frames []savedFrames `json:"frames,omitempty"`

	Processes *procs.Stats `json:"processes,omitempty"`

	Servers []remoteSummary `json:"servers,omitempty"`
}

// savedFrames is what became of the frames that one file, or one series of files, was given.
type savedFrames struct {
	Path string `json:"path"`
	savefile.Counts
}

func (in *liveInput) summarize(s *summary) {
	s.Capture = &captureSummary{Interfaces: in.dev.Interfaces(), Stats: in.dev.Stats(), SinkLost: s.lost, Saved: in.save.Names(), Servers: append(remotes(in.dev), in.missing...)}
	if p := processesOf(in.dev); p != nil {
		sums := p.Process()
		s.Capture.Processes = &sums
	}
	for _, f := range in.save {
		s.Capture.Frames = append(s.Capture.Frames, savedFrames{f.Path(), f.Counts()})
	}
}

// status is what losses make of a run that went well otherwise.
func (in *liveInput) status(s *summary) int {
	if slices.ContainsFunc(s.Capture.Servers, func(r remoteSummary) bool { return r.Error != "" }) {
		return exitIncomplete
	}
	if in.flags.failLoss && s.Capture.Lost()+s.Capture.SinkLost > 0 {
		return exitIncomplete
	}
	return exitOK
}

func (c *captureSummary) print(a *app) {
	a.sayCaptured(c.Interfaces, &c.Stats, fmt.Sprintf(", %d rows by outputs", c.SinkLost))
	a.printProcesses(c.Processes)
	a.sayRemotes(c.Servers)
	for _, name := range c.Saved {
		a.say("frames -> %s", name)
	}
	for _, f := range c.Frames {
		if f.Lost > 0 {
			a.say("frames of %s: %d written, %d lost", f.Path, f.Written, f.Lost)
		}
	}
}

// sayCaptured tells what became of the packets of a capture; more is what was lost behind it.
func (a *app) sayCaptured(names []string, s *source.Stats, more string) {
	a.say("%s: %d received, %d captured, %d bytes", strings.Join(plain.All(names), ","), s.Received, s.Captured, s.Bytes)
	a.say("lost: %d in the ring (full %d times), %d at the interface, %d left at the end%s", s.Dropped, s.Freezes, s.InterfaceDropped, s.QueueDropped-s.Beyond, more)
	if s.Beyond > 0 {
		a.say("noted: %d more than --count asked for", s.Beyond)
	}
	if s.Blocked+s.NotAllowed+s.RateLimited > 0 {
		a.say("refused: %d of blocked addresses, %d of addresses not allowed, %d over the rate limit", s.Blocked, s.NotAllowed, s.RateLimited)
	}
	if s.FilterDropped > 0 || s.Truncated > 0 || s.Downs > 0 {
		a.say("noted: %d of an earlier filter, %d cut to the snapshot length, interface down %d times", s.FilterDropped, s.Truncated, s.Downs)
	}
}

// saving is a source that writes every frame to files as it passes.
type saving struct {
	liveSource
	to savefile.Set
}

// timedBy is around, which wraps inner, with the clock that inner may have: the time of another
// machine, or until which nothing is held back. The engine asks for a clock by its method, and a
// wrapper has that of the interface it embeds only.
func timedBy(inner, around liveSource) liveSource {
	if c, ok := inner.(source.Clock); ok {
		return timed{around, c}
	}
	return around
}

type timed struct {
	liveSource
	clock source.Clock
}

func (t timed) Clock() int64 { return t.clock.Clock() }

func (s *saving) Next(f *packet.Frame) error {
	switch err := s.liveSource.Next(f); {
	case err == nil:
		return s.to.Write(f)
	case errors.Is(err, source.ErrTimeout), errors.Is(err, io.EOF):
		if e := s.to.Idle(); e != nil {
			return e
		}
		return err
	default:
		return err
	}
}
