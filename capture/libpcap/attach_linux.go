//go:build libpcap && cgo

package libpcap

import (
	"os"

	"golang.org/x/sys/unix"

	"pinyon/filter"
)

// set gives the program to the socket, past libpcap. pcap_setfilter would run it over
// packets that are in the ring already as well, and over the next block in any case, in this
// process, where the kernel's loads beside the packet do not work: it would drop them,
// uncounted, all of them when a capture stops.
func (r *Ring) set(prog []filter.Instruction) error {
	code := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	p := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return os.NewSyscallError("setsockopt SO_ATTACH_FILTER", unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p))
}
