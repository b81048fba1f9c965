package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/graph"
)

// Connection is the name of the group below.
const Connection = "connection"

// How a flow sits among all flows of its input: fan-out of the source, fan-in of the
// destination, volume a host, position in the graph of hosts, and how fast the source opens
// connections. A row's values depend on every flow of the input, so the group is late: its
// columns are filled at the input's end.
var connectionTable = append(append([]Feature{
	connCount("conn_src_unique_dsts", "Distinct responders of the flows that the source initiated.", func(r *graph.Row) uint64 { return uint64(r.Src.UniqueDsts) }),
	connCount("conn_dst_unique_srcs", "Distinct initiators of the flows to the destination, whether it answered or not.", func(r *graph.Row) uint64 { return uint64(r.Dst.UniqueSrcs) }),
	connCount("conn_src_dst_flows", "Flows from the source to the destination, this direction only.", func(r *graph.Row) uint64 { return r.Flows }),
	connCount("conn_src_port_flows", "Flows from the source to this port of any host.", func(r *graph.Row) uint64 { return r.PortFlows }),
	connCount("conn_src_total_flows", "Flows that the source initiated.", func(r *graph.Row) uint64 { return r.Src.OutFlows }),
	connCount("conn_dst_total_flows", "Flows to the destination that others, or itself, initiated, whether it answered or not.", func(r *graph.Row) uint64 { return r.Dst.InFlows }),
	connCount("conn_src_total_packets", "Packets that the source sent as initiator.", func(r *graph.Row) uint64 { return r.Src.OutPackets }),
	connBytes("conn_src_total_bytes", "Bytes that the source sent as initiator.", func(r *graph.Row) uint64 { return r.Src.OutBytes }),
	connCount("conn_dst_total_packets", "Packets that initiators sent to the destination; what it sent back is not counted.", func(r *graph.Row) uint64 { return r.Dst.InPackets }),
	connBytes("conn_dst_total_bytes", "Bytes from the IP header onward that initiators sent to the destination; what it sent back is not counted.", func(r *graph.Row) uint64 { return r.Dst.InBytes }),
	connCount("conn_src_unique_ports", "Distinct responder's ports of the flows that the source initiated.", func(r *graph.Row) uint64 { return uint64(r.Src.UniquePorts) }),
},
	underOption(optGraph,
		connCount("conn_src_out_degree", "Out-degree of the source in the directed graph.", func(r *graph.Row) uint64 { return uint64(r.Src.UniqueDsts) }),
		connCount("conn_dst_in_degree", "In-degree of the destination in the directed graph.", func(r *graph.Row) uint64 { return uint64(r.Dst.UniqueSrcs) }),
		connFloat("conn_src_betweenness", feature.None, "Share of shortest paths between other hosts that pass through the source.", func(h *graph.Row) float64 { return h.Src.Betweenness }),
		connFloat("conn_dst_betweenness", feature.None, "The same for the destination.", func(h *graph.Row) float64 { return h.Dst.Betweenness }),
		count("conn_src_community", feature.None, "Community of the source; only equality means something.", func(r *Row) int64 { return int64(r.conn.Src.Community) }).missing(-1),
		count("conn_dst_community", feature.None, "Community of the destination.", func(r *Row) int64 { return int64(r.conn.Dst.Community) }).missing(-1),
		flag("conn_same_community", "Both are in one community.", func(r *Row) bool { return r.conn.SameCommunity() }),
		connFloat("conn_src_clustering", feature.None, "Share of pairs of the source's neighbours that are neighbours.", func(h *graph.Row) float64 { return h.Src.Clustering }),
		connFloat("conn_dst_clustering", feature.None, "The same for the destination.", func(h *graph.Row) float64 { return h.Dst.Clustering }),
	)...),
	connFloat("conn_src_flow_rate", feature.FlowsPerSec, "Flows a second that the source initiated, from its first start to its last end.", func(h *graph.Row) float64 { return h.Src.Rate }).on(optTemporal),
	connFloat("conn_temporal_spread", feature.Seconds, "Standard deviation of their start times.", func(h *graph.Row) float64 { return h.Src.Spread }).on(optTemporal),
	connCount("conn_burst_connections", "Most of them that started within one second.", func(r *graph.Row) uint64 { return uint64(r.Src.Burst) }).on(optTemporal),
)

func connCount(name, doc string, get func(*graph.Row) uint64) Feature {
	return count(name, feature.Count, doc, func(r *Row) int64 { return int64(get(&r.conn)) })
}

func connBytes(name, doc string, get func(*graph.Row) uint64) Feature {
	return count(name, feature.Bytes, doc, func(r *Row) int64 { return int64(get(&r.conn)) })
}

func connFloat(name string, unit feature.Unit, doc string, get func(*graph.Row) float64) Feature {
	return float(name, unit, doc, func(r *Row) float64 { return get(&r.conn) })
}

// underOption makes lines appear with one switch.
func underOption(o option, table ...Feature) []Feature {
	for i := range table {
		table[i].when = o
	}
	return table
}

// A Join holds what the flows of one input have to do with each other.
type Join struct {
	graph *graph.Graph
	plan  *Plan
	flows []graph.Flow
	over  bool // the graph was given up; no row has a place in it
}

// NewJoin makes an empty one; workers compute betweenness.
func NewJoin(p *Plan, workers int) *Join {
	o := p.graph
	o.Workers = workers
	return &Join{graph: graph.New(o), plan: p}
}

// Add takes the next row of the input, in the order in which rows are written.
func (j *Join) Add(r *Row) {
	s := graph.Node{Version: r.Key.Version, Addr: r.Key.A}
	d := graph.Node{Version: r.Key.Version, Addr: r.Key.B}
	if r.Swapped {
		s.Addr, d.Addr = d.Addr, s.Addr
	}
	if j.plan.graphPorts {
		s.Port, d.Port = r.srcPort(), r.dstPort()
	}
	j.flows = append(j.flows, j.graph.Add(s, d, r.dstPort(), uint64(r.core.n[flow.Fwd]), r.core.bytes[flow.Fwd], r.First, r.Last))
}

// Graph is the graph behind the join; its Finish is called when all rows were added.
func (j *Join) Graph() *graph.Graph { return j.graph }

// Fill gives r, row i of the join, its place in the graph, which is finished. Several
// goroutines may fill rows at once.
func (j *Join) Fill(r *Row, i int) {
	if j.over {
		r.conn = graph.Row{}
		return
	}
	r.conn = j.graph.Row(j.flows[i])
}

// GiveUp is for a graph whose Finish was stopped: the connection columns of all its rows are
// absent.
func (j *Join) GiveUp() { j.graph, j.flows, j.over = nil, nil, true }

// isJoined reports whether the row's place in the graph is known.
func (r *Row) isJoined() bool { return r.conn.Src != nil }
