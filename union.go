package pinyon

import (
	"context"

	"pinyon/flow"
	"pinyon/internal/engine"
	"pinyon/packet"
)

// Chains say which packets of a part of a union of captures belong to flows that captures outside
// the part may change; see Pipeline.Survey.
type Chains = engine.Chains

// Survey reads in, a part of a union of captures (package source/merged), and finds the packets whose
// flows captures outside the part may change: its edges. near reports whether those have anything
// between two merge times, both included, in ns since 1970-01-01 UTC. The report tells what became of
// the input. Labels, filter and sampling are those of the pipeline, and nothing is counted.
func (p *Pipeline) Survey(ctx context.Context, in Input, near func(first, last int64) bool) (*Chains, *Report, error) {
	return engine.New(&p.engine).Survey(ctx, in, near)
}

// WithEdges has edge asked of every packet that is about to join a flow, with the flow's key and the
// merge time of the packet. Packets for which it reports true are counted as edge_out and left to it.
// It is called from the goroutine that reads the input, and borrows the frame and the key.
// Columns that need all flows of an input (group connection) are left out.
//
// Where edge follows Chains, the rows of the parts of a union, and those of a run over the edges of all
// parts in the order of merge time, position and record number, are the rows of one run over the union,
// unless Result.Reached says otherwise.
func WithEdges(edge func(f *packet.Frame, k *flow.Key, now int64) bool) Option {
	return func(p *Pipeline) {
		p.engine.Edge = edge
		WithEndless()(p)
	}
}
