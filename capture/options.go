package capture

import (
	"fmt"
	"time"

	"pinyon/filter"
)

// Defaults of Options.
const (
	DefaultSnaplen     = 262144  // bytes: what libpcap takes at most; super-frames of offloading fit
	DefaultBufferSize  = 8 << 20 // bytes of ring a device
	MinBufferSize      = 64 << 10
	DefaultReadTimeout = time.Second
	MaxRings           = 64
)

// Any is the name of all devices together. Their frames are LINUX_SLL2.
const Any = "any"

// A Direction says which packets of a device are wanted.
type Direction uint8

// In are packets received, Out those sent by this machine.
const (
	InOut Direction = iota
	In
	Out
)

// Options say what is captured. The zero value captures everything from the most useful
// device.
type Options struct {
	// Interface is the device's name, or Any; empty is the most useful one, which
	// Interfaces tells once the capture is open.
	Interface string
	// Interfaces are several devices, joined in order of time; with some, Interface is not
	// looked at.
	Interfaces []string
	// Filter in the language of pcap-filter(7), see package filter; empty takes all.
	Filter     string
	Resolver   filter.Resolver // of names in Filter; nil refuses them
	NoOptimize bool            // leave the filter's program as it comes
	Direction  Direction

	// Count ends the capture after so many packets, Duration after that time; 0 is never.
	Count    uint64
	Duration time.Duration

	NoPromisc bool
	// Monitor wants the frames of radio devices as they were in the air, IEEE 802.11 with what
	// the radio says of them. A device has to be in monitor mode; of one that is not, or is
	// no radio device, the error tells what to do.
	Monitor bool
	// Snaplen is how many bytes of a packet are kept; 0 is DefaultSnaplen.
	Snaplen int
	// BufferSize of the kernel's ring in bytes, for each device; 0 is DefaultBufferSize. It
	// is rounded up to blocks. All rings together may take MostBuffers.
	BufferSize int
	// Immediate has packets delivered within a millisecond, a block each at low rates;
	// otherwise they may wait for company up to retire.
	Immediate bool
	// ReadTimeout is how long Next waits for a packet before it returns ErrTimeout; 0 is
	// DefaultReadTimeout.
	ReadTimeout time.Duration
	// Rings is how many rings share the packets of each device by flow; 0 and 1 are one.
	Rings int
	// Backend is what reads the devices: BackendSystem or BackendLibpcap.
	Backend string
}

// retire is how long the kernel keeps a block that is not full. Longer fills blocks better
// and so makes the ring last; it is also how late a packet may come.
const retire = 30 * time.Millisecond

func (o *Options) retire() time.Duration {
	if o.Immediate {
		return time.Millisecond
	}
	return retire
}

// Check says what is wrong with o, with the devices that it names, or with its filter for one of
// them. It opens nothing.
func (o Options) Check() error {
	o, err := o.WithDefaults()
	if err != nil {
		return wrap("open", err)
	}
	links, err := find(&o)
	if err != nil {
		return wrap("open", err)
	}
	for _, l := range links {
		if _, err := compile(o.Filter, l, &o); err != nil {
			return wrap("filter", err)
		}
	}
	return nil
}

// WithDefaults is o with zero values filled in, or what is wrong with it; Interfaces has the
// names that were given.
func (o Options) WithDefaults() (Options, error) {
	for _, v := range []struct {
		name string
		n    int64
	}{{"snaplen", int64(o.Snaplen)}, {"buffer size", int64(o.BufferSize)}, {"duration", int64(o.Duration)}, {"read timeout", int64(o.ReadTimeout)}, {"rings", int64(o.Rings)}} {
		if v.n < 0 {
			return o, fmt.Errorf("%s %d is negative", v.name, v.n)
		}
	}
	if o.Snaplen == 0 || o.Snaplen > DefaultSnaplen {
		o.Snaplen = DefaultSnaplen
	}
	if o.BufferSize == 0 {
		o.BufferSize = DefaultBufferSize
	}
	if o.BufferSize < MinBufferSize {
		return o, fmt.Errorf("buffer size %d; want %d bytes or more", o.BufferSize, MinBufferSize)
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = DefaultReadTimeout
	}
	o.Rings = max(o.Rings, 1)
	if o.Rings > MaxRings {
		return o, fmt.Errorf("%d rings; want %d at most", o.Rings, MaxRings)
	}
	if err := checkBackend(&o); err != nil {
		return o, err
	}
	if len(o.Interfaces) == 0 {
		o.Interfaces = []string{o.Interface}
	}
	if rings := o.Rings * len(o.Interfaces); int64(o.BufferSize) > MostBuffers()/int64(rings) {
		return o, fmt.Errorf("%d rings with a buffer of %d bytes each; want %d bytes together at most", rings, o.BufferSize, MostBuffers())
	}
	return o, nil
}
