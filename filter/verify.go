package filter

import "fmt"

// verify checks what the kernel checks before it takes a program: known operations, jumps
// forward and inside, scratch registers that exist, no division by a constant zero, a
// return at the end. With loops an unconditional jump may lead back.
func verify(code []Instruction, loops bool) error {
	n := uint64(len(code))
	bad := func(i int, what string) error {
		return fmt.Errorf("BUG: instruction %d (%#02x): %s", i, code[i].Op, what)
	}
	if n == 0 || code[n-1].Op&7 != classRET {
		return fmt.Errorf("BUG: no return at the end")
	}
	for i, in := range code {
		left := n - uint64(i) - 1
		switch in.Op {
		case classLD | modeIMM, classLD | sizeW | modeABS, classLD | sizeH | modeABS, classLD | sizeB | modeABS,
			classLD | sizeW | modeIND, classLD | sizeH | modeIND, classLD | sizeB | modeIND, classLD | modeLEN,
			classLDX | modeIMM, classLDX | modeLEN, classLDX | sizeB | modeMSH,
			classALU | aluNeg, classMISC | miscTAX, classMISC | miscTXA, classRET:
		case classLD | modeMEM, classLDX | modeMEM, classST, classSTX:
			if in.K >= scratchWords {
				return bad(i, "no such scratch register")
			}
		case classALU | aluAdd, classALU | aluSub, classALU | aluMul, classALU | aluAnd, classALU | aluOr, classALU | aluXor,
			classALU | aluAdd | srcX, classALU | aluSub | srcX, classALU | aluMul | srcX, classALU | aluAnd | srcX,
			classALU | aluOr | srcX, classALU | aluXor | srcX, classALU | aluDiv | srcX, classALU | aluMod | srcX,
			classALU | aluLsh | srcX, classALU | aluRsh | srcX:
		case classALU | aluDiv, classALU | aluMod:
			if in.K == 0 {
				return bad(i, "division by zero")
			}
		case classALU | aluLsh, classALU | aluRsh:
			if in.K > 31 {
				return bad(i, "shift by more than 31")
			}
		case classJMP | jmpA:
			back := loops && int64(int32(in.K)) < 0 && int64(i)+1+int64(int32(in.K)) >= 0
			if !back && uint64(in.K) >= left {
				return bad(i, "jump outside")
			}
		case classJMP | jmpEQ, classJMP | jmpGT, classJMP | jmpGE, classJMP | jmpSet,
			classJMP | jmpEQ | srcX, classJMP | jmpGT | srcX, classJMP | jmpGE | srcX, classJMP | jmpSet | srcX:
			if uint64(in.Jt) >= left || uint64(in.Jf) >= left {
				return bad(i, "jump outside")
			}
		default:
			return bad(i, "unknown operation")
		}
	}
	return nil
}
