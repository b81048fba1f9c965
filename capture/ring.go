package capture

import (
	"sync/atomic"

	"pinyon/filter"
	"pinyon/packet"
)

// A ring is where one system keeps packets of a device until they are read. Next is for
// the reader's goroutine and does not wait; attach and counts are for any.
type ring interface {
	Next(f *packet.Frame) bool
	// Buffered is how many packets are left of the block at hand, Ready whether Next has
	// one and Lent is false; for the reader as well.
	Buffered() int
	Ready() bool
	// Lent reports whether what is held should come back before Next goes on.
	Lent() bool
	Attach(prog []filter.Instruction) error
	// Counts are packets that passed the filter, of them those dropped for want of room,
	// and how often there was none, all since the ring was opened.
	Sums() (received, dropped, freezes uint64, err error)
	// Err is nil, ErrDown, which packets may follow, or an error that ends the ring.
	Err() error
	FD() int
	Close() error
}

// A failer is a ring whose errors are not to be seen at its descriptor.
type failer interface{ Failed() bool }

// A link is a device as a capture sees it.
type link struct {
	name      string
	index     int    // 0 is all devices
	link      uint16 // LINKTYPE_ value
	cooked    bool
	loopback  bool
	radio     bool
	loopbacks []int  // of all devices: those whose outgoing packets come in again
	members   []int  // of all devices
	netmask   uint32 // of IPv4; 0 if not known
	bare      bool   // programs see the frame and nothing beside it
	drops     *dropMeter
}

// port is a ring with what a Device knows of it.
type port struct {
	ring
	link *link
	prog *program
	seen atomic.Uint64 // packets taken out; written by the reader

	head packet.Frame // next packet, where rings are joined
	full bool         // head is one
	down bool         // the device went down, and nothing has come since
}
