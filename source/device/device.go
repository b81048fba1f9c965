// Package device has the devices of this machine as sources. Package capture opens them.
package device

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"pinyon/capture"
	"pinyon/source"
)

// Options are the settings of a device, each of which has its place in capture.Options.
var Options = []source.Option{
	source.Number("count", "end after so many packets; 0 is never", 0, math.MaxInt64, func(o *capture.Options) *uint64 { return &o.Count }),
	source.Duration("duration", "end after so long: 90s, 5m, 2h", func(o *capture.Options) *time.Duration { return &o.Duration }),
	source.Number("snaplen", "bytes of a packet that are kept", 1, math.MaxInt32, func(o *capture.Options) *int { return &o.Snaplen }),
	source.Number("buffer_size", "bytes of the ring in the kernel", capture.MinBufferSize, math.MaxInt32, func(o *capture.Options) *int { return &o.BufferSize }),
	source.Switch("promisc", "whether packets for other hosts are taken too", func(o *capture.Options, on bool) { o.NoPromisc = !on }),
	source.Switch("immediate", "whether packets are taken as they come instead of in blocks", func(o *capture.Options, on bool) { o.Immediate = on }),
	source.Switch("monitor", "whether 802.11 frames are wanted, of radio devices in monitor mode", func(o *capture.Options, on bool) { o.Monitor = on }),
	source.Number("rings", "rings that share a device's packets", 1, capture.MaxRings, func(o *capture.Options) *int { return &o.Rings }),
	source.Word("direction", "which packets are taken", []string{"inout", "in", "out"},
		[]capture.Direction{capture.InOut, capture.In, capture.Out}, func(o *capture.Options) *capture.Direction { return &o.Direction }),
}

// Device is one device, several with commas, or the most useful one without a name:
// device://eth0?duration=60s.
var Device = &source.Descriptor{
	Name: "device", Schemes: []string{"device"}, Doc: "Packets of interfaces of this machine.",
	Options: Options,
	Input: func(to *source.Target, run *source.Run) (source.Input, error) {
		o, err := settings(to, run)
		if err != nil {
			return source.Input{}, err
		}
		d, err := capture.Open(o)
		if err != nil {
			return source.Input{}, err
		}
		in := Input(d)
		if run.Stop != nil {
			in.Open = func() (source.Source, error) { return stopping(d, run.Stop), nil }
		}
		return in, nil
	},
}

// settings are the options of a target.
func settings(to *source.Target, run *source.Run) (capture.Options, error) {
	o := capture.Options{Filter: run.Filter}
	if to.Path != "" {
		o.Interfaces = strings.Split(to.Path, ",")
	}
	if err := source.SetAll(Options, &o, to.Query); err != nil {
		return o, fmt.Errorf("device://%s: %w", to.Path, err)
	}
	return o, nil
}

// Input is an open capture as an input, whose source is the Device itself: the run closes it,
// and its Stats stay.
func Input(d *capture.Device) source.Input {
	in := source.Input{Name: d.Name(), Live: true, Open: func() (source.Source, error) { return d, nil }, Close: d.Close}
	if names := d.Interfaces(); len(names) > 1 {
		in.Interfaces = names
	}
	return in
}

// stoppable is a device that ends when its run is to.
type stoppable struct {
	*capture.Device
	once   sync.Once
	closed chan struct{}
}

func stopping(d *capture.Device, stop <-chan struct{}) *stoppable {
	s := &stoppable{Device: d, closed: make(chan struct{})}
	go func() {
		select {
		case <-stop:
			d.Stop()
		case <-s.closed:
		}
	}()
	return s
}

func (s *stoppable) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Device.Close()
}
