package groups

import (
	"pinyon/internal/dispatch"
	"pinyon/internal/slab"
)

// Memory is what the flows of one goroutine share: numbered objects for what does not fit
// into a few numbers, and scratch space. It is used by one goroutine at a time.
type Memory struct {
	plan   *Plan
	shard  *Shard
	number uint32 // of the entry at hand, for custom extractors

	chunks     slab.Pool[chunk]
	sketches   slab.Pool[sketches]
	sizeMaps   slab.Pool[sizeMap]
	smallBytes slab.Pool[smallBytes]
	byteCounts slab.Pool[byteCounts]
	lists      slab.Pool[[]listItem]
	parsers    dispatch.Pools
	tcpPools   tcpPools
	netPools   netPools

	terms        terms
	gapScratch   [3][]int64
	histogram    byteCounts
	accumulators []map[uint32]Accumulator // by custom extractor

	Stats Stats
}

// Stats count what a limit of the extraction did.
type Stats struct {
	SketchedFlows uint64 `json:"sketched_flows"` // flows whose gap percentiles come from a sketch
	SizesDropped  uint64 `json:"sizes_dropped"`  // packets beyond a flow's 65,536 distinct lengths
	// Inputs whose betweenness was computed from some of the hosts only.
	BetweennessApproximated uint64 `json:"betweenness_approximated"`
	// Inputs whose graph of hosts was given up because the run was to end: the connection
	// columns of their rows are absent.
	ConnectionAbsent uint64 `json:"connection_absent"`
	// Times that the samples of a shard grew beyond the half of its share of sample_memory.
	SamplesHalf uint64 `json:"-"`
}

// Add adds t to s.
func (s *Stats) Add(t Stats) {
	s.SketchedFlows += t.SketchedFlows
	s.SizesDropped += t.SizesDropped
	s.BetweennessApproximated += t.BetweennessApproximated
	s.ConnectionAbsent += t.ConnectionAbsent
	s.SamplesHalf += t.SamplesHalf
}

// A Shard is the account of one logical shard, whatever goroutine serves it, so that a
// limit acts the same for any number of them.
type Shard struct {
	samples int64 // bytes of gap series
	// Each calls its argument with the state of every live flow of the shard.
	Each func(func(*State))
}

// NewMemory makes the memory of one goroutine.
func NewMemory(p *Plan) *Memory {
	m := &Memory{plan: p}
	m.parsers.On = p.parsers
	m.parsers.CountSegments = p.need&needSegments != 0
	m.parsers.KeepCertificates = p.need&needCerts != 0
	for range p.custom {
		m.accumulators = append(m.accumulators, make(map[uint32]Accumulator))
	}
	return m
}

// Use turns to another shard; Update and Fill that follow are for its flows.
func (m *Memory) Use(s *Shard) { m.shard = s }

// Bytes is the memory of the numbered objects, without what theirs point to.
func (m *Memory) Bytes() uint64 {
	t, n := &m.tcpPools, &m.netPools
	return m.chunks.Bytes() + m.sketches.Bytes() + m.sizeMaps.Bytes() + m.smallBytes.Bytes() + m.byteCounts.Bytes() + m.lists.Bytes() +
		t.holes.Bytes() + t.syns.Bytes() + t.stamps.few.Bytes() + t.stamps.some.Bytes() + t.stamps.most.Bytes() +
		n.links.Bytes() + n.labels.Bytes() + n.icmp.Bytes() + n.typeCounts.Bytes() + n.lists16.Bytes() + n.bits16.Bytes()
}
