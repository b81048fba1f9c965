package process

import "net/netip"

// Events tell of sockets as they come into use; package capture/process/bpf has those of Linux.
// One goroutine calls Next; the other methods may be called from any.
type Events interface {
	// Next waits for the next event. It returns an error once there are no more, after Close too.
	Next(*Event) error
	// Method says in a word or two how the system tells them.
	Method() string
	// Lost is how many there was no room for.
	Lost() uint64
	Close() error
}

// An Event says that a process made or connected a socket (PID is not 0), or that a socket sends
// to a peer for the first time (Local and Remote are valid).
type Event struct {
	Cookie uint64 // of the socket, as sock_diag(7) has it
	Space  uint64 // cookie of its network namespace; 0 is unknown
	PID    int
	Name   string // of the process
	Proto  uint8
	Local  netip.AddrPort
	Remote netip.AddrPort
}
