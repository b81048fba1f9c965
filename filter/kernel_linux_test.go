package filter

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel takes every program that is meant for it.
func TestKernelTakes(t *testing.T) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip("no packet socket:", err)
	}
	defer unix.Close(fd)
	n := 0
	for _, s := range append(readList(t, "expressions.txt"), generated(11, 1000)...) {
		p, err := Compile(s.expr, s.link, &Options{Mode: ModeKernel})
		if err != nil {
			continue // what a kernel cannot do, or what is never true
		}
		code := p.Instructions()
		prog := unix.SockFprog{Len: uint16(len(code)), Filter: (*unix.SockFilter)(unsafe.Pointer(&code[0]))}
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
			t.Errorf("link %d %q: %v (%d instructions)", s.link, s.expr, err, len(code))
		}
		n++
	}
	t.Logf("%d programs", n)
}
