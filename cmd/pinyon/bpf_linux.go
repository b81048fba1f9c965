package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// bpf tries a filter that takes everything, on a socket that needs no privilege.
func bpf() bpfStatus {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return bpfStatus{Reason: "socket: " + err.Error()}
	}
	defer unix.Close(fd)
	all := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &all}); err != nil {
		return bpfStatus{Reason: "no socket filters: " + err.Error()}
	}
	s := bpfStatus{Available: true}
	if b, err := os.ReadFile("/proc/sys/net/core/bpf_jit_enable"); err == nil {
		jit := strings.TrimSpace(string(b)) != "0"
		s.JIT = &jit
	}
	return s
}
