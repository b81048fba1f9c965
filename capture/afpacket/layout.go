package afpacket

// Sizes of blocks. A frame has to fit a block with its header, so those of a ring of the
// default size hold whatever a device hands over, super-frames of offloading included; those
// of 64 KiB also where blocks are smaller because they are kept for a moment only.
const (
	minBlock  = 64 << 10
	fullBlock = 256 << 10
	bigBlock  = 1 << 20
	minBlocks = 4
)

// blocks is the ring for a buffer of so many bytes: the size of a block and their number. A
// block that is kept for a few milliseconds only (retire) is mostly empty, and there are the
// more of them.
func blocks(buffer, retire int) (size, n int) {
	switch {
	case buffer >= 64<<20:
		size = bigBlock
	case buffer >= 4*fullBlock:
		size = fullBlock
	case buffer >= 4*2*minBlock:
		size = 2 * minBlock
	default:
		size = minBlock
	}
	if retire < 10 {
		size = min(size, 2*minBlock)
	}
	return size, max(minBlocks, (buffer+size-1)/size)
}
