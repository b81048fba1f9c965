package session

import (
	"time"

	"pinyon/capture"
	"pinyon/packet"
)

// A FrameWriter takes the frames of a capture, to a file for one. Package pcap has some, and
// savefile.Output makes what a name asks for.
type FrameWriter interface {
	Write(f *packet.Frame) error
	Flush() error
	Close() error
}

// OpenOutput makes the output of a capture once its devices are open, of which it gets the
// names and the LINKTYPE_ values. It must not call the Capture, which waits for it.
type OpenOutput func(names []string, links []uint16) (FrameWriter, error)

// open makes an output for a Device, or none.
func (open OpenOutput) open(d *capture.Device) (FrameWriter, error) {
	if open == nil {
		return nil, nil
	}
	w, err := open(d.Interfaces(), d.LinkTypes())
	return w, wrap("output", err)
}

// closeWriter closes an output that may be none.
func closeWriter(w FrameWriter) error {
	if w == nil {
		return nil
	}
	return wrap("output", w.Close())
}

// Callbacks of a Capture. They run one at a time, but OnStats beside OnPacket.
type Callbacks struct {
	// OnPacket gets every packet, which is valid until it returns. An error ends the
	// capture and is Run's, capture.ErrStop without being an error; a panic ends it too, with a
	// PanicError. A slow callback fills the ring and then loses packets, which is counted.
	OnPacket func(p *capture.Packet) error
	// OnStats gets the sums every StatsInterval, and once more at the end.
	OnStats       func(capture.Stats)
	StatsInterval time.Duration // 0 is DefaultStatsInterval
	// Output, if not nil, makes what every packet is written to, before OnPacket. It is
	// closed at the end.
	Output OpenOutput
	// Decap of Packet.Decoded.
	Decap packet.Decap
}

// DefaultStatsInterval is how often OnStats is called.
const DefaultStatsInterval = 10 * time.Second
