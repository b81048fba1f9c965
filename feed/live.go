package feed

import (
	"context"
	"log/slog"
	"runtime"

	"pinyon/capture"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
)

// A Live feed reads a device.
type Live struct {
	common
	dev     *capture.Device
	sender  *sender
	cleanup runtime.Cleanup
}

var _ Feed = (*Live)(nil)

// OpenLive opens a device, or several joined by time if o has Interfaces and name is empty.
// The empty name without them is the most useful device. nil options are the zero value.
func OpenLive(name string, o *capture.Options, opts ...Option) (*Live, error) {
	all := gather(opts)
	if o != nil {
		all.device = *o
	}
	if name != "" {
		all.device.Interface, all.device.Interfaces = name, nil
	}
	d, err := capture.Open(all.device)
	if err != nil {
		return nil, err
	}
	f := &Live{dev: d, sender: newSender(d)}
	f.init(f, &all)
	f.cleanup = runtime.AddCleanup(f, forgotten, &abandoned{d.Name(), d.Close, f.sender.close})
	return f, nil
}

// abandoned is what is left of a feed that nothing refers to.
type abandoned struct {
	name   string
	closes func() error
	sender func() error
}

func forgotten(a *abandoned) {
	slog.Warn("feed was not closed", "name", a.name)
	a.closes()
	if a.sender != nil {
		a.sender()
	}
}

func (f *Live) read(to *packet.Frame, now bool) (err error) {
	if now {
		err = f.dev.NextNow(to)
	} else {
		err = f.dev.Next(to)
	}
	runtime.KeepAlive(f) // or its cleanup may close the device under Next
	return err
}

func (f *Live) buffered() int { return f.dev.Buffered() }

func (f *Live) until(ctx context.Context) { f.dev.Until(ctx) }

// Source: see Feed.
func (f *Live) Source() source.Source {
	return &rest{c: &f.common, ready: f.dev.Ready, stats: f.statsWith, close: f.Close}
}

// Inject sends a frame, from its link header on, on the device: no shorter than that header
// and no longer than the device's MTU behind it, which is ErrFrameSize; a VLAN tag of
// EtherType 8100 may come on top. It may be seen by this feed, as a packet sent. Joined
// devices and "any" send nothing.
func (f *Live) Inject(frame []byte) error {
	err := f.sender.send(frame)
	runtime.KeepAlive(f)
	return err
}

// Name is the device's name, or those of several with commas.
func (f *Live) Name() string { return f.dev.Name() }

// LinkType of the device, of several that of the first. Frames carry their own.
func (f *Live) LinkType() LinkType { return LinkType(f.dev.LinkTypes()[0]) }

// HeaderLen is that of LinkType.
func (f *Live) HeaderLen() int { return f.LinkType().HeaderLen() }

// Snaplen is how many bytes of a packet are kept.
func (f *Live) Snaplen() int { return f.dev.Snaplen() }

// Resolution is nanoseconds.
func (f *Live) Resolution() pcap.Resolution { return pcap.Nanoseconds }

// FD is readable when packets are there; -1 of several rings. It is the feed's: only wait
// for it, and read the feed empty (ErrWouldBlock) before the next wait.
func (f *Live) FD() int { return f.dev.FD() }

// Filter: see Feed. Packets that the old filter let in are dropped and counted.
func (f *Live) Filter(expr string, opts ...FilterOption) error {
	f.dev.SetNoOptimize(noOptimize(opts))
	err := f.dev.SetFilter(expr)
	runtime.KeepAlive(f)
	return err
}

// FilterExpr is the filter in force.
func (f *Live) FilterExpr() string { return f.dev.FilterExpr() }

// SetDirection says whether packets received, sent or both are wanted from now on.
func (f *Live) SetDirection(d capture.Direction) error {
	err := f.dev.SetDirection(d)
	runtime.KeepAlive(f)
	return err
}

// SetNonblock: see Feed. There is no error.
func (f *Live) SetNonblock(on bool) error {
	f.dev.SetNonblock(on)
	runtime.KeepAlive(f)
	return nil
}

// Nonblock is what SetNonblock said last.
func (f *Live) Nonblock() bool { return f.dev.Nonblock() }

// Stats are the sums since the feed was opened; after Close they stay.
func (f *Live) Stats() source.Stats {
	s := f.dev.Stats()
	runtime.KeepAlive(f)
	return s
}

// statsWith are those of the device, with the records of a rest.
func (f *Live) statsWith(rest source.Stats) source.Stats {
	s := f.Stats()
	s.Counts = rest.Counts
	return s
}

// Close: see Feed.
func (f *Live) Close() error {
	f.cleanup.Stop()
	f.sender.close()
	err := f.dev.Close()
	runtime.KeepAlive(f)
	return err
}
