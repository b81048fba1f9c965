// Package savefile writes frames to files: pcap and pcapng, with nanoseconds, and rows of
// Parquet (package packetstore), by the file's name. A File is one of them, a Series one after
// the other; each appears under its name when it is complete. Output makes the output of a
// session.Capture.
package savefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinyon/capture/session"
	"pinyon/internal/version"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/files"
)

// Application is what pcapng files say wrote them.
const Application = "pinyon " + version.Number

// Options say what a file tells and keeps. The zero value works for frames of one interface.
type Options struct {
	// Interface tells of an interface of the input; ok is false of one that is not known
	// (yet). nil knows none.
	Interface func(n uint32) (i pcap.Interface, ok bool)
	// Rows are those of a Parquet file, the name of the interface apart.
	Rows packetstore.Options
	// Stdout is what the name "-" stands for; nil is the process's standard output.
	Stdout io.Writer
	// Ending is closed when the run is to end: whoever does not read a pipe then is not waited
	// for any longer. nil is never.
	Ending <-chan struct{}
	// Failed is told of every error of a Series, and under which name what is complete of
	// the file stays; "" if nothing does. nil is not told.
	Failed func(path, kept string, err error)
}

func (o *Options) iface(n uint32) (i pcap.Interface, ok bool) {
	if o.Interface == nil {
		return pcap.Interface{}, false
	}
	return o.Interface(n)
}

// A File is where frames go: pcapng or rows of a Parquet file if its name says so, otherwise
// pcap. It appears under its name when it is complete. One goroutine at a time writes; Abort
// may come from any.
type File struct {
	path string
	o    Options

	target *files.File // nil: standard output
	out    io.Writer
	writer session.FrameWriter // nil until the first frame
	ng     *pcap.NGWriter      // the writer, if it is one
	ids    map[Interface]uint32
	single uint16 // link type of a pcap file
	frames uint64 // written without an error
	passed uint64 // of them, handed on by Flush
	failed bool
	began  time.Time
	stored atomic.Int64 // bytes written to the target

	mu   sync.Mutex // held while the target ends
	over bool
}

// Interface tells interfaces of an input apart.
type Interface struct {
	Section int // of a pcapng file, from 0; 0 where there are none
	Number  uint32
	Link    uint16
}

// A LinkError says that a pcap file, which has room for one link type, was to hold two.
type LinkError struct {
	Path        string
	First, Next uint16
}

// Error names the link types.
func (e *LinkError) Error() string {
	return fmt.Sprintf("%s: frames of types %s and %s need a .pcapng or .parquet file", e.Path, linkName(e.First), linkName(e.Next))
}

func linkName(l uint16) string {
	if name := packet.LinkName(l); name != "" {
		return name
	}
	return "unknown"
}

// Create makes a file; "-" is standard output. What it is a file of is known with its first
// frame.
func Create(path string, o *Options) (*File, error) {
	return create(path, o, o.create())
}

// create makes files that are not of a series.
func (o *Options) create() func(path string) (*files.File, error) {
	if o == nil {
		return files.Create
	}
	return func(path string) (*files.File, error) { return files.CreateUntil(o.Ending, path) }
}

func create(path string, o *Options, open func(path string) (*files.File, error)) (*File, error) {
	f := &File{path: path, ids: map[Interface]uint32{}}
	if o != nil {
		f.o = *o
	}
	if f.out = f.o.Stdout; f.out == nil {
		f.out = os.Stdout
	}
	if path == "-" {
		f.out = files.Patient(f.out, f.o.Ending)
		return f, nil
	}
	var err error
	if f.target, err = open(path); err != nil {
		return nil, err
	}
	f.out = counted{f.target, &f.stored}
	return f, nil
}

// counted counts what is written.
type counted struct {
	io.Writer
	n *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// IsNG reports whether a name asks for pcapng.
func IsNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".pcapng") }

