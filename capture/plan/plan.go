// Package plan is what the settings of a capture come to: options of the device, of the gate
// behind it, of the files of packets, of the log. Whoever runs a capture takes what it needs; the
// package opens nothing itself.
package plan

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"pinyon/capture"
	"pinyon/capture/settings"
	"pinyon/internal/conf"
	"pinyon/logging"
	"pinyon/packetstore"
	"pinyon/savefile"
	"pinyon/source/gate"
)

// A Plan is settings in the words of the packages that act on them.
type Plan struct {
	Capture capture.Options
	Gate    gate.Options
	Files   *Files // nil where no files of packets are wanted

	Log     logging.Options // files
	Console Console

	Lines bool          // a line is printed for every packet
	Sums  time.Duration // how often counts are told; 0 is never
}

// Console is what is told on standard error.
type Console struct {
	Off     bool // nothing is, but what ends the run
	Level   slog.Level
	Colored bool // on a terminal
}

// Files are those of packets.
type Files struct {
	Path     string // of the first one
	Rotation savefile.Rotation
	Rows     packetstore.Options // of a Parquet file
}

// New validates settings and gives the plan for a run that begins now.
func New(c *settings.Capture) (*Plan, error) {
	o, err := capture.FromConfig(c)
	if err != nil {
		return nil, err
	}
	if most := capture.MostBuffers(); int64(o.BufferSize) > most/int64(o.Rings*max(len(o.Interfaces), 1)) {
		return nil, c.At("sniffer.buffer_size", fmt.Errorf("%s for each of %d rings; want %d bytes together at most", c.BufferSize, o.Rings*max(len(o.Interfaces), 1), most))
	}
	p := &Plan{Capture: o, Gate: gate.Options{Rate: c.Security.RateLimit, Block: prefixes(c.Security.Blacklist), Allow: prefixes(c.Security.Whitelist)}, Lines: c.Realtime}
	p.Log, p.Console = logOf(&c.Logging)
	if c.Perform.Monitoring {
		p.Sums = seconds(c.Perform.LogInterval)
	}
	if c.Output.Enabled {
		p.Files, err = filesOf(c)
	}
	return p, err
}

func filesOf(c *settings.Capture) (*Files, error) {
	o := c.Output // which the settings may change later
	host, _ := os.Hostname()
	f := &Files{Rows: packetstore.Options{Compression: o.Compression, RowGroup: o.BatchSize}}
	name := func(began time.Time, n int) string { return o.Path(began, c.Device(), host, n) }
	f.Path, f.Rotation.Names = name(time.Now(), 1), name
	if !o.Rotation.Enabled {
		return f, nil
	}
	every, err := settings.ParseInterval(o.Rotation.Interval)
	if err != nil {
		return nil, c.At("sniffer.output.rotation.interval", err)
	}
	f.Rotation.Every, f.Rotation.Size, f.Rotation.Keep = every, int64(o.Rotation.MaxSize), o.Rotation.MaxFiles
	if !f.Rotation.Rotates() {
		return nil, c.At("sniffer.output.rotation.enabled", fmt.Errorf("true, and neither interval nor max_size says when"))
	}
	return f, nil
}

// logOf is what settings say of the log, which Validate has passed.
func logOf(l *settings.Logging) (o logging.Options, con Console) {
	o.Level, o.Format, o.Streams = level(l.Level), l.Format, map[string]logging.File{}
	con = Console{Off: !l.Console.Enabled, Level: max(o.Level, level(l.Console.Level)), Colored: l.Console.Colored}
	for name, h := range map[string]*settings.Handler{logging.General: &l.File, logging.Security: &l.Security, logging.Packet: &l.Packet, logging.Performance: &l.Performance} {
		if !h.Enabled || !l.ToFile {
			continue
		}
		every, _ := settings.ParseInterval(h.Rotation)
		path := h.Path
		if filepath.Base(path) == path { // without a directory of its own
			path = filepath.Join(l.Directory, path)
		}
		o.Streams[name] = logging.File{Path: path, Level: level(h.Level), Every: every, MaxSize: int64(h.MaxSize), Backups: h.Backups}
	}
	return o, con
}

func level(name string) slog.Level {
	l, _ := conf.Level(name)
	return l
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func prefixes(list []string) (all []netip.Prefix) {
	for _, s := range list {
		if p, ok := settings.Prefix(s); ok {
			all = append(all, p)
		}
	}
	return all
}
