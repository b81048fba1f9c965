package process

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pinyon/packet"
)

// TestQueue holds the queue against a list of copies.
func TestQueue(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		q := newQueue(1+rng.IntN(40), 1+rng.IntN(4000))
		var want [][]byte
		inUse := 0
		for range 3000 {
			if rng.IntN(2) == 0 {
				data := make([]byte, rng.IntN(200)*rng.IntN(2))
				for i := range data {
					data[i] = byte(rng.Uint32())
				}
				f := packet.Frame{Data: bytes.Clone(data)}
				h := q.push(&f)
				clear(f.Data) // the queue has a copy
				if h != nil {
					want = append(want, data)
					inUse += len(data)
				} else if q.n < len(q.items) && inUse+2*len(data)+2*len(want) < len(q.data)/2 {
					t.Fatalf("no room for %d beside %d of %d", len(data), inUse, len(q.data))
				}
			} else if len(want) > 0 {
				var f packet.Frame
				q.pop(&f)
				if !bytes.Equal(f.Data, want[0]) {
					t.Fatalf("seed %d: got %x, want %x", seed, f.Data, want[0])
				}
				inUse -= len(want[0])
				want = want[1:]
			}
			if q.n != len(want) || (q.head() == nil) != (len(want) == 0) {
				t.Fatalf("seed %d: %d in the queue, want %d", seed, q.n, len(want))
			}
		}
	}
}
