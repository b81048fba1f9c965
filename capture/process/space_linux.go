package process

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"pinyon/packet"
)

// space is a network namespace.
type space struct {
	inode      uint64
	cookie     uint64 // as events have it; 0 if the kernel does not tell
	diag, link *netlink
}

// openSpace opens the namespace of a process, or that of the calling thread for process 0.
func openSpace(pid int) (*space, error) {
	if pid == 0 {
		return openHere()
	}
	type result struct {
		*space
		error
	}
	done := make(chan result)
	go func() {
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err != nil {
			done <- result{nil, fmt.Errorf("process: network namespace of %d: %w", pid, err)}
			return
		}
		s, err := openHere()
		done <- result{s, err}
	}()
	r := <-done
	return r.space, r.error
}

// openHere opens the namespace of the calling thread.
func openHere() (*space, error) {
	s := &space{}
	var err error
	if s.diag, err = openNetlink(unix.NETLINK_SOCK_DIAG); err != nil {
		return nil, err
	}
	if s.link, err = openNetlink(unix.NETLINK_ROUTE); err != nil {
		s.diag.close()
		return nil, err
	}
	if c, err := unix.GetsockoptUint64(s.diag.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE); err == nil {
		s.cookie = c
	}
	return s, nil
}

func (s *space) close() {
	s.diag.close()
	s.link.close()
}

// kinds are what sock_diag can list that an end has ports in.
var kinds = []struct{ family, proto uint8 }{
	{unix.AF_INET, packet.ProtoTCP}, {unix.AF_INET6, packet.ProtoTCP},
	{unix.AF_INET, packet.ProtoUDP}, {unix.AF_INET6, packet.ProtoUDP},
	{unix.AF_INET, packet.ProtoUDPLite}, {unix.AF_INET6, packet.ProtoUDPLite},
}

// list appends all sockets of the namespace.
func (s *space) list(all []listedSocket, number int) ([]listedSocket, error) {
	var failed error
	for _, k := range kinds {
		var err error
		n := len(all)
		for range 3 { // a listing that is torn is made again
			if all, err = s.diag.list(all[:n], k.family, k.proto, number); !errors.Is(err, errInterrupted) {
				break
			}
		}
		if err != nil && !errors.Is(err, errInterrupted) && !errors.Is(err, unix.ENOENT) && failed == nil {
			failed = err // a kernel without IPv6 or UDP-Lite has nothing of it to list
		}
	}
	return all, failed
}