// IsRows reports whether a name asks for rows.
func IsRows(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

// CheckName refuses a name whose extension means something that no frames are written as. Names
// that say nothing (sink.Neutral), and those that captures go by, are pcap files.
func CheckName(path string) error {
	if IsNG(path) || IsRows(path) || sink.Neutral(path) {
		return nil
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".pcap", ".cap", ".dmp", ".dump", ".trace":
		return nil
	default:
		return fmt.Errorf("%s: frames are not written as %s; want a name that ends in .pcap, .pcapng or .parquet", path, ext)
	}
}

// OneLink reports whether a file of that name has room for one link type only.
func OneLink(path string) bool { return !IsNG(path) && !IsRows(path) }

// begin makes the writer for a file whose first frame is of a link type and interface.
func (f *File) begin(link uint16, n uint32) (err error) {
	switch {
	case IsNG(f.path):
		f.ng = pcap.NewNGWriter(f.out, pcap.NGOptions{Application: Application})
		f.writer = f.ng
	case IsRows(f.path):
		rows := f.o.Rows
		rows.Interface = func(n uint32) string { i, _ := f.o.iface(n); return i.Name }
		w, err := packetstore.NewWriter(f.out, &rows)
		if err != nil {
			return err
		}
		f.writer = w
	default:
		f.single = link
		i, _ := f.o.iface(n)
		f.writer = pcap.NewWriter(f.out, pcap.WriterOptions{Link: link, Snaplen: i.Snaplen, Nano: true})
	}
	return nil
}

// declare adds an interface of the input to a pcapng file, unless it is there.
func (f *File) declare(key Interface) (uint32, error) {
	id, ok := f.ids[key]
	if ok {
		return id, nil
	}
	i, _ := f.o.iface(key.Number)
	n, err := f.ng.AddInterface(pcap.InterfaceOptions{Link: key.Link, Snaplen: i.Snaplen, Name: i.Name})
	if err != nil {
		return 0, err
	}
	f.ids[key] = uint32(n)
	return uint32(n), nil
}

// Write appends a frame.
func (f *File) Write(frame *packet.Frame) error { return f.WriteFrom(frame, 0) }

// WriteFrom appends a frame of a section of the input, whose interfaces are its own.
func (f *File) WriteFrom(frame *packet.Frame, section int) error {
	err := f.write(frame, section)
	if f.failed = f.failed || err != nil; !f.failed {
		f.frames++
	}
	return err
}

func (f *File) write(frame *packet.Frame, section int) error {
	if f.writer == nil {
		if err := f.begin(frame.Link, frame.Iface); err != nil {
			return err
		}
	}
	if f.ng == nil {
		if frame.Link != f.single && OneLink(f.path) {
			return &LinkError{f.path, f.single, frame.Link}
		}
		return f.writer.Write(frame)
	}
	id, err := f.declare(Interface{section, frame.Iface, frame.Link})
	if err != nil {
		return err
	}
	was := frame.Iface
	frame.Iface = id
	err = f.ng.Write(frame)
	frame.Iface = was
	return err
}

// Flush hands on what was written.
func (f *File) Flush() error {
	if f.writer == nil {
		return nil
	}
	err := f.writer.Flush()
	if f.failed = f.failed || err != nil; !f.failed {
		f.passed = f.frames
	}
	return err
}

// Close completes the file and gives it its name. After an error of Write or Flush there is
// no file.
func (f *File) Close() error {
	return f.close(func(to *files.File) error { return to.Commit() })
}

func (f *File) close(commit func(*files.File) error) error {
	err := f.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.over:
		return sink.ErrAborted
	case f.target == nil:
		return err
	case err != nil || f.failed:
		f.over = true
		return errors.Join(err, f.target.Abort())
	}
	f.over = true
	return commit(f.target)
}

// end writes what ends the format.
func (f *File) end() error {
	if f.writer != nil {
		return f.writer.Close()
	}
	// No frame has come: the file says what it could have held.
	i, ok := f.o.iface(0)
	err := f.begin(i.Link, 0)
	if err == nil && ok && f.ng != nil {
		_, err = f.declare(Interface{Link: i.Link})
	}
	if err != nil {
		return err
	}
	return f.writer.Close()
}

// Abort removes what was written, if the file is not complete. It may be called from any
// goroutine.
func (f *File) Abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over && f.target != nil {
		f.target.Abort()
	}
	f.over = true
}
