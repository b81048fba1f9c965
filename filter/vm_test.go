package filter

// interpret runs a program as the paper defines it, an instruction at a time: a second
// opinion on the matcher, and what runs the programs of others. beside is what the kernel
// knows beside the frame, by offset.
func interpret(code []Instruction, data []byte, wire uint32, beside map[uint32]uint32) bool {
	match, _ := run(code, data, wire, beside)
	return match
}

// run is interpret, and tells whether the program came to its end: no load was behind the
// captured bytes, nothing was divided by zero.
func run(code []Instruction, data []byte, wire uint32, beside map[uint32]uint32) (match, ended bool) {
	var a, x uint32
	var mem [scratchWords]uint32
	fetch := func(base, k uint32, size int) (uint32, bool) {
		at := uint64(base) + uint64(k)
		if at+uint64(size) > uint64(len(data)) {
			return 0, false
		}
		v := uint32(0)
		for _, b := range data[at:][:size] {
			v = v<<8 | uint32(b)
		}
		return v, true
	}
	for pc, turns := 0, 0; turns < 1<<22; turns++ {
		in := code[pc]
		pc++
		ok := true
		size := map[uint16]int{sizeB: 1, sizeH: 2, sizeW: 4}[in.Op&0x18]
		src := in.K
		if in.Op&srcX != 0 {
			src = x
		}
		switch in.Op & 7 {
		case classLD:
			switch in.Op & 0xe0 {
			case modeIMM:
				a = in.K
			case modeABS:
				if a, ok = beside[in.K]; !ok {
					a, ok = fetch(0, in.K, size)
				}
			case modeIND:
				a, ok = fetch(x, in.K, size)
			case modeMEM:
				a = mem[in.K]
			case modeLEN:
				a = wire
			}
		case classLDX:
			switch in.Op & 0xe0 {
			case modeIMM:
				x = in.K
			case modeMEM:
				x = mem[in.K]
			case modeLEN:
				x = wire
			case modeMSH:
				x, ok = fetch(0, in.K, 1)
				x = x & 15 * 4
			}
		case classST:
			mem[in.K] = a
		case classSTX:
			mem[in.K] = x
		case classALU:
			switch in.Op & 0xf0 {
			case aluAdd:
				a += src
			case aluSub:
				a -= src
			case aluMul:
				a *= src
			case aluDiv:
				if ok = src != 0; ok {
					a /= src
				}
			case aluMod:
				if ok = src != 0; ok {
					a %= src
				}
			case aluAnd:
				a &= src
			case aluOr:
				a |= src
			case aluXor:
				a ^= src
			case aluLsh:
				a <<= src
			case aluRsh:
				a >>= src
			case aluNeg:
				a = -a
			}
		case classJMP:
			yes := false
			switch in.Op & 0xf0 {
			case jmpA:
				pc += int(int32(in.K))
				continue
			case jmpEQ:
				yes = a == src
			case jmpGT:
				yes = a > src
			case jmpGE:
				yes = a >= src
			case jmpSet:
				yes = a&src != 0
			}
			if yes {
				pc += int(in.Jt)
			} else {
				pc += int(in.Jf)
			}
		case classRET:
			return in.K != 0, true
		case classMISC:
			if in.Op == classMISC|miscTAX {
				x = a
			} else {
				a = x
			}
		}
		if !ok {
			return false, false
		}
	}
	return false, false
}
