package groups

import "pinyon/internal/slab"

// tcpPools are what TCP flows take from Memory.
type tcpPools struct {
	holes  slab.Pool[holes]
	stamps stampPools
	syns   slab.Pool[synKinds]
}
