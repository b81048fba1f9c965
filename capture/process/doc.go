// Package process tells which process of this machine a captured packet belongs to, and leaves
// out the packets of all others. It looks sockets up by netlink (sock_diag(7)) and their owners in
// /proc, and may be told of sockets by the kernel as they are made (Events). A packet whose socket
// nobody knows yet waits for a moment, so that the first packets of a connection are not lost.
//
// It needs Linux; elsewhere Open says ErrNotSupported. It knows no device and no flow: a Source
// stands between the two. Of a tunnel it looks at the outermost IP header, as sockets do.
package process

import "errors"

// ErrNotSupported says that this system does not tell whose sockets are whose.
var ErrNotSupported = errors.New("process: not supported on this system; it needs Linux")

// ErrNoProcess says that none of the processes asked for runs.
var ErrNoProcess = errors.New("process: no such process")

// A Process is one that had a socket.
type Process struct {
	PID  int
	Name string // as the kernel has it, 15 bytes at most (comm of proc(5))
}
