package graph

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// TestGreatStar would take hours if a hub cost the square of its leaves.
func TestGreatStar(t *testing.T) {
	const leaves = 30_000
	for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
		g := New(Options{Metrics: true, Temporal: true, Communities: a})
		for i := range leaves { // half of them ask the hub, which asks the other half
			s, d := host(0), host(i+1)
			if i%2 == 0 {
				s, d = d, s
			}
			g.Add(s, d, 53, 1, 1, int64(i), int64(i))
		}
		if err := g.Finish(context.Background()); err != nil {
			t.Fatal(err)
		}
		for n := range uint32(g.Nodes()) {
			if h := g.Host(n); h.Community != 0 {
				t.Fatalf("%s: %v in community %d", a, g.Node(n), h.Community)
			}
			want := 0.0
			if g.Node(n) == host(0) {
				want = leaves / 2 * leaves / 2 / (float64(leaves) * (leaves - 1))
			}
			if h := g.Host(n); !near(h.Betweenness, want) || h.Clustering != 0 {
				t.Fatalf("%v: betweenness %v, clustering %v; want %v, 0", g.Node(n), h.Betweenness, h.Clustering, want)
			}
		}
	}
}

// diamonds are count diamonds in a row: 2^count shortest paths from end to end, which stand
// beside one more path of the same length.
func diamonds(count int) []flow {
	var pairs [][2]int
	for i := range count {
		a := 3 * i
		pairs = append(pairs, [2]int{a, a + 1}, [2]int{a, a + 2}, [2]int{a + 1, a + 3}, [2]int{a + 2, a + 3})
	}
	side := 3*count + 1
	for i := range 2 * count {
		from := side + i - 1
		if i == 0 {
			from = 0
		}
		pairs = append(pairs, [2]int{from, side + i})
	}
	return links(pairs...)
}

// TestManyPaths has more shortest paths than a float64 can count.
func TestManyPaths(t *testing.T) {
	const count = 1100
	g, _ := build(t, Options{Metrics: true, MaxSources: 1}, diamonds(count))
	n := float64(g.Nodes())
	of, _ := g.Sources()
	if of != 1 {
		t.Fatal(of)
	}
	_, sources := g.Sources()
	scale := float64(sources) / ((n - 1) * (n - 2))
	for i := range uint32(g.Nodes()) {
		a := g.Node(i).Addr
		v := int(a[1])<<16 | int(a[2])<<8 | int(a[3])
		var want float64
		switch {
		case v == 0:
		case v > 3*count: // beside
			want = float64(2*count - (v - 3*count))
		case v%3 == 0: // between diamonds: all that follows
			want = float64(3*count - v)
		default: // one side of a diamond: half of it
			want = float64(3*count-v/3*3-2) / 2
		}
		if got := g.Host(i).Betweenness / scale; math.Abs(got-want) > 1e-9*max(1, want) {
			t.Fatalf("host %d: %v; want %v", v, got, want)
		}
	}
}

// TestWideEqualsPlain compares both ways of counting paths.
func TestWideEqualsPlain(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		g := New(Options{Metrics: true})
		for _, f := range random(rng, 40, 120) {
			g.Add(host(f.s), host(f.d), 0, 1, 1, 0, 0)
		}
		order, rank := g.order()
		out, in, _ := g.adjacency(rank)
		k := reduce(out, in, order)
		plain, wide := newSearcher(k), newSearcher(k)
		for _, s := range k.from {
			plain.run(s)
			q := wide.forth(s.vertex)
			wide.back(q, s.times)
			for _, v := range q {
				wide.x[v], wide.mark[v] = 0, unseen
			}
			for v := range wide.sum {
				if d := plain.sum[v] - wide.sum[v]; math.Abs(d) > 1e-9 {
					t.Fatalf("vertex %d: %v; want %v", v, wide.sum[v], plain.sum[v])
				}
			}
			clear(plain.sum)
			clear(wide.sum)
		}
	}
}

// TestReduceKeepsBetweenness compares with searches of the whole graph.
func TestReduceKeepsBetweenness(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		g := New(Options{Metrics: true})
		n := 2 + rng.IntN(60)
		for _, f := range random(rng, n, n+rng.IntN(2*n)) {
			g.Add(host(f.s), host(f.d), 0, 1, 1, 0, 0)
		}
		order, rank := g.order()
		out, in, _ := g.adjacency(rank)
		whole := &core{out: out, weight: make([]float64, len(order)), leaves: make([]float64, len(order))}
		var sources []uint32
		for v := range order {
			whole.weight[v] = 1
			if rng.IntN(4) > 0 {
				sources = append(sources, uint32(v))
				whole.from = append(whole.from, source{uint32(v), 1})
			}
		}
		want, err := whole.search(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		k := reduce(out, in, sources)
		got, err := k.search(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		of := make([]float64, len(order))
		for i, x := range got {
			of[k.rank[i]] = x
		}
		for v := range want {
			if !near(of[v], want[v]) {
				t.Fatalf("node %d: %v; want %v", v, of[v], want[v])
			}
		}
	}
}

func TestTemporalExtremes(t *testing.T) {
	at := func(starts ...int64) Host {
		g := New(Options{Temporal: true})
		for _, s := range starts {
			g.Add(host(1), host(2), 1, 1, 1, s, s)
		}
		if err := g.Finish(context.Background()); err != nil {
			t.Fatal(err)
		}
		return *g.Host(0)
	}
	const year = int64(365 * 86400e9)
	for _, starts := range [][]int64{
		{0}, {5, 5, 5}, {0, 1e9}, {0, 1e9 + 1}, {math.MinInt64, math.MaxInt64}, {math.MinInt64, 0, math.MaxInt64, math.MaxInt64},
		{-3 * year, 7, 90 * year, 91 * year, 91 * year}, {1.7e18, 1.7e18 + 1, 1.7e18 + 2},
	} {
		if h := at(starts...); !near(h.Spread/max(1, spreadOf(starts)), spreadOf(starts)/max(1, spreadOf(starts))) || h.Burst != burstOf(starts) {
			t.Errorf("%v: spread %v, burst %d; want %v, %d", starts, h.Spread, h.Burst, spreadOf(starts), burstOf(starts))
		}
	}
	// Ten starts 0.9 s apart are two in any second, however long the chain.
	chain := make([]int64, 10)
	for i := range chain {
		chain[i] = int64(i) * 9e8
	}
	if h := at(chain...); h.Burst != 2 {
		t.Errorf("a chain: %d; want 2", h.Burst)
	}
}

// TestMembersForgets has nodes come and go so that heaps fill with names of nodes that left.
func TestMembersForgets(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	const n = 40
	m := newMembers(n)
	for range 20_000 {
		m.move(uint32(rng.IntN(n)), uint32(rng.IntN(3)))
		for c := range uint32(3) {
			want, size := uint32(n), uint32(0)
			for v, of := range m.of {
				if of == c {
					want, size = min(want, uint32(v)), size+1
				}
			}
			if m.size[c] != size {
				t.Fatalf("community %d: size %d; want %d", c, m.size[c], size)
			}
			if len(m.came[c]) > 18+2*n {
				t.Fatalf("community %d: a heap of %d", c, len(m.came[c]))
			}
			if size > 0 && rng.IntN(9) == 0 && m.smallest(c) != want {
				t.Fatalf("community %d: smallest %d; want %d", c, m.smallest(c), want)
			}
		}
	}
}
