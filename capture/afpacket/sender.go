package afpacket

import "pinyon/packet"

// SenderOptions for Open; nil means the zero value.
type SenderOptions struct {
	// QdiscBypass hands frames to the driver without the device's queueing discipline.
	// That is faster where there is one, but a driver whose ring is full then drops in
	// silence: what Send reports as sent may not have been. A veth has none to bypass.
	QdiscBypass bool
	// Batch is how many frames one system call takes at most; 0 is DefaultBatch.
	Batch int
}

// DefaultBatch frames go into one system call: more gain nothing (BenchmarkSendBatch).
const DefaultBatch = 64

// maxBatch is what the kernel takes of one call (UIO_MAXIOV).
const maxBatch = 1024

// accepts reports whether frames of one link type may be sent on a device of another.
func accepts(device, frame uint16) bool {
	if device != packet.LinkRaw {
		return frame == device
	}
	switch frame {
	case packet.LinkRaw, packet.LinkRaw12, packet.LinkRaw14, packet.LinkIPv4, packet.LinkIPv6:
		return true
	}
	return false
}
