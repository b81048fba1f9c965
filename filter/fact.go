package filter

// A fact is what the way to a node tells of a value: at least that its loads succeeded.
type fact struct {
	v      vid
	lo, hi uint32 // inclusive
	zeros  uint32 // bits known to be 0
	ones   uint32 // bits known to be 1
	any    uint32 // if not 0: one of these bits at least is 1
	ne     [4]uint32
	nes    uint8 // entries of ne
}

// maxFacts bounds what is carried along; older facts are forgotten first.
const maxFacts = 24

type facts []fact

func (fs facts) find(v vid) *fact {
	for i := range fs {
		if fs[i].v == v {
			return &fs[i]
		}
	}
	return nil
}

// decide tells the outcome of a test that the facts settle.
func (fs facts) decide(jump uint16, v vid, k uint32) (outcome, known bool) {
	f := fs.find(v)
	if f == nil {
		return false, false
	}
	switch jump {
	case jmpEQ:
		if f.lo == f.hi {
			return f.lo == k, true
		}
		if k < f.lo || k > f.hi || k&f.zeros != 0 || f.ones&^k != 0 || f.any != 0 && k&f.any == 0 {
			return false, true
		}
		for _, ne := range f.ne[:f.nes] {
			if ne == k {
				return false, true
			}
		}
	case jmpGT:
		return f.lo > k, f.lo > k || f.hi <= k
	case jmpGE:
		return f.lo >= k, f.lo >= k || f.hi < k
	case jmpSet:
		switch {
		case f.lo == f.hi:
			return f.lo&k != 0, true
		case k&^f.zeros == 0:
			return false, true
		case k&f.ones != 0, f.any != 0 && f.any&^k == 0:
			return true, true
		}
	}
	return false, false
}

// learn adds the outcome of a test. fs is changed in place and given back.
func (fs facts) learn(jump uint16, v vid, k uint32, outcome bool) facts {
	f := fs.find(v)
	if f == nil {
		if len(fs) == maxFacts {
			fs = append(fs[:0], fs[1:]...)
		}
		fs = append(fs, fact{v: v, hi: 1<<32 - 1})
		f = &fs[len(fs)-1]
	}
	switch {
	case jump == jmpEQ && outcome:
		f.lo, f.hi = k, k
	case jump == jmpEQ:
		if f.lo == k && f.lo < f.hi {
			f.lo++
		}
		copy(f.ne[1:], f.ne[:len(f.ne)-1]) // the newest first
		f.ne[0] = k
		f.nes = min(f.nes+1, uint8(len(f.ne)))
	case jump == jmpGT && outcome:
		f.lo = max(f.lo, k+1)
	case jump == jmpGT:
		f.hi = min(f.hi, k)
	case jump == jmpGE && outcome:
		f.lo = max(f.lo, k)
	case jump == jmpGE:
		f.hi = min(f.hi, k-1)
	case outcome && k&(k-1) == 0:
		f.ones |= k
	case outcome:
		if f.any == 0 || k&^f.any == 0 {
			f.any = k
		}
	default:
		f.zeros |= k
	}
	return fs
}

// forget drops what depends on a scratch register that changes.
func (fs facts) forget(vs *values, reg uint8) facts {
	kept := fs[:0]
	for _, f := range fs {
		if vs.deps[f.v]>>reg&1 == 0 {
			kept = append(kept, f)
		}
	}
	return kept
}

// meet keeps in fs what other says too.
func (fs facts) meet(other facts) facts {
	kept := fs[:0]
	for _, f := range fs {
		o := other.find(f.v)
		if o == nil {
			continue
		}
		f.lo, f.hi = min(f.lo, o.lo), max(f.hi, o.hi)
		f.zeros &= o.zeros
		f.ones &= o.ones
		if f.any != o.any {
			f.any = 0
		}
		n := uint8(0)
		for _, k := range f.ne[:f.nes] {
			for _, l := range o.ne[:o.nes] {
				if k == l {
					f.ne[n] = k
					n++
					break
				}
			}
		}
		f.nes = n
		kept = append(kept, f)
	}
	return kept
}
