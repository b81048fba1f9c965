package config

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"slices"

	"pinyon/extract"
	"pinyon/flow"
	"pinyon/internal/groups"
	"pinyon/internal/machine"
	"pinyon/packet"
)

// nanoseconds rounds v units of scale nanoseconds to the nearest nanosecond, but nothing
// above 0 down to 0: no gap is shorter than 1 ns, so that 0 would act as another limit.
func nanoseconds(v, scale float64) int64 {
	if v <= 0 {
		return 0
	}
	return max(int64(math.Round(v*scale)), 1)
}

// Columns are those that c asks for, and custom ones behind them. c is valid.
func (c *Config) Columns(custom ...extract.Custom) *groups.Options {
	return &groups.Options{
		Groups: c.Features, Features: c.specific(), Profiles: c.profiles(),
		Addresses: c.IncludeIPAddresses, Ports: c.IncludePorts, FlowID: c.IncludeFlowID,
		Trace: c.IncludeTrace, Sequences: c.IncludeRawSequences, SPLT: c.IncludeSPLT,
		Anonymize: c.AnonymizeIPs, Prefixes: c.AnonymizationMethod == "prefix", Salt: c.AnonymizationSalt, HashMACs: c.AnonymizeMACs, HashNames: c.AnonymizeNames, CommunitySeed: uint16(c.CommunityIDSeed),
		Split: c.BidirectionalSplit, Nulls: c.Missing == "null",
		BurstThreshold: nanoseconds(c.BurstThresholdMS, 1e6), EntropyBytes: c.EntropySampleBytes,
		GraphPorts: c.ConnectionUsePorts, GraphMode: groups.GraphMode(!c.ConnectionIncludeGraphMetrics),
		Temporal: c.ConnectionIncludeTemporal, Communities: c.ConnectionCommunityAlgorithm, MaxSources: c.BetweennessMaxNodes,
		ListLength: c.MaxSequenceLength, ExactSamples: c.ExactSamples, SampleMemory: int64(c.SampleMemory),
		Custom: further(custom), LabelColumn: c.LabelColumn,
	}
}

// specific are the names in SpecificFeatures without that of the labels, whose column is there
// whenever there are labels.
func (c *Config) specific() []string {
	if len(c.Labels) == 0 && c.LabelFromPath == "" || !slices.Contains(c.SpecificFeatures, c.LabelColumn) {
		return c.SpecificFeatures
	}
	names := slices.DeleteFunc(slices.Clone(c.SpecificFeatures), func(name string) bool { return name == c.LabelColumn })
	if len(names) == 0 {
		return c.SpecificFeatures // none would be all
	}
	return names
}

// further hands the user's own groups to the plan of the columns.
func further(custom []extract.Custom) []groups.Custom {
	var out []groups.Custom
	for _, c := range custom {
		g := groups.Custom{Name: c.Name, Features: c.Features}
		if c.New != nil {
			g.New = func() groups.Accumulator { return accumulator{c.New()} }
		}
		out = append(out, g)
	}
	return out
}

// accumulator is a user's one as the engine calls it.
type accumulator struct{ extract.Accumulator }

// End sets the values of the row.
func (a accumulator) End(h *flow.Head, values []groups.Value) { a.Accumulator.End(h, values) }

// Flow is what c says of when flows begin and end.
func (c *Config) Flow() flow.Options {
	o := flow.Options{
		Timeout: nanoseconds(c.FlowTimeout, 1e9), Active: nanoseconds(c.ActiveTimeout, 1e9),
		Terminate: c.TerminateOnFinRst, CloseDelay: nanoseconds(c.TCPCloseDelay, 1e9),
		Limit: c.FlowLimit(), Strategy: flow.LRU,
	}
	if c.FlowEvictionStrategy == "oldest" {
		o.Strategy = flow.Oldest
	}
	return o
}

// Decapsulation is how far tunnels are opened.
func (c *Config) Decapsulation() packet.Decap {
	if c.Decap == "inner" {
		return packet.DecapInner
	}
	return packet.DecapNone
}

// DrawShardKey gives a shard_key, of 53 bits, to a configuration that has none: what devices
// capture can be chosen by whoever knows the key.
func (c *Config) DrawShardKey() {
	for c.ShardKey == 0 {
		c.ShardKey = randomKey()
	}
}

// flowMemory is how many bytes of MemoryLimit stand for a flow. A flow of one packet takes 2.7 KB at
// most with all columns, the rows and the graph of hosts that it leaves among it (a million of
// them, measured), one of 16 packets 3 to 5 KB.
const flowMemory = 4 << 10

// FlowLimit is how many flows are kept at a time: MaxConcurrentFlows, or what MemoryLimit has room
// for if that is less; 0 is no limit.
func (c *Config) FlowLimit() int {
	room := int(min(int64(c.MemoryLimit)/flowMemory, math.MaxInt32))
	if room == 0 || c.MaxConcurrentFlows > 0 && c.MaxConcurrentFlows < room {
		return c.MaxConcurrentFlows
	}
	return room
}

// LimitMemory gives a memory_limit, of half the machine's memory, to a configuration that has none:
// what devices capture has no end, and whoever sends it can open as many flows as they like.
func (c *Config) LimitMemory() {
	if c.MemoryLimit == 0 {
		c.MemoryLimit = halfOf(machine.Memory())
	}
}

// halfOf is half of n in whole MiB; 0 if the system does not tell n.
func halfOf(n int64) Size {
	if n <= 0 {
		return 0
	}
	return Size(max(n/2>>20, 1) << 20)
}

// randomKey is a number that JSON can hold, from the system's source of secrets.
func randomKey() uint64 {
	var b [8]byte
	rand.Read(b[:]) // which never fails
	return binary.LittleEndian.Uint64(b[:]) >> 11
}

// mostRowMemory is how much of a large machine's memory rows that wait take without being told.
const mostRowMemory = 1 << 30

// WaitMemory is how many bytes of rows may wait in memory for the end of their input.
func (c *Config) WaitMemory() int64 {
	if c.RowMemory > 0 {
		return int64(c.RowMemory)
	}
	if n := machine.Memory() / 4; n > 0 {
		return min(n, mostRowMemory)
	}
	return mostRowMemory
}
