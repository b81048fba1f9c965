package gate

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// number is an address as the number that it is.
type number struct{ hi, lo uint64 }

func numberOf(a netip.Addr) number {
	b := a.As16()
	return number{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (n number) less(m number) bool { return n.hi < m.hi || n.hi == m.hi && n.lo < m.lo }

// span is the addresses from one to another, both included.
type span struct{ first, last number }

// ranges are spans of each family in order, none of which touches another.
type ranges struct{ v4, v6 []span }

// rangesOf joins prefixes that overlap.
func rangesOf(list []netip.Prefix) (r ranges) {
	for _, p := range list {
		if !p.IsValid() {
			continue
		}
		p = p.Masked()
		s := span{numberOf(p.Addr()), numberOf(lastOf(p))}
		if p.Addr().Is4() {
			r.v4 = append(r.v4, s)
		} else {
			r.v6 = append(r.v6, s)
		}
	}
	return ranges{joined(r.v4), joined(r.v6)}
}

// joined are spans that lie within each other or apart, without those that lie in others.
func joined(list []span) []span {
	slices.SortFunc(list, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.first.hi, b.first.hi), cmp.Compare(a.first.lo, b.first.lo), cmp.Compare(b.last.hi, a.last.hi), cmp.Compare(b.last.lo, a.last.lo))
	})
	apart := list[:0]
	for _, s := range list {
		if n := len(apart); n == 0 || apart[n-1].last.less(s.first) {
			apart = append(apart, s)
		}
	}
	return apart
}

// lastOf is the highest address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func (r *ranges) some() bool { return len(r.v4)+len(r.v6) > 0 }

// hold reports whether one of the spans has the address. The zero Addr is in none.
func (r *ranges) hold(a netip.Addr) bool {
	list := r.v6
	if a.Is4() {
		list = r.v4
	}
	if len(list) == 0 || !a.IsValid() {
		return false
	}
	n, lo, hi := numberOf(a), 0, len(list)
	for lo < hi { // the first span behind n
		if mid := (lo + hi) / 2; n.less(list[mid].first) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo > 0 && !list[lo-1].last.less(n)
}
