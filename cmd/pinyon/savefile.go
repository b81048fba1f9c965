package main

import (
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/files"
)

// saveFlags say where the frames of a live run go, and when a new file begins.
type saveFlags struct {
	path     string
	rows     packetstore.Options // of a Parquet file
	packets  string
	payload  int
	size     string
	interval string
	keep     int

	bytes int64
	every time.Duration
	out   io.Writer // standard output
}

func (s *saveFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.path, "save-pcap", "", "write every captured frame to this file too: .pcap or .pcapng, nanoseconds kept; - is standard output")
	f.StringVar(&s.packets, "packets", "", "write a row for every captured packet to this Parquet file too")
	f.IntVar(&s.payload, "store-payload", 0, "bytes of payload that a row of --packets keeps")
	f.StringVar(&s.size, "rotate-size", "", "begin a new file before one grows over this size")
	f.StringVar(&s.interval, "rotate-interval", "", "begin a new file at every multiple of this time (UTC)")
	f.IntVar(&s.keep, "rotate-keep", 0, "keep only so many of this run's files; 0 is all, and those of earlier runs always stay")
}

// check resolves the flags.
func (s *saveFlags) check() (err error) {
	if s.path == "" && s.packets == "" && (s.size != "" || s.interval != "" || s.keep != 0) {
		return usage("--rotate-size, --rotate-interval and --rotate-keep need --save-pcap or --packets")
	}
	switch {
	case s.payload < 0:
		return usage("--store-payload: got %d; want 0 or more", s.payload)
	case s.payload > 0 && s.packets == "":
		return usage("--store-payload needs --packets")
	case s.packets != "" && !isRows(s.packets):
		return usage("--packets: got %s; want a name that ends in .parquet", s.packets)
	case isRows(s.path):
		return usage("--save-pcap: got %s; rows are for --packets", s.path)
	case s.packets != "" && s.size != "":
		return usage("--rotate-size: how large a Parquet file becomes is known at its end only; --packets rotates by --rotate-interval")
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
	if s.path != "" && files.Place(s.path) == "-" {
		s.path = "-"
	}
	if s.path == "-" && s.rotates() {
		return usage("--save-pcap -: standard output has no second file")
	}
	for _, path := range []string{s.path, s.packets} {
		if s.rotates() && files.IsSpecial(path) {
			return usage("%s is no regular file, so there is no second one", path)
		}
	}
	if s.keep < 0 || s.keep > 0 && !s.rotates() {
		return usage("--rotate-keep: got %d; want 0 or more, with --rotate-size or --rotate-interval", s.keep)
	}
	return nil
}

// apart checks that frames and rows go to places of their own.
func (s *saveFlags) apart(rows []*sink.Target, from *sink.Provenance) error {
	var p files.Places
	if err := p.AddTargets(rows, from); err != nil {
		return usage("%w", err)
	}
	for _, path := range []string{s.path, s.packets} {
		var err error
		switch {
		case path == "":
		case s.rotates():
			err = p.AddSeries(path)
		default:
			err = p.Add(path)
		}
		if err != nil {
			return usage("%w", err)
		}
	}
	return nil
}

func (s *saveFlags) rotates() bool { return s.bytes > 0 || s.every > 0 }

// A saveFile is where the frames of a live run go: one file, or one after the other with a
// number in the name. Each appears under its name when it is complete.
type saveFile struct {
	flags *saveFlags
	iface func(n uint32) (pcap.Interface, bool)

	mu      sync.Mutex // of file, ending and over; abort comes from another goroutine
	file    *frameFile // nil between files
	ending  *frameFile // that is being completed
	over    bool
	number  int
	written int64 // bytes of frames and their headers
	until   int64 // when the next file begins, by packet time; ns
	flushed time.Time
	passed  int64    // packet time up to which standard output has everything
	names   []string // of complete files that are kept

	ended      chan error // gives what completing ending came to; nil if there is none
	endingName string
}

// open begins the files of a capture.
func (s *saveFlags) open(ifaces []string, links []uint16, snaplen int) (saveFiles, error) {
	var all saveFiles
	if s.path != "" {
		f, err := s.begin(ifaces, links, snaplen)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if s.packets != "" {
		rows := *s
		rows.path = s.packets
		rows.rows = packetstore.Options{Payload: s.payload, Own: ownAddresses()}
		f, err := rows.begin(ifaces, links, snaplen)
		if err != nil {
			all.abort()
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// ownAddresses is whether an address is one that this machine has now.
func ownAddresses() func(netip.Addr) bool {
	own := map[netip.Addr]bool{}
	list, err := netif.List()
	if err != nil {
		return nil
	}
	for _, d := range list {
		for _, a := range d.Addrs {
			own[a.Prefix.Addr()] = true
		}
	}
	return func(a netip.Addr) bool { return own[a] }
}

// saveFiles are the files that frames of a live run go to.
type saveFiles []*saveFile

func (fs saveFiles) write(p *packet.Frame) error {
	for _, f := range fs {
		if err := f.write(p); err != nil {
			return err
		}
	}
	return nil
}

func (fs saveFiles) idle() error {
	for _, f := range fs {
		if err := f.idle(); err != nil {
			return err
		}
	}
	return nil
}

func (fs saveFiles) close() (err error) {
	for _, f := range fs {
		err = errors.Join(err, f.close())
	}
	return err
}

func (fs saveFiles) abort() {
	for _, f := range fs {
		f.abort()
	}
}

// names are those of complete files that are kept.
func (fs saveFiles) names() (all []string) {
	for _, f := range fs {
		if f.flags.path != "-" {
			all = append(all, f.names...)
		}
	}
	return all
}

// begin begins a file, or the first of several.
func (s *saveFlags) begin(ifaces []string, links []uint16, snaplen int) (*saveFile, error) {
	if oneLink(s.path) {
		for _, l := range links {
			if l != links[0] {
				return nil, usage("--save-pcap %s: interfaces of several link types need a .pcapng file", s.path)
			}
		}
	}
	f := &saveFile{flags: s, flushed: time.Now()}
	f.iface = func(n uint32) (pcap.Interface, bool) {
		if int(n) >= len(links) {
			return pcap.Interface{}, false
		}
		return pcap.Interface{Link: links[n], Snaplen: uint32(snaplen), Name: ifaces[n]}, true
	}
	if s.rotates() { // behind the files of earlier runs
		var err error
		if f.number, err = files.SeriesOf(s.path).Last(); err != nil {
			return nil, err
		}
	}
	return f, f.begin()
}

// name is the name of the file at hand.
func (f *saveFile) name() string {
	if !f.flags.rotates() {
		return f.flags.path
	}
	return files.Numbered(f.flags.path, f.number)
}

func (f *saveFile) begin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return sink.ErrAborted
	}
	f.number++
	file, err := createFrameFile(f.name(), f.flags.out)
	if err != nil {
		return err
	}
	file.iface, file.rows = f.iface, f.flags.rows
	f.file, f.written = file, fileHeader
	return nil
}

// What a file takes beside its frames, at most: its own header and a frame's. A pcapng
// interface takes more with a long name.
const (
	fileHeader  = 24
	frameHeader = 16
	ngHeader    = 256
	ngFrame     = 32
)

func (f *saveFile) size(frame *packet.Frame) int64 {
	if isNG(f.flags.path) {
		return int64(ngFrame + (len(frame.Data)+3)&^3)
	}
	return int64(frameHeader + len(frame.Data))
}

func (f *saveFile) write(p *packet.Frame) error {
	size := f.size(p)
	most := f.flags.bytes
	if isNG(f.flags.path) {
		most -= ngHeader
	}
	full := f.flags.bytes > 0 && f.written > fileHeader && f.written+size > most
	if f.file != nil && (full || f.flags.every > 0 && f.until != 0 && p.TS >= f.until) {
		if err := f.end(); err != nil {
			return err
		}
	}
	if f.file == nil {
		if err := f.begin(); err != nil {
			return err
		}
	}
	if every := int64(f.flags.every); every > 0 && (f.until == 0 || p.TS >= f.until) {
		f.until = (p.TS/every + 1) * every
	}
	f.written += size
	if err := f.file.write(p, 0); err != nil || f.flags.path != "-" {
		return err
	}
	if d := p.TS - f.passed; d > int64(passEvery) || d < 0 {
		f.passed = p.TS
		return f.file.flush()
	}
	return nil
}

// passEvery is how long whoever reads standard output waits for a frame while others come.
const passEvery = 100 * time.Millisecond

// idle is called when no frame comes: what was written leaves, and a file whose time is
// over is finished.
func (f *saveFile) idle() error {
	if f.file == nil {
		return nil
	}
	if f.flags.every > 0 && f.until != 0 && time.Now().Add(-time.Second).UnixNano() > f.until {
		return f.end()
	}
	if f.flags.path != "-" && time.Since(f.flushed) < time.Second {
		return nil
	}
	f.flushed = time.Now()
	return f.file.flush()
}

// end completes the file at hand. Rows take a while to encode, which the capture does not wait
// for: what went wrong is told when the next one ends.
func (f *saveFile) end() error {
	if f.file == nil {
		return nil
	}
	if err := f.settle(); err != nil {
		f.abort()
		return err
	}
	file, done := f.file, make(chan error, 1)
	f.mu.Lock()
	f.file, f.ending = nil, file
	f.mu.Unlock()
	f.ended, f.endingName = done, f.name()
	if isRows(f.flags.path) {
		go func() { done <- file.close() }()
		return nil
	}
	done <- file.close()
	return f.settle()
}

// settle waits for the file that is being completed, and forgets the oldest.
func (f *saveFile) settle() error {
	if f.ended == nil {
		return nil
	}
	err := <-f.ended
	f.ended = nil
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.ending = nil
	f.mu.Unlock()
	f.names = append(f.names, f.endingName)
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

func (f *saveFile) close() error { return errors.Join(f.end(), f.settle()) }

// abort removes the file at hand; nothing is written afterwards. It may be called from any
// goroutine.
func (f *saveFile) abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for _, file := range []*frameFile{f.file, f.ending} {
		if file != nil {
			file.abort()
		}
	}
}
