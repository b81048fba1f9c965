package parquet

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pinyon/internal/allocs"
)

// FuzzSeries gathers numbers and takes them back in other pieces.
func FuzzSeries(f *testing.F) {
	for _, v := range []float64{0, 1, -1, 255, 256, 1 << 16, 1 << 32, 1 << 53, math.Copysign(0, -1), 0.5, math.Inf(1), math.NaN(), 1e300} {
		f.Add(binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(v)), true, uint16(1500), uint16(7))
		f.Add(binary.LittleEndian.AppendUint64(make([]byte, 8), uint64(int64(min(max(v, -9e18), 9e18)))), false, uint16(3000), uint16(1024))
	}
	f.Add(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.MaxInt64), 1<<63), false, uint16(1024), uint16(2000))
	f.Fuzz(func(t *testing.T, seed []byte, float bool, n, step uint16) {
		var words []int64
		for len(seed) >= 8 {
			words = append(words, int64(binary.LittleEndian.Uint64(seed)))
			seed = seed[8:]
		}
		if len(words) == 0 {
			return
		}
		var want []int64
		for i := range int(n) {
			want = append(want, words[i%len(words)])
		}
		var st store
		s := series{float: float}
		for range 2 { // with used memory too
			for from := 0; from < len(want); from += 700 {
				s.append(&st, slices.Clone(want[from:min(len(want), from+700)]))
			}
			if s.len() != len(want) {
				t.Fatalf("%d values; want %d", s.len(), len(want))
			}
			var r cursor
			r.reset(&s)
			var got []int64
			for len(got) < len(want) {
				got = append(got, r.take(min(int(step)+1, len(want)-len(got)))...)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v; want %v", got, want)
			}
			s.reset()
			st.reset()
		}
	})
}

func TestPackedWidth(t *testing.T) {
	for _, c := range []struct {
		last  int64
		width uint8
	}{{0, 0}, {255, 1}, {256, 2}, {1 << 16, 4}, {1 << 32, 8}, {-1, 1}, {math.MinInt64, 8}} {
		var st store
		v := make([]int64, blockValues)
		v[blockValues-1] = c.last
		if b := pack(&st, v, false); b.width != c.width {
			t.Errorf("0 to %d: %d bytes a value; want %d", c.last, b.width, c.width)
		}
	}
}

func TestRecycler(t *testing.T) {
	var r recycler
	a := r.Allocate(100)
	for i := range a {
		a[i] = 1
	}
	a = r.Reallocate(300, a)
	if len(a) != 300 || a[99] != 1 || a[100] != 0 {
		t.Error("Reallocate lost or found something")
	}
	r.Free(a)
	if b := r.Allocate(257); &b[0] != &a[0] || slices.Max(b) != 0 {
		t.Error("memory did not come back, or not empty")
	}
	if n := allocs.PerRun(t, 10, func() { r.Free(r.Allocate(4096)) }); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
	r.Free(nil)
	r.Free(r.Allocate(0))
}
