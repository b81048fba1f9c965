package filter

// A vid names a value: a number computed from the packet, always the same way. Equal
// computations have the same vid, so knowledge of one is knowledge of all. 0 is none.
type vid int32

type valueOp uint8

const (
	vConst valueOp = iota + 1 // k
	vLen                      // length of the packet on the wire
	vLoad                     // size bytes at a+k, big endian; a may be 0
	vMSH                      // four times the low nibble of the byte at k: an IPv4 header's length
	vMem                      // scratch register k
	vNeg                      // -a
	vBin                      // a alu b
	vCmp                      // a jump b: what is known of two values; never computed
)

type value struct {
	op   valueOp
	size uint8
	alu  uint16 // ALU operation of vBin, jump of vCmp
	a, b vid
	k    uint32
}

// values holds each value once.
type values struct {
	list  []value  // by vid; list[0] is unused
	deps  []uint16 // scratch registers that the value reads, by vid
	index map[value]vid
	form  form
}

// A form is how far values are simplified.
type form uint8

const (
	asWritten form = iota // not at all
	computed              // constants are computed
	folded                // and neutral operands taken out
	dropped               // and, with their loads, operands that decide nothing: x & 0 is 0
)

func newValues(f form) values {
	return values{list: make([]value, 1, 64), deps: make([]uint16, 1, 64), index: make(map[value]vid, 64), form: f}
}

func (vs *values) intern(v value) vid {
	if id, ok := vs.index[v]; ok {
		return id
	}
	id := vid(len(vs.list))
	d := vs.deps[v.a] | vs.deps[v.b]
	if v.op == vMem {
		d = 1 << v.k
	}
	vs.list = append(vs.list, v)
	vs.deps = append(vs.deps, d)
	vs.index[v] = id
	return id
}

func (vs *values) constant(k uint32) vid { return vs.intern(value{op: vConst, k: k}) }
func (vs *values) length() vid           { return vs.intern(value{op: vLen}) }
func (vs *values) mem(r uint8) vid       { return vs.intern(value{op: vMem, k: uint32(r)}) }
func (vs *values) msh(k uint32) vid      { return vs.intern(value{op: vMSH, k: k}) }

// isConst gives the number behind a constant.
func (vs *values) isConst(v vid) (uint32, bool) {
	return vs.list[v].k, v != 0 && vs.list[v].op == vConst
}

// load is size bytes at base+k. A constant in the base moves into k, where a negative one
// reaches before the header: ip[-1] is the byte before it.
func (vs *values) load(base vid, k uint32, size uint8) vid {
	if vs.form == asWritten {
		return vs.intern(value{op: vLoad, size: size, a: base, k: k})
	}
	if c, ok := vs.isConst(base); ok && foldable(c, k) {
		base, k = 0, k+c
	} else if b := vs.list[base]; base != 0 && b.op == vBin && b.alu == aluAdd {
		if c, ok := vs.isConst(b.b); ok && foldable(c, k) {
			base, k = b.a, k+c
		}
	}
	return vs.intern(value{op: vLoad, size: size, a: base, k: k})
}

// foldable reports whether c, as a signed number, may be added to the offset k beforehand.
func foldable(c, k uint32) bool {
	at := int64(int32(c)) + int64(k)
	return at >= 0 && at <= 1<<31-1
}

// sure reports whether v can be computed of every packet.
func (vs *values) sure(v vid) bool {
	if v == 0 {
		return true
	}
	switch n := vs.list[v]; n.op {
	case vConst, vLen, vMem:
		return true
	case vNeg:
		return vs.sure(n.a)
	case vBin:
		_, ok := vs.isConst(n.b)
		return vs.sure(n.a) && vs.sure(n.b) && (ok || n.alu != aluDiv && n.alu != aluMod)
	}
	return false
}

// nowhere is an offset that no packet has.
const nowhere = 1<<31 - 16

