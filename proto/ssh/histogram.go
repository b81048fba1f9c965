package ssh

// histogramMax bounds the distinct sizes that are told apart, 32 KiB of memory. Segments
// of one session have as many sizes as fit into one MSS; only offloading makes more.
const histogramMax = 2048

// A histogram counts sizes: an open hash table of at most histogramMax of them. Sizes met
// for the first time when it is full are not counted.
type histogram struct {
	slots []bin // a power of two; a count of 0 is free
	used  int
}

type bin struct{ size, count uint32 }

func (h *histogram) reset() {
	if h.used > 0 {
		clear(h.slots)
		h.used = 0
	}
}

func (h *histogram) find(size uint32) *bin {
	mask := uint32(len(h.slots) - 1)
	for i := size * 0x9e3779b1 >> 7 & mask; ; i = (i + 1) & mask {
		if b := &h.slots[i]; b.count == 0 || b.size == size {
			return b
		}
	}
}

func (h *histogram) add(size uint32) {
	if 4*h.used >= 3*len(h.slots) {
		h.grow()
	}
	b := h.find(size)
	if b.count == 0 {
		if h.used == histogramMax {
			return
		}
		h.used++
		b.size = size
	}
	b.count++
}

func (h *histogram) grow() {
	old := h.slots
	if len(old) > histogramMax { // room for all and free slots to end a search
		return
	}
	h.slots = make([]bin, max(16, 2*len(old)))
	for _, b := range old {
		if b.count > 0 {
			*h.find(b.size) = b
		}
	}
}

func (h *histogram) mode() uint32 {
	var best bin
	for _, b := range h.slots {
		if b.count > best.count || b.count == best.count && b.size < best.size {
			best = b
		}
	}
	return best.size
}
