package filter

import (
	"bufio"
	"fmt"
	"io"
)

// Dump writes the program as tcpdump -d does, an instruction a line.
func (p *Program) Dump(w io.Writer) error {
	b := bufio.NewWriter(w)
	for i, in := range p.code {
		name, operand := mnemonic(in)
		if in.Op == classJMP|jmpA {
			operand = fmt.Sprint(i + 1 + int(int32(in.K)))
		}
		if in.Op&7 == classJMP && in.Op != classJMP|jmpA {
			fmt.Fprintf(b, "(%03d) %-8s %-16s jt %d\tjf %d\n", i, name, operand, i+1+int(in.Jt), i+1+int(in.Jf))
		} else {
			fmt.Fprintf(b, "(%03d) %-8s %s\n", i, name, operand)
		}
	}
	return b.Flush()
}

// DumpC writes the program as tcpdump -dd does: initializers of an array of struct bpf_insn.
func (p *Program) DumpC(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, in := range p.code {
		fmt.Fprintf(b, "{ 0x%x, %d, %d, 0x%08x },\n", in.Op, in.Jt, in.Jf, in.K)
	}
	return b.Flush()
}

// DumpDecimal writes the program as tcpdump -ddd does: how many instructions, then each as
// four decimal numbers.
func (p *Program) DumpDecimal(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, len(p.code))
	for _, in := range p.code {
		fmt.Fprintln(b, in.Op, in.Jt, in.Jf, in.K)
	}
	return b.Flush()
}

var aluNames = map[uint16]string{
	aluAdd: "add", aluSub: "sub", aluMul: "mul", aluDiv: "div", aluMod: "mod", aluOr: "or",
	aluAnd: "and", aluXor: "xor", aluLsh: "lsh", aluRsh: "rsh", aluNeg: "neg",
}

var jumpNames = map[uint16]string{jmpA: "ja", jmpEQ: "jeq", jmpGT: "jgt", jmpGE: "jge", jmpSet: "jset"}

func mnemonic(in Instruction) (name, operand string) {
	switch in.Op & 7 {
	case classLD, classLDX:
		return load(in)
	case classST:
		return "st", fmt.Sprintf("M[%d]", in.K)
	case classSTX:
		return "stx", fmt.Sprintf("M[%d]", in.K)
	case classALU:
		name = aluNames[in.Op&0xf0]
		switch {
		case in.Op == classALU|aluNeg:
			return name, ""
		case in.Op&srcX != 0:
			return name, "x"
		}
		switch in.Op & 0xf0 {
		case aluAnd, aluOr, aluXor:
			return name, fmt.Sprintf("#0x%x", in.K)
		}
		return name, fmt.Sprintf("#%d", in.K)
	case classJMP:
		if name = jumpNames[in.Op&0xf0]; in.Op&srcX != 0 {
			return name, "x"
		}
		return name, fmt.Sprintf("#0x%x", in.K)
	case classRET:
		return "ret", fmt.Sprintf("#%d", in.K)
	}
	if in.Op == classMISC|miscTAX {
		return "tax", ""
	}
	return "txa", ""
}

func load(in Instruction) (name, operand string) {
	name = "ld"
	if in.Op&7 == classLDX {
		name = "ldx"
	}
	switch in.Op & 0x18 {
	case sizeH:
		name += "h"
	case sizeB:
		name += "b"
	}
	switch in.Op & 0xe0 {
	case modeIMM:
		operand = fmt.Sprintf("#0x%x", in.K)
	case modeABS:
		if operand = adNames[in.K]; operand == "" {
			operand = fmt.Sprint(in.K)
		}
		operand = "[" + operand + "]"
	case modeIND:
		operand = fmt.Sprintf("[x + %d]", in.K)
	case modeMEM:
		operand = fmt.Sprintf("M[%d]", in.K)
	case modeLEN:
		operand = "#pktlen"
	case modeMSH:
		operand = fmt.Sprintf("4*([%d]&0xf)", in.K)
	}
	return name, operand
}
