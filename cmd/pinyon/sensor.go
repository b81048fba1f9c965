package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pinyon/capture"
	"pinyon/capture/plan"
	"pinyon/capture/settings"
	"pinyon/logging"
	"pinyon/packet"
	"pinyon/savefile"
	"pinyon/source"
	"pinyon/source/gate"
)

// A sensor is what files for a capture (package settings) say of a run, and which flags go over it.
// nil is a command that captures nothing.
type sensor struct {
	app   *app
	paths []string // of the files
	given func(flag string) bool

	settings *settings.Capture // nil without files
	plan     *plan.Plan
	gate     *gate.Gate
	log      *logging.Log
	packets  *slog.Logger // of every packet
	refusals *slog.Logger
	lines    atomic.Bool // a line is printed for every packet

	reloads    bool           // files are read again while it captures
	asked      chan os.Signal // for that
	filterFlag bool           // the command line has a filter
	state      string         // of the files when they were read
	seen       string         // state of the files at the last look
	waits      bool           // what a change of filter has cost is to be told
	dropped    uint64         // packets of an earlier filter before it
}

// add adds --config to a command that has no other configuration.
func (s *sensor) add(cmd *cobra.Command, short string) {
	cmd.Flags().StringArrayVarP(&s.paths, "config", short, nil, "file that tells a capture what to do (pinyon config init), .yaml or .yml; may be repeated, a later one goes over those before")
	cmd.MarkFlagFilename("config", "json", "yaml", "yml")
	s.from(cmd.Flags())
}

// from has the flags of a set go over files.
func (s *sensor) from(f *pflag.FlagSet) { s.given = f.Changed }

// read loads those of the files that are for a capture, and gives the others. What is no regular
// file can be read once, and is one of the others.
func (s *sensor) read(files []string) (others []string, err error) {
	var mine []string
	for _, path := range files {
		info, err := os.Stat(path)
		is := false
		if err == nil && info.Mode().IsRegular() {
			is, err = isSettings(path)
		}
		switch {
		case err != nil || !is:
			others = append(others, path)
		case s == nil:
			return nil, usage("%s tells a capture what to do: live, dump and listen run it", path)
		default:
			mine = append(mine, path)
		}
	}
	if s != nil {
		s.paths = mine
	}
	return others, s.load()
}

// load reads the files, if there are some.
func (s *sensor) load() (err error) {
	if s == nil || len(s.paths) == 0 {
		return nil
	}
	s.state = stateOf(s.paths) // before they are read, so that no change is missed
	if s.settings, s.plan, err = planOf(s.paths); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		return &exit{exitUsage, err}
	}
	s.gate = gate.New(&s.plan.Gate)
	s.lines.Store(s.plan.Lines)
	if s.reloads {
		s.listen()
	}
	if err := s.openLog(); err != nil {
		return err
	}
	for _, n := range s.settings.Notices() {
		s.app.say("note: %s", n)
	}
	return nil
}

func planOf(paths []string) (*settings.Capture, *plan.Plan, error) {
	c, err := settings.Load(paths[0], paths[1:]...)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.New(c)
	return c, p, err
}

// runs reports whether files say what to do.
func (s *sensor) runs() bool { return s != nil && s.plan != nil }

// over are the options of a capture: those of the files, over which flags go that were given.
func (s *sensor) over(flags capture.Options) capture.Options {
	if !s.runs() {
		return flags
	}
	o := s.plan.Capture
	o.Direction, o.Immediate, o.Resolver = flags.Direction, flags.Immediate, flags.Resolver
	for flag, take := range map[string]func(){
		"count":       func() { o.Count = flags.Count },
		"duration":    func() { o.Duration = flags.Duration },
		"snaplen":     func() { o.Snaplen = flags.Snaplen },
		"promisc":     func() { o.NoPromisc = flags.NoPromisc },
		"no-promisc":  func() { o.NoPromisc = flags.NoPromisc },
		"buffer-size": func() { o.BufferSize = flags.BufferSize },
		"monitor":     func() { o.Monitor = flags.Monitor },
		"rings":       func() { o.Rings = flags.Rings },
		"no-optimize": func() { o.NoOptimize = flags.NoOptimize },
	} {
		if s.given(flag) {
			take()
		}
	}
	if len(flags.Interfaces) > 0 && flags.Interfaces[0] != "" {
		o.Interfaces = flags.Interfaces
	}
	if flags.Filter != "" {
		o.Filter, s.filterFlag = flags.Filter, true
	}
	if flags.ReadTimeout != 0 { // a command that has to look around more often
		o.ReadTimeout = min(flags.ReadTimeout, o.ReadTimeout)
	}
	return o
}

// behind is a source behind the gate that files ask for.
func (s *sensor) behind(src liveSource) liveSource {
	if !s.runs() {
		return src
	}
	g := &gated{liveSource: src, gate: gate.Source{Source: src, Gate: s.gate}, sensor: s}
	g.logs = s.packets.Enabled(context.Background(), slog.LevelDebug)
	if s.refusals.Enabled(context.Background(), slog.LevelWarn) {
		g.gate.Refused = g.refused
	}
	return timedBy(src, g)
}

// gated is a live source behind a gate.
type gated struct {
	liveSource
	gate   gate.Source
	sensor *sensor
	logs   bool // every packet is told the log
	row    frameRow
	dec    packet.Decoder
}

func (g *gated) Next(f *packet.Frame) error {
	if err := g.gate.Next(f); err != nil {
		return err
	}
	if g.logs {
		g.sensor.packets.Debug(g.summary(f), "time", string(appendTime(nil, f.TS)))
	}
	if g.sensor.lines.Load() {
		g.print(f)
	}
	return nil
}

func (g *gated) Stats() source.Stats { return g.gate.Stats() }

// print prints a line about a frame, as dump does, to standard error.
func (g *gated) print(f *packet.Frame) {
	g.sensor.app.say("%s %s", appendTime(nil, f.TS), g.summary(f))
}

// every is how often counts are told; of what flags said nothing the files do.
func (s *sensor) every(flag time.Duration) time.Duration {
	if !s.runs() || s.given("stats-interval") || isTerminal(s.app.err) && s.settings.Origin("sniffer.performance.log_interval") == "" {
		return flag
	}
	return s.plan.Sums
}

// quiet reports whether files want no counts.
func (s *sensor) quiet() bool { return s.runs() && s.plan.Sums == 0 && !s.given("stats-interval") }

// openFiles begins the files of packets that settings ask for; over is what flags say of rotation.
func openFiles(f *plan.Files, over *savefile.Rotation, o *savefile.Options) (*savefile.Series, error) {
	r := f.Rotation
	if over.Every > 0 {
		r.Every = over.Every
	}
	if over.Size > 0 {
		r.Size = over.Size
	}
	if over.Keep > 0 {
		r.Keep = over.Keep
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return nil, err
	}
	own := *o
	own.Rows.Compression, own.Rows.RowGroup = f.Rows.Compression, f.Rows.RowGroup
	return savefile.OpenSeries(f.Path, &r, &own)
}
