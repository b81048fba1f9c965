package groups

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestStampLog compares with a plain list, over numbers that ascend, jump back, jump over
// half the space, and repeat.
func TestStampLog(t *testing.T) {
	type entry struct {
		num  uint32
		time int64
	}
	r := rand.New(rand.NewPCG(5, 6))
	var p stampPools
	for k := range 3000 {
		var s stampLog
		var list []entry
		num := r.Uint32()
		size := []int{6, 40, 300, 3000}[min(k%8, 3)]
		if size == 3000 && k%200 != 3 {
			size = 12
		}
		jumps := []int{1, 3, 20}[k%3]
		for now := range int64(size) {
			switch r.IntN(30) {
			case 0:
				num -= uint32(r.IntN(100))
			case 1:
				if r.IntN(jumps) > 0 {
					num += 1 << 30
				}
			case 2:
				if r.IntN(jumps) > 0 {
					num += 1<<31 - 1 + uint32(r.IntN(3))
				}
			default:
				num += uint32(r.IntN(3))
			}
			pick := num + uint32(r.IntN(3)) - 1
			if len(list) > 0 && r.IntN(2) == 0 {
				pick = list[r.IntN(len(list))].num
			}
			has := slices.ContainsFunc(list, func(e entry) bool { return e.num == pick })
			at, ok := p.find(&s, pick)
			if ok != has || ok && !slices.Contains(list, entry{pick, at}) {
				t.Fatalf("log %d: find %d: %d, %v; want %v", k, pick, at, ok, has)
			}
			switch op := r.IntN(100); {
			case op < 60:
				has := slices.ContainsFunc(list, func(e entry) bool { return e.num == num })
				p.remember(&s, num, now)
				if !has {
					list = append(list, entry{num, now})
				}
			case op < 85:
				p.push(&s, num, now)
				list = append(list, entry{num, now})
			case op < 85+jumps/2 && s.n > 0:
				if at, ok := p.upTo(&s, pick); ok != has || ok && !slices.Contains(list, entry{pick, at}) {
					t.Fatalf("log %d: up to %d: %d, %v; want %v", k, pick, at, ok, has)
				}
				list = slices.DeleteFunc(list, func(e entry) bool { return int32(e.num-pick) <= 0 })
			case op > 97 && s.n > 0:
				n := uint32(r.IntN(5))
				p.remove(&s, pick, n)
				list = slices.DeleteFunc(list, func(e entry) bool { return e.num-pick < n })
			}
			if len(list) > maxStamps {
				list = list[1:]
			}
			if int(s.n) != len(list) {
				t.Fatalf("log %d: %d entries, want %d", k, s.n, len(list))
			}
			if s.n == 0 {
				continue
			}
			ring := p.ring(&s)
			for i, e := range list {
				if g := ring[(int(s.head)+i)&(len(ring)-1)]; g.num != e.num || g.time() != e.time {
					t.Fatalf("log %d: entry %d is %+v, want %+v", k, i, g, e)
				}
			}
		}
		p.put(&s)
	}
	if p.few.Live()+p.some.Live()+p.most.Live() != 0 {
		t.Error("rings not given back")
	}
}
