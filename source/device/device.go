// Package device has the devices of this machine as sources. Package capture opens them.
package device

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"pinyon/capture"
	"pinyon/source"
)

// option is a setting of a device, as a URL's query has it.
type option struct {
	source.Option
	set func(o *capture.Options, value string) error
}

var options = []option{
	{source.Option{Name: "count", Doc: "end after so many packets"}, number(func(o *capture.Options, n int) { o.Count = uint64(n) })},
	{source.Option{Name: "duration", Doc: "end after so long: 90s, 5m, 2h"}, func(o *capture.Options, v string) (err error) {
		o.Duration, err = time.ParseDuration(v)
		return err
	}},
	{source.Option{Name: "snaplen", Doc: "bytes of a packet that are kept"}, number(func(o *capture.Options, n int) { o.Snaplen = n })},
	{source.Option{Name: "buffer_size", Doc: "bytes of the ring in the kernel"}, number(func(o *capture.Options, n int) { o.BufferSize = n })},
	{source.Option{Name: "promisc", Doc: "whether packets for other hosts are taken too"}, func(o *capture.Options, v string) error {
		on, err := strconv.ParseBool(v)
		o.NoPromisc = !on
		return err
	}},
}

func number(set func(*capture.Options, int)) func(*capture.Options, string) error {
	return func(o *capture.Options, v string) error {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return fmt.Errorf("got %q; want a number", v)
		}
		set(o, int(n))
		return nil
	}
}

// Device is one device, several with commas, or the most useful one without a name:
// device://eth0?duration=60s.
var Device = &source.Descriptor{
	Name: "device", Schemes: []string{"device"}, Doc: "Packets of interfaces of this machine.",
	Options: listed(),
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

func listed() []source.Option {
	list := make([]source.Option, len(options))
	for i := range options {
		list[i] = options[i].Option
	}
	return list
}

// settings are the options of a target.
func settings(to *source.Target, run *source.Run) (capture.Options, error) {
	o := capture.Options{Filter: run.Filter}
	if to.Path != "" {
		o.Interfaces = strings.Split(to.Path, ",")
	}
	for i := range options {
		if values, ok := to.Query[options[i].Name]; ok {
			if err := options[i].set(&o, values[len(values)-1]); err != nil {
				return o, fmt.Errorf("device://%s: %s: %w", to.Path, options[i].Name, err)
			}
		}
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
