package graph

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"pinyon/internal/stat"
)

// second is the width of the window of Host.Burst.
const second = 1_000_000_000

// openings are the starts of all flows: 12 bytes each, until Finish.
type openings struct {
	src   []uint32
	start []int64
}

func (o *openings) add(src uint32, start int64) {
	o.src = append(o.src, src)
	o.start = append(o.start, start)
}

// temporal fills Rate, Spread and Burst of every host. Each source's starts are sorted
// once: O(F log F) for F flows.
func (g *Graph) temporal(ctx context.Context) error {
	at := make([]int, len(g.hosts)+1)
	for _, s := range g.opened.src {
		at[s+1]++
	}
	next := starts(at)
	sorted := make([]int64, len(g.opened.start))
	for i, s := range g.opened.src {
		sorted[next[s]] = g.opened.start[i]
		next[s]++
	}
	g.opened = openings{}
	p := pulse{ctx: ctx}
	for i := range g.hosts {
		h := &g.hosts[i]
		own := sorted[at[i]:at[i+1]]
		if err := p.beat(len(own)); err != nil {
			return err
		}
		if len(own) == 0 {
			continue
		}
		slices.Sort(own)
		if h.last > h.first {
			h.Rate = float64(h.OutFlows) * second / float64(since(h.first, h.last))
		}
		h.Spread, h.Burst = spread(own), burst(own)
	}
	return nil
}

// since is b − a for b ≥ a, which need not fit an int64.
func since(a, b int64) uint64 { return uint64(b) - uint64(a) }

// burst is the greatest number of the ascending starts in one closed second.
func burst(starts []int64) uint32 {
	most, from := 0, 0
	for i, t := range starts {
		for since(starts[from], t) > second {
			from++
		}
		most = max(most, i-from+1)
	}
	return uint32(most)
}

// spread is the population standard deviation of the ascending starts, in seconds. It is
// exact up to its last roundings as long as the squares fit 128 bits, which those of a
// million flows in half a year do.
func spread(starts []int64) float64 {
	n, first := uint64(len(starts)), starts[0]
	var hi, lo uint64
	for _, t := range starts {
		var c uint64
		lo, c = bits.Add64(lo, since(first, t), 0)
		hi += c
	}
	mean, rest := bits.Div64(hi, lo, n) // hi < n: a sum of n values below 2⁶⁴
	if span := since(first, starts[len(starts)-1]); 2*bits.Len64(span)+bits.Len64(n) > 128 {
		var sum float64
		for _, t := range starts {
			d := (float64(since(first, t)) - float64(mean)) / second
			sum += d * d
		}
		return math.Sqrt(sum / float64(n))
	}
	var squares stat.Sum128
	for _, t := range starts {
		d := since(first, t) - mean
		if int64(d) < 0 {
			d = -d
		}
		squares.AddSquare(d)
	}
	return stat.Std(n, rest, squares, second) // the deviations from mean add up to rest
}
