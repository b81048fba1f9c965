package main

import (
	"io"
	"path/filepath"
	"strings"
	"sync"

	"pinyon"
	"pinyon/capture"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/files"
)

// A frameFile is where frames go: pcapng or rows of a Parquet file if its name says so,
// otherwise pcap, with nanoseconds. It appears under its name when it is complete.
type frameFile struct {
	path string
	rows packetstore.Options // of a Parquet file
	// iface tells of an interface of the input; ok is false of one that is not known (yet).
	iface func(n uint32) (i pcap.Interface, ok bool)

	target *files.File // nil: standard output
	out    io.Writer
	writer capture.FrameWriter // nil until the first frame
	ng     *pcap.NGWriter      // the writer, if it is one
	ids    map[ifaceKey]uint32 // of interfaces declared
	single uint16              // link type of a pcap file

	mu   sync.Mutex // held while the target ends; abort comes from another goroutine
	over bool
}

// ifaceKey tells interfaces of an input apart.
type ifaceKey struct {
	section int
	iface   uint32
	link    uint16
}

func createFrameFile(path string, stdout io.Writer) (*frameFile, error) {
	f := &frameFile{path: path, out: stdout, ids: map[ifaceKey]uint32{}}
	if path == "-" {
		return f, nil
	}
	var err error
	if f.target, err = files.Create(path); err != nil {
		return nil, err
	}
	f.out = f.target
	return f, nil
}

// isNG reports whether a name asks for pcapng.
func isNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".pcapng") }

// isRows reports whether a name asks for rows.
func isRows(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

// oneLink reports whether a file of that name has room for one link type only.
func oneLink(path string) bool { return !isNG(path) && !isRows(path) }

// begin makes the writer for a file whose first frame is of a link type and interface.
func (f *frameFile) begin(link uint16, n uint32) (err error) {
	switch {
	case isNG(f.path):
		f.ng = pcap.NewNGWriter(f.out, pcap.NGOptions{Application: "pinyon " + pinyon.Version})
		f.writer = f.ng
	case isRows(f.path):
		f.rows.Interface = func(n uint32) string { i, _ := f.iface(n); return i.Name }
		f.writer, err = packetstore.NewWriter(f.out, &f.rows)
	default:
		f.single = link
		i, _ := f.iface(n)
		f.writer = pcap.NewWriter(f.out, pcap.WriterOptions{Link: link, Snaplen: i.Snaplen, Nano: true})
	}
	return err
}

// declare adds an interface of the input to a pcapng file, unless it is there.
func (f *frameFile) declare(key ifaceKey) (uint32, error) {
	id, ok := f.ids[key]
	if ok {
		return id, nil
	}
	i, _ := f.iface(key.iface)
	n, err := f.ng.AddInterface(pcap.InterfaceOptions{Link: key.link, Snaplen: i.Snaplen, Name: i.Name})
	if err != nil {
		return 0, err
	}
	f.ids[key] = uint32(n)
	return uint32(n), nil
}

// write appends a frame of a section of the input; 0 where there are none.
func (f *frameFile) write(frame *packet.Frame, section int) error {
	if f.writer == nil {
		if err := f.begin(frame.Link, frame.Iface); err != nil {
			return err
		}
	}
	if f.ng == nil {
		if frame.Link != f.single && oneLink(f.path) {
			return usage("-w %s: frames of types %s and %s need a .pcapng or .parquet file", f.path, linkName(f.single), linkName(frame.Link))
		}
		return f.writer.Write(frame)
	}
	id, err := f.declare(ifaceKey{section, frame.Iface, frame.Link})
	if err != nil {
		return err
	}
	was := frame.Iface
	frame.Iface = id
	err = f.ng.Write(frame)
	frame.Iface = was
	return err
}

func (f *frameFile) flush() error {
	if f.writer == nil {
		return nil
	}
	return f.writer.Flush()
}

// close completes the file.
func (f *frameFile) close() error {
	if f.writer == nil { // no frame has come: the file says what it could have held
		i, ok := f.iface(0)
		err := f.begin(i.Link, 0)
		if err == nil && ok && f.ng != nil {
			_, err = f.declare(ifaceKey{link: i.Link})
		}
		if err != nil {
			return err
		}
	}
	err := f.writer.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.over:
		return sink.ErrAborted
	case f.target == nil:
		return err
	case err != nil:
		f.target.Abort()
		return err
	}
	f.over = true
	return f.target.Commit()
}

// abort removes what was written, if the file is not complete. It may be called from any
// goroutine.
func (f *frameFile) abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over && f.target != nil {
		f.target.Abort()
	}
	f.over = true
}
