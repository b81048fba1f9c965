package engine

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/internal/gen"
	"pinyon/internal/groups"
	"pinyon/packet"
)

// connections is the traffic of several pairs of ports at once, and of each connection how
// many packets it has and which is the first and the last.
func connections(rng *rand.Rand, pairs, each int) (frames []packet.Frame, want []string) {
	type segment struct {
		gen.Segment
		pair int
	}
	var all []segment
	for pair := range pairs {
		shift := rng.Int64N(10e9)
		for _, s := range gen.Connections(rng, each) {
			s.At += shift + 1_700_000_000e9
			all = append(all, segment{s, pair})
		}
	}
	slices.SortStableFunc(all, func(a, b segment) int { return cmp.Compare(a.At, b.At) })
	type row struct{ n, first, last int }
	rows := map[[2]int]*row{}
	for i, s := range all {
		r := rows[[2]int{s.pair, s.Connection}]
		if r == nil {
			r = &row{first: i + 1}
			rows[[2]int{s.pair, s.Connection}] = r
		}
		r.n, r.last = r.n+1, i+1
		a := &gen.Host{Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(s.pair)}), Port: uint16(40000 + s.pair), TTL: 64}
		b := &gen.Host{Addr: netip.AddrFrom4([4]byte{10, 0, 1, 1}), Port: 443, TTL: 60}
		if !s.Client {
			a, b = b, a
		}
		data := (&gen.TCP{IP: gen.IP{Src: a, Dst: b}, Flags: s.Flags, Seq: s.Seq, Ack: s.Ack, Window: 500, Payload: make([]byte, s.Len)}).Append(nil)
		frames = append(frames, packet.Frame{Data: data, TS: s.At, Wire: uint32(len(data)), Link: 1})
	}
	for _, r := range rows {
		want = append(want, fmt.Sprint(*r))
	}
	slices.Sort(want)
	return frames, want
}

// TestConnections holds the rows of generated connections against what is known of them, for
// any number of workers, in the same bytes; and asks that all that was held back is counted.
func TestConnections(t *testing.T) {
	for seed := range uint64(10) {
		frames, want := connections(rand.New(rand.NewPCG(seed, 3)), 60, 5)
		var bytes []byte
		for _, workers := range []int{1, 2, 8} {
			o := testOptions(t, func(_ *groups.Options, o *Options) { o.Flow.Timeout = 1000e9 })
			o.Workers = workers
			var got []string
			ins := []Input{input("a", frames)}
			r, err := run(context.Background(), ins, o, func(b *column.Batch) error {
				for i := range b.Rows {
					r := b.Row(i)
					got = append(got, fmt.Sprintf("{%d %d %d}", r.Int("total_packets"), r.Int("first_packet"), r.Int("last_packet")))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("seed %d, %d workers: rows %v; want %v", seed, workers, got, want)
			}
			rep := &r.Reports()[0]
			if rep.InRows != rep.Records || rep.Held.Held == 0 || rep.Held.Began == 0 || rep.Held.Began >= rep.Held.Held || rep.Held.Forced != 0 {
				t.Errorf("seed %d, %d workers: %+v", seed, workers, rep)
			}
			all, _ := output(t, ins, o)
			if bytes == nil {
				bytes = all
			}
			if string(all) != string(bytes) {
				t.Errorf("seed %d: %d workers give other bytes than 1", seed, workers)
			}
		}
	}
}
