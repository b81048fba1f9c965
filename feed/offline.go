package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
)

// An Offline feed reads a capture file: pcap or pcapng, plain or compressed.
type Offline struct {
	common
	file    *pcap.Reader
	path    string
	expr    string
	o       filter.Options
	filters []linkFilter
	closed  bool
	cleanup runtime.Cleanup

	// The first frame, read ahead where only that makes the interfaces of a pcapng file known.
	ahead    bool
	first    packet.Frame
	firstErr error
}

// linkFilter is the filter for one link type. Interfaces of a pcapng file may differ in
// theirs; the program for one is compiled when its first packet comes.
type linkFilter struct {
	link uint16
	prog *filter.Program // nil takes everything
	err  error           // nothing passes; errors.Is filter.ErrRejectsAll or it ends reading
}

var _ Feed = (*Offline)(nil)

// OpenOffline opens a file; "-" is standard input.
func OpenOffline(path string, opts ...Option) (*Offline, error) {
	all := gather(opts)
	r, err := pcap.Open(path)
	if err != nil {
		return nil, err
	}
	f := &Offline{file: r, path: path}
	f.o.Resolver = all.device.Resolver
	f.init(f, &all)
	if _, ok := r.Interface(0); !ok {
		f.firstErr = r.Next(&f.first)
		f.ahead = true
	}
	var fo []FilterOption
	if all.device.NoOptimize {
		fo = append(fo, NoOptimize)
	}
	if err := f.Filter(all.device.Filter, fo...); err != nil {
		r.Close()
		return nil, err
	}
	f.cleanup = runtime.AddCleanup(f, forgotten, &abandoned{name: path, closes: r.Close})
	return f, nil
}

// exists reports whether there is a file of that name, whoever may read it.
func exists(path string) bool {
	if path == "-" {
		return true
	}
	_, err := os.Stat(path)
	return err == nil || errors.Is(err, fs.ErrPermission)
}

func (f *Offline) read(to *packet.Frame, _ bool) error {
	if f.closed {
		return ErrClosed
	}
	for {
		if err := f.next(to); err != nil {
			runtime.KeepAlive(f)
			return err
		}
		ok, err := f.takes(to)
		if ok || err != nil {
			runtime.KeepAlive(f)
			return err
		}
	}
}

func (f *Offline) next(to *packet.Frame) error {
	if !f.ahead {
		return f.file.Next(to)
	}
	f.ahead = false
	*to, f.first = f.first, packet.Frame{}
	return f.firstErr
}

// takes runs the filter in this process.
func (f *Offline) takes(frame *packet.Frame) (bool, error) {
	for i := range f.filters {
		if p := &f.filters[i]; p.link == frame.Link {
			return p.takes(frame)
		}
	}
	f.filters = append(f.filters, f.compile(f.expr, frame.Link))
	return f.filters[len(f.filters)-1].takes(frame)
}

func (p *linkFilter) takes(frame *packet.Frame) (bool, error) {
	switch {
	case p.err != nil && !errors.Is(p.err, filter.ErrRejectsAll):
		return false, p.err
	case p.err != nil:
		return false, nil
	}
	return p.prog == nil || p.prog.MatchFrame(frame), nil
}

func (f *Offline) compile(expr string, link uint16) linkFilter {
	if expr == "" {
		return linkFilter{link: link} // for link types that the compiler does not know as well
	}
	p, err := filter.Compile(expr, link, &f.o)
	if err != nil {
		err = fmt.Errorf("feed: %s: link type %v: %w", f.path, LinkType(link), err)
	}
	return linkFilter{link: link, prog: p, err: err}
}

// buffered: a file is one buffer.
func (f *Offline) buffered() int { return int(^uint(0) >> 1) }

// until: reading a file does not wait.
func (f *Offline) until(context.Context) {}

// Source: see Feed.
func (f *Offline) Source() source.Source {
	return &rest{c: &f.common, ready: f.file.Ready, stats: f.statsWith, close: f.Close}
}

// statsWith are those of a rest, with the oddities of the file.
func (f *Offline) statsWith(rest source.Stats) source.Stats {
	records := rest.Counts.Records
	rest.Counts, rest.Since = f.Counts(), f.file.Stats().Since
	rest.Counts.Records = records
	return rest
}

// Counts are the oddities of the file met so far.
func (f *Offline) Counts() source.Counts { return f.file.Counts() }

// Inject is ErrUnsupported.
func (f *Offline) Inject([]byte) error { return f.cannot("inject") }

func (f *Offline) cannot(what string) error {
	return fmt.Errorf("feed: %s: %s: %w for a file", f.path, what, ErrUnsupported)
}

// Name is the file's path.
func (f *Offline) Name() string { return f.path }

// iface is the first interface. A pcapng file without packets may have none.
func (f *Offline) iface() pcap.Interface {
	if first, ok := f.file.Interface(0); ok {
		return first
	}
	return pcap.Interface{Resolution: pcap.Microseconds}
}

// LinkType is that of the file, or of a pcapng file's first interface; NULL if it has none.
// Frames carry their own.
func (f *Offline) LinkType() LinkType { return LinkType(f.iface().Link) }

// HeaderLen is that of LinkType.
func (f *Offline) HeaderLen() int { return f.LinkType().HeaderLen() }

// Snaplen is what the file says of its packets; a file that says no limit has
// capture.DefaultSnaplen, as with libpcap. Longer packets are handed out whole.
func (f *Offline) Snaplen() int {
	if n := f.iface().Snaplen; n != 0 && n <= 1<<31-1 {
		return int(n)
	}
	return capture.DefaultSnaplen
}

// Resolution of the first interface's times, as they are in the file. Packet.TS is in
// nanoseconds whatever it is.
func (f *Offline) Resolution() pcap.Resolution { return f.iface().Resolution }

// FD is the file's descriptor; -1 after Close.
func (f *Offline) FD() int { return f.file.FD() }

// Filter: see Feed. The program runs in this process, on the frame as it is in the file.
// What it needs of a device, such as the direction, is an error.
func (f *Offline) Filter(expr string, opts ...FilterOption) error {
	if f.closed {
		return ErrClosed
	}
	was := f.o.NoOptimize
	f.o.NoOptimize = noOptimize(opts)
	p := f.compile(expr, uint16(f.LinkType()))
	if p.err != nil {
		f.o.NoOptimize = was
		return p.err
	}
	f.expr, f.filters = expr, append(f.filters[:0], p)
	return nil
}

// FilterExpr is the filter in force.
func (f *Offline) FilterExpr() string { return f.expr }

// SetDirection is ErrUnsupported but for InOut: files do not tell.
func (f *Offline) SetDirection(d capture.Direction) error {
	if d == InOut {
		return nil
	}
	return f.cannot("direction")
}

// SetNonblock is ErrUnsupported but for false: reading a file waits for no packet.
func (f *Offline) SetNonblock(on bool) error {
	if !on {
		return nil
	}
	return f.cannot("nonblock")
}

// Nonblock is false.
func (f *Offline) Nonblock() bool { return false }

// Close: see Feed.
func (f *Offline) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.cleanup.Stop()
	return f.file.Close()
}
