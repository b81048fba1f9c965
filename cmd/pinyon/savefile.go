package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/capture"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/sink"
)

// saveFlags say where the frames of a live run go, and when a new file begins.
type saveFlags struct {
	path     string
	size     string
	interval string
	keep     int

	bytes int64
	every time.Duration
}

func (s *saveFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.path, "save-pcap", "", "write every captured frame to this file too: .pcap or .pcapng, nanoseconds kept")
	f.StringVar(&s.size, "rotate-size", "", "begin a new file before one grows over this size")
	f.StringVar(&s.interval, "rotate-interval", "", "begin a new file at every multiple of this time (UTC)")
	f.IntVar(&s.keep, "rotate-keep", 0, "keep only so many of the files; 0 is all")
}

// check resolves the flags.
func (s *saveFlags) check() (err error) {
	if s.path == "" {
		if s.size != "" || s.interval != "" || s.keep != 0 {
			return usage("--rotate-size, --rotate-interval and --rotate-keep need --save-pcap")
		}
		return nil
	}
	if s.size != "" {
		size, err := pinyon.ParseSize(s.size)
		if err != nil || size <= 0 {
			return usage("--rotate-size: got %q; want a size such as 100MB", s.size)
		}
		s.bytes = int64(size)
	}
	if s.every, err = parseDuration(s.interval); err != nil {
		return usage("--rotate-interval: %w", err)
	}
	if s.keep < 0 || s.keep > 0 && !s.rotates() {
		return usage("--rotate-keep: got %d; want 0 or more, with --rotate-size or --rotate-interval", s.keep)
	}
	return nil
}

func (s *saveFlags) rotates() bool { return s.bytes > 0 || s.every > 0 }

// A saveFile is where frames go: one file, or one after the other with a number in the name.
// Each appears under its name when it is complete.
type saveFile struct {
	flags   *saveFlags
	ifaces  []string
	links   []uint16
	snaplen int

	target  *sink.Target // nil between files
	writer  capture.FrameWriter
	number  int
	written int64
	until   int64 // when the next file begins, by packet time; ns
	flushed time.Time
	names   []string // of complete files that are kept

	mu   sync.Mutex // held while the file changes; abort comes from another goroutine
	over bool
}

func (s *saveFlags) open(ifaces []string, links []uint16, snaplen int) (*saveFile, error) {
	f := &saveFile{flags: s, ifaces: ifaces, links: links, snaplen: snaplen, flushed: time.Now()}
	if !f.ng() {
		for _, l := range links {
			if l != links[0] {
				return nil, usage("--save-pcap %s: interfaces of several link types need a .pcapng file", s.path)
			}
		}
	}
	return f, f.begin()
}

func (f *saveFile) ng() bool { return strings.EqualFold(filepath.Ext(f.flags.path), ".pcapng") }

// name is the name of the next file.
func (f *saveFile) name() string {
	if !f.flags.rotates() {
		return f.flags.path
	}
	ext := filepath.Ext(f.flags.path)
	return fmt.Sprintf("%s-%05d%s", strings.TrimSuffix(f.flags.path, ext), f.number, ext)
}

func (f *saveFile) begin() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return errAborted
	}
	f.number++
	if f.target, err = create(f.name()); err != nil {
		return err
	}
	if !f.ng() {
		f.writer = pcap.NewWriter(f.target, pcap.WriterOptions{Link: f.links[0], Snaplen: uint32(f.snaplen), Nano: true})
		f.written = 24
		return nil
	}
	w := pcap.NewNGWriter(f.target, pcap.NGOptions{Application: "pinyon " + pinyon.Version})
	f.written = 64
	for i, name := range f.ifaces {
		if _, err := w.AddInterface(pcap.InterfaceOptions{Link: f.links[i], Snaplen: uint32(f.snaplen), Name: name}); err != nil {
			return err
		}
		f.written += int64(44 + len(name))
	}
	f.writer = w
	return nil
}

// recordSize is at least what a record takes beside its bytes.
func (f *saveFile) recordSize(n int) int64 {
	if f.ng() {
		return int64(32 + (n+3)&^3)
	}
	return int64(16 + n)
}

func (f *saveFile) write(p *packet.Frame) error {
	size := f.recordSize(len(p.Data))
	full := f.flags.bytes > 0 && f.written+size > f.flags.bytes && f.writer != nil && f.written > 64
	if full || f.flags.every > 0 && f.until != 0 && p.TS >= f.until {
		if err := f.end(); err != nil {
			return err
		}
	}
	if f.writer == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	if every := int64(f.flags.every); every > 0 && (f.until == 0 || p.TS >= f.until) {
		f.until = (p.TS/every + 1) * every
	}
	f.written += size
	return f.writer.Write(p)
}

// idle is called when no frame comes: what was written leaves, and a file whose time is
// over is finished.
func (f *saveFile) idle() error {
	if f.writer == nil {
		return nil
	}
	if f.flags.every > 0 && f.until != 0 && time.Now().Add(-time.Second).UnixNano() > f.until {
		return f.end()
	}
	if time.Since(f.flushed) < time.Second {
		return nil
	}
	f.flushed = time.Now()
	return f.writer.Flush()
}

// end completes the file at hand and forgets the oldest.
func (f *saveFile) end() error {
	if f.writer == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return errAborted
	}
	err := f.writer.Close()
	f.writer = nil
	if err != nil {
		f.target.Abort()
		return err
	}
	if err := f.target.Commit(); err != nil {
		return err
	}
	f.names = append(f.names, f.name())
	if keep := f.flags.keep; keep > 0 && len(f.names) > keep {
		for _, name := range f.names[:len(f.names)-keep] {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		f.names = slices.Delete(f.names, 0, len(f.names)-keep)
	}
	return nil
}

func (f *saveFile) close() error { return f.end() }

// abort removes the file at hand; nothing is written afterwards. It may be called from any
// goroutine.
func (f *saveFile) abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	if f.target != nil {
		f.target.Abort()
	}
}
