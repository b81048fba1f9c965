package graph

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A traffic is a way hosts choose whom to ask.
type traffic struct {
	name string
	pair func(rng *rand.Rand, n int) (s, d int)
}

var traffics = []traffic{
	{"star", func(rng *rand.Rand, n int) (int, int) { // one hub asks and is asked
		if v := 1 + rng.IntN(n-1); rng.IntN(2) == 0 {
			return 0, v
		} else {
			return v, 0
		}
	}},
	{"servers", func(rng *rand.Rand, n int) (int, int) { // clients of 20 hubs, which ask each other
		if rng.IntN(100) == 0 {
			return rng.IntN(20), rng.IntN(20)
		}
		return rng.IntN(n), rng.IntN(20)
	}},
	{"power", func(rng *rand.Rand, n int) (int, int) { // few ask and are asked much, the most little
		f := func() int { return int(math.Pow(float64(n), rng.Float64())) - 1 }
		return f(), f()
	}},
	{"uniform", func(rng *rand.Rand, n int) (int, int) { return rng.IntN(n), rng.IntN(n) }},
}

func (tr traffic) flows(n, count int) []flow {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(count)))
	flows := make([]flow, count)
	for i := range flows {
		s, d := tr.pair(rng, n)
		start := int64(i) * 1e6
		flows[i] = flow{s, d, uint16(1 + rng.IntN(100)), 5, 500, start, start + 1e9}
	}
	return flows
}

func BenchmarkAdd(b *testing.B) {
	for _, tr := range traffics {
		flows := tr.flows(100_000, 1_000_000)
		b.Run("traffic="+tr.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g := New(all)
				for _, f := range flows {
					g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(flows)), "ns/flow")
		})
	}
}

// BenchmarkFinish takes 10⁶ flows among 10⁴ and 10⁵ hosts; betweenness from 100 sources,
// of which it takes a hundred times as long by default.
func BenchmarkFinish(b *testing.B) {
	for _, tr := range traffics {
		for _, n := range []int{10_000, 100_000} {
			flows := tr.flows(n, 1_000_000)
			for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
				b.Run(fmt.Sprintf("traffic=%s/nodes=%d/communities=%s", tr.name, n, a), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						g := New(Options{Metrics: true, Temporal: true, Communities: a, MaxSources: 100})
						for _, f := range flows {
							g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
						}
						b.StartTimer()
						if err := g.Finish(context.Background()); err != nil {
							b.Fatal(err)
						}
						b.ReportMetric(float64(g.Edges()), "edges")
					}
				})
			}
		}
	}
}

// BenchmarkSearch is one search of betweenness among 10⁵ hosts.
func BenchmarkSearch(b *testing.B) {
	for _, tr := range traffics {
		g := New(all)
		for _, f := range tr.flows(100_000, 1_000_000) {
			g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
		}
		order, rank := g.order()
		out, in, _ := g.adjacency(rank)
		k := reduce(out, in, spaced(order, 10_000))
		b.Run("traffic="+tr.name, func(b *testing.B) {
			b.ReportAllocs()
			s, i := newSearcher(k), 0
			for b.Loop() {
				s.run(k.from[i%len(k.from)])
				i++
			}
			b.ReportMetric(float64(len(k.out.to)), "edges")
		})
	}
}
