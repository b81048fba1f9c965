// Package graph sees the flows of a capture as a directed graph of hosts and computes what
// follows from the whole of it: fan-out and fan-in, volumes, betweenness, clustering,
// communities, and how fast a host opens connections. It knows no rows, columns or files.
package graph

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// A Node is one vertex: an address, or an address and a port. IPv4 addresses stand in the
// first four bytes with the rest zero, as in packet.Packet.
type Node struct {
	Addr    [16]byte
	Port    uint16 // 0 where ports do not tell nodes apart
	Version uint8  // 4 or 6
}

// Compare orders nodes: IPv4 before IPv6, then by address as a number, then by port.
func (n Node) Compare(m Node) int {
	if c := cmp.Compare(n.Version, m.Version); c != 0 {
		return c
	}
	if c := slices.Compare(n.Addr[:], m.Addr[:]); c != 0 {
		return c
	}
	return cmp.Compare(n.Port, m.Port)
}

// Algorithm names a way to find communities.
type Algorithm uint8

// The algorithms. All work on the undirected graph and number their communities from 0 by
// falling size, equal sizes by their smallest node.
const (
	Louvain          Algorithm = iota // modularity by moving nodes; edges weigh their flows
	Greedy                            // modularity by merging (Clauset, Newman, Moore); unweighted
	LabelPropagation                  // semi-synchronous (Cordasco, Gargano); unweighted
)

var algorithms = [...]string{"louvain", "greedy", "label_propagation"}

// String is the algorithm's word in a configuration.
func (a Algorithm) String() string { return algorithms[a] }

// ParseAlgorithm is the inverse of String.
func ParseAlgorithm(word string) (Algorithm, error) {
	if i := slices.Index(algorithms[:], word); i >= 0 {
		return Algorithm(i), nil
	}
	return 0, fmt.Errorf("graph: unknown community algorithm %q", word)
}

// Options say what to compute. The zero value counts flows, packets, bytes and peers alone.
type Options struct {
	Metrics     bool      // betweenness, clustering and communities
	Temporal    bool      // rate, spread and bursts of connections; 12 more bytes a flow
	Communities Algorithm // used with Metrics
	// MaxSources is the number of nodes with outbound flows beyond which betweenness is
	// approximated from so many of them; 0 or less is no limit.
	MaxSources int
	Workers    int // goroutines for betweenness; 0 is GOMAXPROCS. No result depends on it
}

// A Graph collects flows with Add and answers after Finish. It is used from one goroutine.
//
// Memory while adding, tables included and their growth not: about 250 bytes a node, 40 an
// edge (ordered pair of nodes), 30 a service (pair of source and destination port), nothing
// a flow, or 12 bytes (20 in Finish) with Options.Temporal. That was 96 MB for 10⁵ nodes and
// 10⁶ flows, each with an edge and a service of its own. Finish drops the tables first and
// then needs, with Options.Metrics, some 50 bytes an edge for adjacency and, one after
// another, 100 bytes a node, 29 more and 4 an edge for each worker of betweenness, and for communities
// 100 bytes a node and 50 (Louvain) or 120 (Greedy) an edge. Nodes and edges are numbered
// in 32 bits.
type Graph struct {
	opt      Options
	numbers4 map[uint64]uint32 // of nodes of IPv4, by address and port
	numbers  map[Node]uint32   // of all others
	nodes    []Node
	hosts    []Host
	edgeAt   map[uint64]uint32 // by the numbers of both nodes
	edges    []edge
	portAt   map[uint64]uint32 // by the number of the source and the port
	services []uint64          // flows of each (source, destination port)
	opened   openings

	taken, sources int // of betweenness
}

type edge struct {
	src, dst uint32 // node numbers
	flows    uint64
}

// A Flow is what the caller keeps of a flow, 8 bytes beside the row, to ask for its values
// once all flows are known: the numbers of its edge and of its (source, port) pair.
type Flow struct{ Edge, Service uint32 }

// New makes an empty graph.
func New(o Options) *Graph {
	return &Graph{
		opt:      o,
		numbers4: map[uint64]uint32{},
		numbers:  map[Node]uint32{},
		edgeAt:   map[uint64]uint32{},
		portAt:   map[uint64]uint32{},
	}
}

// Add takes one flow from s, its initiator, to d, its responder, at the responder's port
// dport. Packets and bytes are those s sent to d; start and end are in ns since any fixed
// moment. Nodes are numbered from 0 as they come. Add must not be called after Finish.
func (g *Graph) Add(s, d Node, dport uint16, packets, bytes uint64, start, end int64) Flow {
	src, dst := g.number(s), g.number(d)
	h := &g.hosts[src]
	if h.OutFlows == 0 {
		h.first, h.last = start, end
	} else {
		h.first, h.last = min(h.first, start), max(h.last, end)
	}
	h.OutFlows++
	h.OutPackets += packets
	h.OutBytes += bytes

	pair := uint64(src)<<32 | uint64(dst)
	e, known := g.edgeAt[pair]
	if !known {
		e = uint32(len(g.edges))
		g.edgeAt[pair] = e
		g.edges = append(g.edges, edge{src: src, dst: dst})
		h.UniqueDsts++
		g.hosts[dst].UniqueSrcs++
	}
	g.edges[e].flows++

	service := uint64(src)<<16 | uint64(dport)
	p, known := g.portAt[service]
	if !known {
		p = uint32(len(g.services))
		g.portAt[service] = p
		g.services = append(g.services, 0)
		h.UniquePorts++
	}
	g.services[p]++

	to := &g.hosts[dst]
	to.InFlows++
	to.InPackets += packets
	to.InBytes += bytes
	if g.opt.Temporal {
		g.opened.add(src, start)
	}
	return Flow{Edge: e, Service: p}
}

func (g *Graph) number(n Node) uint32 {
	short, ok := n.short()
	var i uint32
	var known bool
	if ok {
		i, known = g.numbers4[short]
	} else {
		i, known = g.numbers[n]
	}
	if known {
		return i
	}
	i = uint32(len(g.nodes))
	if ok {
		g.numbers4[short] = i
	} else {
		g.numbers[n] = i
	}
	g.nodes = append(g.nodes, n)
	g.hosts = append(g.hosts, Host{Community: -1})
	return i
}

// short is a node of IPv4 as a number, by which a map finds it faster; ok is false for others.
func (n *Node) short() (key uint64, ok bool) {
	if n.Version != 4 || [12]byte(n.Addr[4:]) != [12]byte{} {
		return 0, false
	}
	return uint64(binary.BigEndian.Uint32(n.Addr[:]))<<16 | uint64(n.Port), true
}
