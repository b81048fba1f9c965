package pcap

import (
	"errors"
	"fmt"
)

// What callers decide on; use errors.Is.
var (
	// ErrFormat: the input is no capture, or its first header is cut or cannot be read.
	// Only Open and NewReader return it.
	ErrFormat = errors.New("not a capture file")
	// ErrDamaged: a record cannot be true, so what follows it cannot be found. The
	// records before it stand.
	ErrDamaged = errors.New("capture file damaged")
	// ErrTruncated: the input ends within a record. The records before it stand.
	ErrTruncated = errors.New("capture file truncated")
	// ErrFrame: a writer's format has no room for this frame. Nothing of it is written
	// and the writer goes on.
	ErrFrame = errors.New("frame does not fit the capture file")
)

// An Error says where reading ended. Err wraps ErrDamaged or ErrTruncated, or is what the
// input below returned.
type Error struct {
	Record uint64 // number that the record would have had; in pcapng the next packet's
	Offset int64  // of the record or block, in bytes of the (decompressed) capture
	Err    error
}

// Error reads as "pcap: record 17 at 4096: length 70000000 over 16 MiB".
func (e *Error) Error() string {
	return fmt.Sprintf("pcap: record %d at %d: %v", e.Record, e.Offset, e.Err)
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// A fault is a sentence that errors.Is takes for its kind and its cause.
type fault struct {
	kind, cause error
	text        string
}

func (f *fault) Error() string { return f.text }

func (f *fault) Unwrap() []error {
	if f.cause == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.cause}
}

func faultf(kind error, format string, args ...any) *fault {
	return &fault{kind: kind, text: fmt.Sprintf(format, args...)}
}