// number gives the number that v is for every packet.
func (vs *values) number(v vid) (uint32, bool) {
	switch n := vs.list[v]; n.op {
	case vConst:
		return n.k, true
	case vNeg:
		k, ok := vs.number(n.a)
		return -k, ok
	case vBin:
		a, aok := vs.number(n.a)
		b, bok := vs.number(n.b)
		if aok && bok {
			return alu(n.alu, a, b)
		}
	}
	return 0, false
}

// neg is -a.
func (vs *values) neg(a vid) vid {
	if k, ok := vs.isConst(a); ok && vs.form != asWritten {
		return vs.constant(-k)
	}
	return vs.intern(value{op: vNeg, a: a})
}

// bin is a op b. A constant operand comes second if the order does not matter.
func (vs *values) bin(op uint16, a, b vid) vid {
	if vs.form == asWritten {
		return vs.intern(value{op: vBin, alu: op, a: a, b: b})
	}
	x, xok := vs.isConst(a)
	y, yok := vs.isConst(b)
	if yok {
		// What is written so is an error; what turns out to be refuses the packet, or is 0.
		switch {
		case y == 0 && (op == aluDiv || op == aluMod):
			return vs.load(0, nowhere, 1)
		case y > 31 && (op == aluLsh || op == aluRsh):
			op, b, y = aluAnd, vs.constant(0), 0
		}
	}
	if xok && yok {
		if r, ok := alu(op, x, y); ok {
			return vs.constant(r)
		}
	}
	commutes := op == aluAdd || op == aluMul || op == aluAnd || op == aluOr || op == aluXor
	if xok && commutes {
		a, b, x, y, xok, yok = b, a, y, x, yok, xok
	}
	if vs.form == dropped && (yok && y == 0 && (op == aluMul || op == aluAnd) ||
		xok && x == 0 && (op == aluDiv || op == aluMod || op == aluLsh || op == aluRsh)) {
		return vs.constant(0)
	}
	if vs.form >= folded {
		switch {
		case yok && y == 0 && (op == aluAdd || op == aluSub || op == aluOr || op == aluXor || op == aluLsh || op == aluRsh),
			yok && y == 1 && (op == aluMul || op == aluDiv),
			yok && y == 1<<32-1 && op == aluAnd:
			return a
		}
		if yok && op == aluSub {
			op, b, y = aluAdd, vs.constant(-y), -y
		}
		// Two constants in a row become one.
		if l := vs.list[a]; yok && l.op == vBin && l.alu == op && (op == aluAdd || op == aluAnd || op == aluOr || op == aluXor) {
			if c, ok := vs.isConst(l.b); ok {
				r, _ := alu(op, c, y)
				return vs.bin(op, l.a, vs.constant(r))
			}
		}
	}
	return vs.intern(value{op: vBin, alu: op, a: a, b: b})
}

// A folder computes values anew, in another form.
type folder struct {
	from, to *values
	known    []vid
}

func (f *folder) value(v vid) vid {
	if v == 0 || f.known[v] != 0 {
		return f.known[v]
	}
	n := f.from.list[v]
	var r vid
	switch n.op {
	case vLoad:
		r = f.to.load(f.value(n.a), n.k, n.size)
	case vNeg:
		r = f.to.neg(f.value(n.a))
	case vBin:
		r = f.to.bin(n.alu, f.value(n.a), f.value(n.b))
	default:
		r = f.to.intern(n)
	}
	f.known[v] = r
	return r
}

// alu computes a op b as classic BPF does; false if that refuses the packet.
func alu(op uint16, a, b uint32) (uint32, bool) {
	switch op {
	case aluAdd:
		return a + b, true
	case aluSub:
		return a - b, true
	case aluMul:
		return a * b, true
	case aluDiv:
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case aluMod:
		if b == 0 {
			return 0, false
		}
		return a % b, true
	case aluAnd:
		return a & b, true
	case aluOr:
		return a | b, true
	case aluXor:
		return a ^ b, true
	case aluLsh:
		return a << b, true // 0 from 32 on
	default:
		return a >> b, true
	}
}
