package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// checkModel compares everything with the naive computation.
func checkModel(t *testing.T, n int, flows []flow, limit int) {
	t.Helper()
	m := newNaive(n, flows)
	o := Options{Metrics: true, Temporal: true, MaxSources: limit}
	g, kept := build(t, o, flows)

	var sources []uint32
	for s := range n {
		if slices.ContainsFunc(m.flows[s], func(f uint64) bool { return f > 0 }) {
			sources = append(sources, uint32(s))
		}
	}
	some := spaced(sources, limit)
	from := make([]int, len(some))
	for i, s := range some {
		from[i] = int(s)
	}
	if taken, of := g.Sources(); taken != len(some) || of != len(sources) {
		t.Errorf("%d of %d sources; want %d of %d", taken, of, len(some), len(sources))
	}
	between, cluster := m.betweenness(from, len(sources)), m.clustering()
	for i, f := range flows {
		r := g.Row(kept[i])
		var src Host // sums of the source's, then of the destination's
		var portFlows uint64
		var starts []int64
		var ports, dsts, srcs [256]bool
		for _, e := range flows {
			if e.s == f.s {
				src.OutFlows++
				src.OutPackets += e.packets
				src.OutBytes += e.bytes
				starts = append(starts, e.start)
				if src.OutFlows == 1 {
					src.first, src.last = e.start, e.end
				}
				src.first, src.last = min(src.first, e.start), max(src.last, e.end)
				if e.dport == f.dport {
					portFlows++
				}
				if !ports[e.dport%256] {
					ports[e.dport%256] = true
					src.UniquePorts++
				}
				if !dsts[e.d] {
					dsts[e.d] = true
					src.UniqueDsts++
				}
			}
			if e.d == f.d {
				src.InFlows++
				src.InPackets += e.packets
				src.InBytes += e.bytes
				if !srcs[e.s] {
					srcs[e.s] = true
					src.UniqueSrcs++
				}
			}
		}
		if s, d := r.Src, r.Dst; s.OutFlows != src.OutFlows || s.OutPackets != src.OutPackets || s.OutBytes != src.OutBytes ||
			s.UniquePorts != src.UniquePorts || s.UniqueDsts != src.UniqueDsts || d.InFlows != src.InFlows ||
			d.InPackets != src.InPackets || d.InBytes != src.InBytes || d.UniqueSrcs != src.UniqueSrcs {
			t.Fatalf("flow %d: source %+v, destination %+v; want %+v", i, *s, *d, src)
		}
		if r.Flows != m.flows[f.s][f.d] || r.PortFlows != portFlows {
			t.Fatalf("flow %d: %d flows, %d to the port; want %d, %d", i, r.Flows, r.PortFlows, m.flows[f.s][f.d], portFlows)
		}
		var rate float64
		if src.last > src.first {
			rate = float64(len(starts)) * 1e9 / float64(uint64(src.last)-uint64(src.first))
		}
		if !near(r.Src.Rate, rate) || !near(r.Src.Spread, spreadOf(starts)) || r.Src.Burst != burstOf(starts) {
			t.Fatalf("flow %d: rate %v, spread %v, burst %d; want %v, %v, %d",
				i, r.Src.Rate, r.Src.Spread, r.Src.Burst, rate, spreadOf(starts), burstOf(starts))
		}
		for _, h := range []struct {
			host *Host
			n    int
		}{{r.Src, f.s}, {r.Dst, f.d}} {
			if !near(h.host.Betweenness, between[h.n]) || h.host.Clustering != cluster[h.n] {
				t.Fatalf("host %d: betweenness %v, clustering %v; want %v, %v", h.n, h.host.Betweenness, h.host.Clustering, between[h.n], cluster[h.n])
			}
		}
	}
	for _, c := range []struct {
		a    Algorithm
		want []group
	}{{Louvain, m.louvain()}, {Greedy, m.greedy()}, {LabelPropagation, m.propagate()}} {
		g, _ := build(t, Options{Metrics: true, Communities: c.a}, flows)
		want := m.labels(c.want)
		for i := range uint32(g.Nodes()) {
			a := g.Node(i).Addr
			v := int(a[1])<<16 | int(a[2])<<8 | int(a[3])
			if g.Host(i).Community != int32(want[v]) {
				t.Fatalf("%s: host %d in community %d; want %d of %v", c.a, v, g.Host(i).Community, want[v], c.want)
			}
		}
	}
}

func TestModelRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		n := 1 + rng.IntN(30)
		checkModel(t, n, random(rng, n, 1+rng.IntN(4*n)), i%3*7)
	}
}

// TestModelShapes has graphs with many ties.
func TestModelShapes(t *testing.T) {
	const n = 13
	var out, in, both, clique, path, ring, two, loops, twice, grid, tree, hubs [][2]int
	for i := range n {
		if i > 0 {
			out = append(out, [2]int{0, i})
			in = append(in, [2]int{i, 0})
			both = append(both, [2]int{0, i}, [2]int{i, 0})
			path = append(path, [2]int{i - 1, i})
			tree = append(tree, [2]int{i, (i - 1) / 2})
			twice = append(twice, [2]int{i - 1, i}, [2]int{i - 1, i}, [2]int{i, i - 1})
		}
		for j := range i {
			clique = append(clique, [2]int{i, j})
		}
		ring = append(ring, [2]int{i, (i + 1) % n})
		loops = append(loops, [2]int{i, i}, [2]int{i, (i + i%3) % n})
		hubs = append(hubs, [2]int{i, 0}, [2]int{i, 1}, [2]int{2, i})
		if x, y := i%4, i/4; y < 3 {
			if x < 3 {
				grid = append(grid, [2]int{i, i + 1})
			}
			if y < 2 {
				grid = append(grid, [2]int{i, i + 4})
			}
		}
	}
	two = append(two, [2]int{0, 1}, [2]int{0, 1}, [2]int{1, 0})
	for name, pairs := range map[string][][2]int{
		"star out": out, "star in": in, "star both": both, "clique": clique, "path": path, "ring": ring,
		"two": two, "one way": two[:1], "loops": loops, "one loop": {{0, 0}}, "duplicates": twice, "grid": grid, "tree": tree, "hubs": hubs,
	} {
		t.Run(name, func(t *testing.T) {
			checkModel(t, n, links(pairs...), 0)
			checkModel(t, n, links(pairs...), 3)
		})
	}
}

// TestNoMergeGains demands of louvain's and greedy's partitions that no two
// communities gain by merging.
func TestNoMergeGains(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		n := 5 + rng.IntN(60)
		flows := random(rng, n, n+rng.IntN(3*n))
		m := newNaive(n, flows)
		for _, a := range []Algorithm{Louvain, Greedy} {
			g, _ := build(t, Options{Metrics: true, Communities: a}, flows)
			label := make([]uint32, n)
			most := uint32(0)
			for i := range uint32(g.Nodes()) {
				x := g.Node(i).Addr
				label[int(x[2])<<8|int(x[3])] = uint32(g.Host(i).Community)
				most = max(most, uint32(g.Host(i).Community))
			}
			e, total := m.edges(a == Louvain)
			q := quality(e, total, label)
			for c := range most {
				for d := c + 1; d <= most; d++ {
					merged := slices.Clone(label)
					for i := range merged {
						if merged[i] == d {
							merged[i] = c
						}
					}
					if more := quality(e, total, merged); more > q {
						t.Fatalf("%s: %d and %d together have %d; apart %d", a, c, d, more, q)
					}
				}
			}
		}
	}
}

// FuzzGraph makes a flow of every byte, between two of twelve hosts.
func FuzzGraph(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0x12, 0x21, 0x33}, uint8(0))
	f.Add([]byte{0x01, 0x12, 0x23, 0x30, 0x02}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, limit uint8) {
		if len(data) > 60 {
			return
		}
		const n = 12
		var flows []flow
		for i, b := range data {
			start := int64(b) * int64(i) * 50e6
			flows = append(flows, flow{int(b>>4) % n, int(b&15) % n, uint16(b % 5), uint64(i), uint64(b), start, start + int64(i%4)*1e8})
		}
		checkModel(t, n, flows, int(limit%8))
	})
}
