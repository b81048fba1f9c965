package groups

import "pinyon/internal/slab"

// netPools are the objects that the groups of the link, network and ICMP headers take when
// a flow has more than one value of something, which few have.
type netPools struct {
	links      slab.Pool[linkSets]
	labels     slab.Pool[labelSets]
	icmp       slab.Pool[icmpFlow]
	typeCounts slab.Pool[typeCounts]
	lists16    slab.Pool[[]uint16]
	bits16     slab.Pool[bits16]
}
