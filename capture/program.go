package capture

import (
	"errors"
	"fmt"

	"pinyon/filter"
	"pinyon/packet"
)

// A program is a filter ready to run on one ring: in the kernel, and on its frames here.
type program struct {
	kernel []filter.Instruction
	user   *filter.Program
	typed  bool // it looks at the packet's type, which not every ring tells
	here   bool // the kernel cannot run it and takes everything; user decides
}

// compile makes the program of expr for a link.
func compile(expr string, l *link, o *Options) (*program, error) {
	fo := filter.Options{Mode: filter.ModeLive, Resolver: o.Resolver, NoOptimize: o.NoOptimize, Snaplen: uint32(o.Snaplen), Netmask: l.netmask}
	var p program
	var err error
	if p.user, err = filter.Compile(expr, l.link, &fo); err != nil {
		return nil, err
	}
	for _, in := range p.user.Instructions() {
		p.typed = p.typed || in.K == adPacketType && in.Op&7 == 0
	}
	if l.bare {
		if o.Direction != InOut {
			return nil, fmt.Errorf("%w: direction with libpcap on this system", ErrNotSupported)
		}
		fo.Mode = filter.ModeFile
		if p.user, err = filter.Compile(expr, l.link, &fo); err == nil {
			p.kernel = p.user.Instructions()
		}
		return &p, err
	}
	fo.Mode = filter.ModeKernel
	k, err := filter.Compile(expr, l.link, &fo)
	if errors.Is(err, filter.ErrMode) || errors.Is(err, filter.ErrTooComplex) {
		p.here = true
		k, err = filter.Compile("", l.link, &fo)
	}
	if err != nil {
		return nil, err
	}
	p.kernel = append(prologue(l, o.Direction), k.Instructions()...)
	if len(p.kernel) > maxKernel {
		fo.Mode, p.here = filter.ModeKernel, true
		if k, err = filter.Compile("", l.link, &fo); err != nil {
			return nil, err
		}
		p.kernel = append(prologue(l, o.Direction), k.Instructions()...)
	}
	return &p, nil
}

const maxKernel = 4096 // instructions, BPF_MAXINSNS

// What the kernel tells a program of a packet beside its bytes (linux/filter.h).
const (
	adPacketType = 0xfffff000 + 4
	adDevice     = 0xfffff000 + 8
	outgoing     = 4 // PACKET_OUTGOING
	loadByte     = 0x30
	loadWord     = 0x20
	jumpEqual    = 0x15
	returnK      = 0x06
)

// refuseAll is the program that lets nothing in.
var refuseAll = []filter.Instruction{{Op: returnK}}

// prologue refuses, before the filter, what is not of the direction, and the copy that a
// loopback device shows of a packet on its way out: it comes in again at once.
func prologue(l *link, dir Direction) []filter.Instruction {
	load := filter.Instruction{Op: loadByte, K: adPacketType}
	no := filter.Instruction{Op: returnK}
	switch {
	case dir == In || dir == InOut && l.loopback:
		return []filter.Instruction{load, {Op: jumpEqual, Jf: 1, K: outgoing}, no}
	case dir == Out && l.loopback:
		return []filter.Instruction{no}
	case dir == Out:
		p := []filter.Instruction{load, {Op: jumpEqual, Jt: 1, K: outgoing}, no}
		for _, index := range l.loopbacks {
			p = append(p, filter.Instruction{Op: loadWord, K: adDevice}, filter.Instruction{Op: jumpEqual, Jf: 1, K: uint32(index)}, no)
		}
		return p
	}
	var p []filter.Instruction
	for _, index := range l.loopbacks {
		p = append(p, filter.Instruction{Op: loadWord, K: adDevice}, filter.Instruction{Op: jumpEqual, Jf: 3, K: uint32(index)},
			load, filter.Instruction{Op: jumpEqual, Jf: 1, K: outgoing}, no)
	}
	return p
}

// takes reports whether a frame passes the program; used where the kernel has not decided,
// or decided by an earlier one.
func (p *program) takes(f *packet.Frame) bool { return p.user.MatchFrame(f) }
