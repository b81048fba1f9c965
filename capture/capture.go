// Package capture says what a source of frames is. Files, standard input, devices and
// remote servers are sources; what happens to a frame afterwards is not its concern.
package capture

import (
	"errors"

	"pinyon/packet"
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

// Counts are the oddities a source met, each a number of records. They are information:
// the records are used unless the name says otherwise.
type Counts struct {
	Records             uint64 `json:"records"`                        // handed out
	CapLenExceedsWire   uint64 `json:"caplen_exceeds_wirelen"`         // wire length raised to the captured one
	CapLenExceedsSnap   uint64 `json:"caplen_exceeds_snaplen"`         // used whole
	NoTimestamp         uint64 `json:"no_timestamp"`                   // time of the record before
	UnknownInterface    uint64 `json:"unknown_interface"`              // block skipped
	SkippedBlocks       uint64 `json:"skipped_blocks"`                 // pcapng blocks that hold no packet
	Truncated           bool   `json:"file_truncated,omitempty"`       // the last record was cut by the end of the file
	Damaged             bool   `json:"file_damaged,omitempty"`         // reading ended at a damaged record
	UnsupportedSections uint64 `json:"unsupported_sections,omitempty"` // pcapng sections of an unknown major version, skipped
}

// Counter is implemented by sources that count oddities.
type Counter interface{ Counts() Counts }
