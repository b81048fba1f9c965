package http2

import "sort"

// maxRuns bounds a set of streams to 16 KiB.
const maxRuns = 2048

// runs is a set of numbers as ordered runs of consecutive ones. An endpoint numbers the
// streams it opens upward with one parity (RFC 9113, section 5.1.1), so the streams of a
// connection are very few runs whatever their number. The set is exact up to maxRuns runs;
// once it has them, numbers that touch no run are left out.
type runs []run

type run struct{ from, to uint32 } // both inside

func (s *runs) add(v uint32) {
	r := *s
	if n := len(r); n > 0 && r[n-1].from <= v { // the usual case, at the end
		if v <= r[n-1].to {
			return
		}
		if v == r[n-1].to+1 {
			r[n-1].to = v
			return
		}
	}
	i := sort.Search(len(r), func(i int) bool { return r[i].to >= v })
	if i < len(r) && r[i].from <= v {
		return
	}
	before := i > 0 && r[i-1].to+1 == v
	after := i < len(r) && r[i].from == v+1
	switch {
	case before && after:
		r[i-1].to = r[i].to
		*s = append(r[:i], r[i+1:]...)
	case before:
		r[i-1].to = v
	case after:
		r[i].from = v
	case len(r) < maxRuns:
		r = append(r, run{})
		copy(r[i+1:], r[i:])
		r[i] = run{v, v}
		*s = r
	}
}

func (s runs) count() (n int64) {
	for _, r := range s {
		n += int64(r.to-r.from) + 1
	}
	return n
}
