package graph

// A Host is what is known of one node. Outbound flows are those the node initiated,
// inbound ones those it responded to; packets and bytes are those of initiators only.
// Values other than sums are valid after Finish.
type Host struct {
	OutFlows, OutPackets, OutBytes uint64
	InFlows, InPackets, InBytes    uint64

	UniqueDsts  uint32 // distinct responders of outbound flows; the out-degree, a self-loop counting 1
	UniqueSrcs  uint32 // distinct initiators of inbound flows; the in-degree likewise
	UniquePorts uint32 // distinct responder's ports of outbound flows
	Community   int32  // −1 without Options.Metrics

	Betweenness float64 // 0 without Options.Metrics
	Clustering  float64 // 0 without Options.Metrics

	Rate   float64 // outbound flows per second from the earliest start to the latest end; 0 if no time passes
	Spread float64 // population standard deviation of the outbound flows' starts, in seconds
	Burst  uint32  // most outbound flows that start within one closed second; Options.Temporal, as the two above

	first, last int64 // earliest start and latest end of outbound flows; valid iff OutFlows > 0
}

// A Row is what is known of one flow's place in the graph. Src and Dst point into the
// graph and may be the same host.
type Row struct {
	Src, Dst  *Host
	Flows     uint64 // from Src to Dst, this direction only
	PortFlows uint64 // from Src to this responder's port, at any host
}

// Row gives a flow's values, which are final after Finish. f must come from Add of this
// graph.
func (g *Graph) Row(f Flow) Row {
	e := &g.edges[f.Edge]
	return Row{Src: &g.hosts[e.src], Dst: &g.hosts[e.dst], Flows: e.flows, PortFlows: g.services[f.Service]}
}

// SameCommunity reports whether both communities are known and equal.
func (r Row) SameCommunity() bool {
	return r.Src.Community >= 0 && r.Src.Community == r.Dst.Community
}

// Nodes is the number of nodes.
func (g *Graph) Nodes() int { return len(g.nodes) }

// Edges is the number of ordered pairs of nodes with a flow, self-loops included.
func (g *Graph) Edges() int { return len(g.edges) }

// Node is the node of a number below Nodes.
func (g *Graph) Node(number uint32) Node { return g.nodes[number] }

// Host is what is known of the node of a number below Nodes.
func (g *Graph) Host(number uint32) *Host { return &g.hosts[number] }

// Sources tells from how many nodes betweenness was computed, of how many with outbound
// flows. It is an approximation if taken < all. Both are 0 without Options.Metrics.
func (g *Graph) Sources() (taken, all int) { return g.taken, g.sources }
