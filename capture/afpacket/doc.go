// Package afpacket reads packets of Linux devices through AF_PACKET sockets with rings of
// the kernel's TPACKET_V3 (Documentation/networking/packet_mmap.rst), and sends frames.
//
//	kernel → blocks of a mapped ring → packet.Frame, borrowed until its block is released
//
// A Ring reads one device, or all of them, without waiting: who waits is package capture,
// which joins rings, counts what they lose and stops them. On other systems everything
// here is ErrNotSupported.
package afpacket

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Errors of this package, beside those of the system.
var (
	// ErrNotSupported: the system, or its kernel, has no such sockets.
	ErrNotSupported = errors.New("AF_PACKET is not supported by this system")
	// ErrGone: the device was deleted while it was open.
	ErrGone = errors.New("device is gone")
	// ErrDown: the device is not up.
	ErrDown = errors.New("device is down")
)

// A Config says what a Ring reads.
type Config struct {
	Index    int    // of the device; 0 is all devices
	Link     uint16 // LINKTYPE_ value that frames are handed out as
	Cooked   bool   // without link-layer header; Link is LINUX_SLL or LINUX_SLL2, whose header is put in front
	Position uint32 // Frame.Iface

	Snaplen int // bytes of a frame; the filter's program cuts in the kernel, this after a VLAN tag was put back
	// BufferSize is the ring's size in bytes. It is rounded up to blocks, four at least.
	BufferSize int
	// Retire is after how many milliseconds the kernel hands over a block that is not full.
	Retire  int
	Promisc bool
	// Fanout, if not 0, is the number of a group of rings of this process that share the
	// packets of a device by flow.
	Fanout uint16
}

// Explain adds to an error of a missing privilege what it takes; others stay as they are.
func Explain(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	exe, e := os.Executable()
	if e != nil {
		exe = "PROGRAM"
	}
	return fmt.Errorf("%w: a packet socket needs CAP_NET_RAW: be root, or once: sudo setcap cap_net_raw,cap_net_admin+ep %s", err, exe)
}
