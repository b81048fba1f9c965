package groups

import "pinyon/flow"

// bursts walks the gaps: one below the threshold keeps the packet in the current burst, any
// other is an idle period that closes the burst and opens the next. Every packet is in
// exactly one burst. timing and padding share it.
type bursts struct {
	idleSum    uint64 // ns
	idleMax    int64
	bytes      uint64  // of the current burst
	payload    uint64  // of the current burst
	efficiency float64 // sum over closed bursts of payload / bytes
	counted    uint32  // bursts in efficiency: those with bytes
	idles      uint32
	current    uint32 // packets in the current burst
	longest    uint32
}

func (b *bursts) update(o *flow.Obs, threshold int64) {
	if o.Index > 0 && o.Gap >= threshold {
		b.idles++
		b.idleSum += uint64(o.Gap)
		b.idleMax = max(b.idleMax, o.Gap)
		b.finish()
	}
	b.current++
	b.longest = max(b.longest, b.current)
	b.bytes += uint64(o.TotalLen)
	b.payload += uint64(o.PayloadLen)
}

// finish closes the current burst.
func (b *bursts) finish() {
	if b.bytes > 0 {
		b.efficiency += float64(b.payload) / float64(b.bytes)
		b.counted++
	}
	b.bytes, b.payload, b.current = 0, 0, 0
}
