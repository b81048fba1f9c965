//go:build !linux

package afpacket

// A Sender puts frames on a device; on Linux only.
type Sender struct{}

// OpenSender is ErrNotSupported: packet sockets are Linux's.
func OpenSender(string, *SenderOptions) (*Sender, error) { return nil, ErrNotSupported }

// Name is the device's name.
func (*Sender) Name() string { return "" }

// Index is the device's number.
func (*Sender) Index() int { return 0 }

// MTU is the device's.
func (*Sender) MTU() int { return 0 }

// MaxFrame is the length of the longest frame that the device takes.
func (*Sender) MaxFrame() int { return 0 }

// Accepts reports whether frames of a link type can be sent.
func (*Sender) Accepts(uint16) bool { return false }

// Send is ErrNotSupported.
func (*Sender) Send([]byte) error { return ErrNotSupported }

// SendBatch is ErrNotSupported.
func (*Sender) SendBatch([][]byte) (int, error) { return 0, ErrNotSupported }

// Close does nothing.
func (*Sender) Close() error { return nil }
