// Package capture says what a source of frames is. Files, standard input, devices and
// remote servers are sources; what happens to a frame afterwards is not its concern.
package capture

import (
	"errors"

	"pinyon/packet"
	"pinyon/pcap"
)

// ErrTimeout is what a live source's Next returns when no frame came for a while, so that
// its reader can look at the clock. It is no end: the next call waits again.
var ErrTimeout = errors.New("capture: no packet within the read timeout")

// A Source hands out frames in capture order. It is used from one goroutine.
type Source interface {
	// Next fills f. Data stays valid until the following call, or as long as the caller
	// holds f.Block. At the end it returns io.EOF; a live source may return ErrTimeout and
	// go on; any other error ends the input too, and the frames before it stand.
	Next(f *packet.Frame) error
	// Close gives everything back. Frames whose Block is held stay valid.
	Close() error
}

// Counts are the oddities a source met: those that a file can have.
type Counts = pcap.Counts

// Counter is implemented by sources that count oddities.
type Counter interface{ Counts() Counts }

// Files are sources.
var (
	_ Source  = (*pcap.Reader)(nil)
	_ Counter = (*pcap.Reader)(nil)
)
