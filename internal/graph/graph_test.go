package graph

import (
	"context"
	"math/rand/v2"
	"testing"
)

// all computes everything.
var all = Options{Metrics: true, Temporal: true}

// a flow as a test gives it; hosts are small numbers.
type flow struct {
	s, d           int
	dport          uint16
	packets, bytes uint64
	start, end     int64
}

// host is 10.x.y.z with the number in x.y.z.
func host(n int) Node {
	return Node{Addr: [16]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}, Version: 4}
}

func build(t testing.TB, o Options, flows []flow) (*Graph, []Flow) {
	t.Helper()
	g := New(o)
	kept := make([]Flow, len(flows))
	for i, f := range flows {
		kept[i] = g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
	}
	if err := g.Finish(context.Background()); err != nil {
		t.Fatal(err)
	}
	return g, kept
}

// links are flows that matter for their ends alone.
func links(pairs ...[2]int) []flow {
	flows := make([]flow, len(pairs))
	for i, p := range pairs {
		flows[i] = flow{s: p[0], d: p[1]}
	}
	return flows
}

// six are flows among A…D = 1…4, their packets 125 ms apart, those of the initiator (100
// bytes each) first.
func six() []flow {
	var flows []flow
	for _, f := range []struct {
		s, d     int
		dport    uint16
		start    float64
		fwd, bwd uint64
	}{
		{1, 2, 80, 0.0, 3, 2},
		{1, 2, 80, 0.5, 1, 1},
		{1, 3, 80, 1.4, 2, 0},
		{2, 3, 443, 2.0, 1, 4},
		{3, 4, 22, 2.2, 2, 2},
		{2, 1, 443, 9.0, 1, 1},
	} {
		start := int64(f.start * 1e9)
		flows = append(flows, flow{f.s, f.d, f.dport, f.fwd, 100 * f.fwd, start, start + int64(f.fwd+f.bwd-1)*125e6})
	}
	return flows
}

func TestCheckValues(t *testing.T) {
	g, kept := build(t, all, six())
	const third = 1.0 / 3
	type hosts struct{ src, dst Host }
	a := Host{UniqueDsts: 2, OutFlows: 3, OutPackets: 6, OutBytes: 600, UniquePorts: 1, Clustering: 1,
		Rate: 1.9672131147540983, Spread: 0.5792715732327589, Burst: 2}
	for _, c := range []struct {
		flow             int
		flows, portFlows uint64
		same             bool
		hosts
	}{
		{1, 2, 3, true, hosts{a, Host{UniqueSrcs: 1, InFlows: 2, InPackets: 4, InBytes: 400, Clustering: 1}}},
		{3, 1, 3, false, hosts{a, Host{UniqueSrcs: 2, InFlows: 2, InPackets: 3, InBytes: 300, Betweenness: third, Clustering: third, Community: 1}}},
		{4, 1, 2, false, hosts{
			Host{UniqueDsts: 2, OutFlows: 2, OutPackets: 2, OutBytes: 200, UniquePorts: 1, Clustering: 1,
				Rate: 0.2807017543859649, Spread: 3.5, Burst: 1},
			Host{UniqueSrcs: 2, InFlows: 2, InPackets: 3, InBytes: 300, Betweenness: third, Clustering: third, Community: 1}}},
		{5, 1, 1, true, hosts{
			Host{UniqueDsts: 1, OutFlows: 1, OutPackets: 2, OutBytes: 200, UniquePorts: 1, Betweenness: third, Clustering: third, Community: 1,
				Rate: 2.6666666666666665, Burst: 1},
			Host{UniqueSrcs: 1, InFlows: 1, InPackets: 2, InBytes: 200, Community: 1}}},
	} {
		r := g.Row(kept[c.flow-1])
		if r.Flows != c.flows || r.PortFlows != c.portFlows || r.SameCommunity() != c.same {
			t.Errorf("flow %d: %d flows, %d to the port, same community %v; want %d, %d, %v",
				c.flow, r.Flows, r.PortFlows, r.SameCommunity(), c.flows, c.portFlows, c.same)
		}
		// Of each host, what belongs to its side of the flow.
		src := *r.Src
		src.UniqueSrcs, src.InFlows, src.InPackets, src.InBytes, src.first, src.last = 0, 0, 0, 0, 0, 0
		if src != c.src {
			t.Errorf("flow %d: source %+v\nwant %+v", c.flow, src, c.src)
		}
		d := r.Dst
		dst := Host{UniqueSrcs: d.UniqueSrcs, InFlows: d.InFlows, InPackets: d.InPackets, InBytes: d.InBytes,
			Betweenness: d.Betweenness, Clustering: d.Clustering, Community: d.Community}
		if dst != c.dst {
			t.Errorf("flow %d: destination %+v\nwant %+v", c.flow, dst, c.dst)
		}
	}
	for _, a := range []Algorithm{Greedy, LabelPropagation} {
		g, _ := build(t, Options{Metrics: true, Communities: a}, six())
		for n := range uint32(4) {
			if c := g.Host(n).Community; c != 0 {
				t.Errorf("%s: host %d in community %d; want 0", a, n, c)
			}
		}
	}
}

