package graph

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
)

// patient is a context that ends when it was asked for its error so many times.
type patient struct {
	context.Context
	asks, after int
}

func (p *patient) Err() error {
	if p.asks++; p.asks > p.after {
		return context.Canceled
	}
	return nil
}

// TestFinishStops: whenever its context ends, Finish does, whatever it is at; and in every step of
// it the context is asked for.
func TestFinishStops(t *testing.T) {
	flows := random(rand.New(rand.NewPCG(1, 2)), 400, 60000)
	for _, a := range []Algorithm{Louvain, Greedy, LabelPropagation} {
		o := Options{Metrics: true, Temporal: true, Communities: a, MaxSources: 3, Workers: 1}
		fill := func() *Graph {
			g := New(o)
			for _, f := range flows {
				g.Add(host(f.s), host(f.d), f.dport, f.packets, f.bytes, f.start, f.end)
			}
			return g
		}
		all := &patient{Context: t.Context(), after: 1 << 30}
		if err := fill().Finish(all); err != nil {
			t.Fatal(err)
		}
		if all.asks < 8 { // betweenness asks 4 times for 3 sources, clustering and communities for their work
			t.Errorf("%v: the context was asked %d times", a, all.asks)
		}
		for n := range all.asks {
			if err := fill().Finish(&patient{Context: t.Context(), after: n}); !errors.Is(err, context.Canceled) {
				t.Errorf("%v: stopped at question %d of %d: error %v", a, n, all.asks, err)
			}
		}
	}
}
