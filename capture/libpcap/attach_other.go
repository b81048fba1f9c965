//go:build libpcap && cgo && !linux

package libpcap

/*
#include <pcap/pcap.h>

static int attach(pcap_t *p, void *code, unsigned n) {
	struct bpf_program prog = {n, code};
	return pcap_setfilter(p, &prog);
}
*/
import "C"

import (
	"unsafe"

	"pinyon/filter"
)

// set is pcap_setfilter, which copies the program.
func (r *Ring) set(prog []filter.Instruction) error {
	code := make([]C.struct_bpf_insn, len(prog))
	for i, in := range prog {
		code[i] = C.struct_bpf_insn{code: C.ushort(in.Op), jt: C.uchar(in.Jt), jf: C.uchar(in.Jf), k: C.bpf_u_int32(in.K)}
	}
	if C.attach(r.p, unsafe.Pointer(&code[0]), C.uint(len(code))) != 0 {
		return r.error()
	}
	return nil
}