// TestOrderDoesNotMatter demands the same values whatever the order of flows and the
// number of workers.
func TestOrderDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
		flows := random(rng, 60, 300)
		o := all
		o.Communities, o.MaxSources, o.Workers = a, 20, 1
		g, _ := build(t, o, flows)
		want := map[Node]Host{}
		for n := range uint32(g.Nodes()) {
			want[g.Node(n)] = *g.Host(n)
		}
		for o.Workers = 2; o.Workers < 5; o.Workers++ {
			rng.Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
			g, _ := build(t, o, flows)
			for n := range uint32(g.Nodes()) {
				if h := *g.Host(n); h != want[g.Node(n)] {
					t.Fatalf("%s: %v: %+v; want %+v", a, g.Node(n), h, want[g.Node(n)])
				}
			}
		}
	}
}

func TestNodeOrder(t *testing.T) {
	v6 := Node{Addr: [16]byte{15: 1}, Version: 6}
	port := host(9)
	port.Port = 1
	ordered := []Node{{Version: 4}, host(9), port, host(10), host(256), v6}
	for i, a := range ordered {
		for j, b := range ordered {
			if c := a.Compare(b); c < 0 != (i < j) || c > 0 != (i > j) {
				t.Errorf("%v, %v: %d", a, b, c)
			}
		}
	}
}

func TestWithout(t *testing.T) {
	g, kept := build(t, Options{}, six())
	r := g.Row(kept[0])
	if s := r.Src; s.Community != -1 || s.Betweenness != 0 || s.Rate != 0 || s.OutFlows != 3 || r.SameCommunity() {
		t.Errorf("%+v", *s)
	}
	if g, _ := build(t, all, nil); g.Nodes() != 0 || g.Edges() != 0 {
		t.Error("an empty graph has nodes")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
		g := New(Options{Metrics: true, Communities: a})
		for _, f := range six() {
			g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
		}
		if err := g.Finish(ctx); err != context.Canceled {
			t.Errorf("%s: cancelled: %v", a, err)
		}
	}
}

func TestAlgorithmWords(t *testing.T) {
	for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
		if b, err := ParseAlgorithm(a.String()); b != a || err != nil {
			t.Errorf("%s: %v, %v", a, b, err)
		}
	}
	if _, err := ParseAlgorithm("leiden"); err == nil {
		t.Error("leiden: no error")
	}
}

// random flows among hosts 0 to n−1: some hubs, loops, repetitions and both directions.
func random(rng *rand.Rand, n, flows int) []flow {
	out := make([]flow, flows)
	for i := range out {
		s, d := rng.IntN(n), rng.IntN(n)
		if rng.IntN(3) == 0 {
			d = rng.IntN(1 + n/10)
		}
		if rng.IntN(6) == 0 {
			s = rng.IntN(1 + n/10)
		}
		start := rng.Int64N(20e9)
		out[i] = flow{s, d, uint16(rng.IntN(4)), uint64(1 + rng.IntN(9)), uint64(rng.IntN(5000)), start, start + rng.Int64N(3e9)}
	}
	return out
}
