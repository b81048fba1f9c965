package filter

import (
	"encoding/binary"
	"net/netip"
)

// A Mode says where a program runs, and so what it can ask for.
type Mode uint8

const (
	// ModeFile: in this process, on frames from a file. Only what is in the frame counts.
	ModeFile Mode = iota
	// ModeLive: in this process, on frames of a device with their VLAN tags in place.
	// inbound and outbound work through MatchFrame.
	ModeLive
	// ModeKernel: in a Linux packet socket. A VLAN tag may stand beside the frame, and a
	// device of mixed link types (LINUX_SLL, LINUX_SLL2) begins at the network header.
	ModeKernel
)

// NetmaskUnknown makes "ip broadcast" an error.
const NetmaskUnknown = 1<<32 - 1

// DefaultSnaplen is what a program returns for a packet that matches.
const DefaultSnaplen = 262144

// maxInstructions is what the Linux kernel takes (BPF_MAXINSNS), and maxUserInstructions
// what this package runs itself.
const (
	maxInstructions     = 4096
	maxUserInstructions = 1 << 16
)

// A Resolver turns names into addresses. Without one, names of hosts and networks are
// errors. It is called by Compile only, from its goroutine.
type Resolver interface {
	Host(name string) ([]netip.Addr, error)
	Net(name string) (netip.Prefix, error)
	Ether(name string) ([6]byte, error)
}

// Options for Compile; nil means the zero value.
type Options struct {
	Mode Mode
	// Netmask of the device, for "ip broadcast". With 0 that means 0.0.0.0 and
	// 255.255.255.255 only; with NetmaskUnknown it is refused.
	Netmask uint32
	// Snaplen is what the program returns for a match, in bytes; 0 means DefaultSnaplen.
	// A kernel cuts the packet to it.
	Snaplen uint32
	// Resolver for names; nil refuses those of hosts and networks.
	Resolver Resolver
	// NoOptimize leaves out everything that makes a program shorter. Verdicts on cut
	// frames are those of tcpdump -O then, and those of tcpdump without it otherwise.
	NoOptimize bool
}

var hostIsBigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// A Program is a compiled filter for one link type. It is immutable and may be used from
// several goroutines.
type Program struct {
	link  uint16
	mode  Mode
	loops bool
	code  []Instruction
	steps []step
}

// Compile translates expr, in the language of pcap-filter(7), for frames of a link type
// (LINKTYPE_ value). The empty expression matches everything. The error is an *Error.
func Compile(expr string, link uint16, o *Options) (*Program, error) {
	if o == nil {
		o = &Options{}
	}
	tree, err := parse(expr)
	if err != nil {
		return nil, err
	}
	g := newGen(link, o)
	var c *cond
	if tree != nil {
		c = g.predicate(tree)
	}
	gr := graph{vs: &g.vs, nodes: []node{{op: nodeReject}, {op: nodeAccept}}, root: atAccept}
	if tree != nil {
		gr.root = gr.lower(c, atAccept, atReject)
		steps := g.prologue()
		for i := len(steps) - 1; i >= 0; i-- {
			gr.root = gr.lower(steps[i], gr.root, atReject)
		}
	}
	if g.err != nil {
		return nil, g.err
	}
	to := newValues(computed)
	if !o.NoOptimize {
		to.form = folded
		if g.mirrored() && gr.rearrange() {
			to.form = dropped
		}
	}
	gr = gr.fold(&to)
	if !o.NoOptimize {
		if to.form == dropped {
			gr.shorten()
			if gr.root == atReject { // what optimize finds beyond that is no error of libpcap's
				return nil, &Error{Err: ErrRejectsAll}
			}
		}
		gr.optimize()
	}
	gr.settle()
	snap := o.Snaplen
	if snap == 0 {
		snap = DefaultSnaplen
	}
	p := &Program{link: link, mode: o.Mode, loops: g.loops}
	var problem error
	if p.code, problem = emit(&gr, snap, o.Mode == ModeKernel); problem == nil {
		problem = verify(p.code, p.loops)
	}
	if problem != nil {
		return nil, &Error{Err: problem}
	}
	p.steps = prepare(p.code)
	return p, nil
}

// LinkType is the link type that the program is for.
func (p *Program) LinkType() uint16 { return p.link }

// Mode is where the program may run. One for ModeKernel is not for Match.
func (p *Program) Mode() Mode { return p.mode }

// Len is the number of instructions.
func (p *Program) Len() int { return len(p.code) }

// Instructions is the program as classic BPF. The slice is the caller's.
func (p *Program) Instructions() []Instruction {
	return append([]Instruction(nil), p.code...)
}
