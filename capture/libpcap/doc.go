// Package libpcap reads packets of devices through libpcap, where the system has no
// AF_PACKET or where it is asked for. It takes cgo and libpcap's headers, and so the build tag
// libpcap; without it everything here is ErrNotBuilt.
//
//	kernel → libpcap → copy in a pooled block → packet.Frame, borrowed until that is released
//
// Package capture joins its rings, stops them and counts what they lose.
package libpcap

import "errors"

// Errors of this package, beside what libpcap says.
var (
	// ErrNotBuilt: the program was built without it.
	ErrNotBuilt = errors.New("libpcap needs a build with cgo and -tags libpcap")
	// ErrGone: the device was deleted while it was open.
	ErrGone = errors.New("device is gone")
	// ErrDown: the device is not up.
	ErrDown = errors.New("device is down")
)

// A Config says what a Ring reads.
type Config struct {
	Name       string
	Link       uint16 // LINKTYPE_ value to ask for
	Position   uint32 // Frame.Iface
	Snaplen    int    // bytes of a frame
	BufferSize int    // bytes that the kernel keeps
	Retire     int    // milliseconds that packets may wait for company
	Immediate  bool
	Promisc    bool
}
