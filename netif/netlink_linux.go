package netif

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a rtnetlink socket in the network namespace of the thread that opened it.
type conn struct {
	fd  int
	seq uint32
	buf []byte
}

// answerTimeout is far above what the kernel takes for an answer, all of which it makes
// within the calls to it; it only keeps a defect from hanging a program.
const answerTimeout = 10 * time.Second

func dial() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(answerTimeout))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	// With strict checking the kernel filters a dump by what the request says (Linux 4.20).
	// An earlier one sends all, which the callers filter.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &conn{fd: fd, buf: make([]byte, 32<<10)}, nil
}

func (c *conn) close() { unix.Close(c.fd) }

// errChanged: the table changed while it was read, so that an entry may be missing.
var errChanged = errors.New("devices change while they are listed")

// ask sends a request and calls f with the body of each answer of type want, which is
// valid during the call only.
func (c *conn) ask(req []byte, want uint16, f func(body []byte) error) error {
	c.seq++
	host.PutUint32(req[8:], c.seq)
	dump := host.Uint16(req[6:])&flagDump == flagDump
	if err := unix.Sendto(c.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink request: %w", err)
	}
	changed := false
	for {
		b, err := c.receive()
		if err != nil {
			return err
		}
		for len(b) > 0 {
			var m message
			if m, b, err = nextMessage(b); err != nil {
				return err
			}
			if m.seq != c.seq {
				continue // an answer that an earlier call gave up
			}
			changed = changed || m.flags&flagInterrupted != 0
			switch {
			case m.typ == msgError || m.typ == msgDone:
				// Both begin with a negative error number; 0 is a success.
				if n := int32(number(m.body)); n < 0 {
					return unix.Errno(-n)
				}
				if changed {
					return errChanged
				}
				return nil
			case m.typ == want:
				if err := f(m.body); err != nil {
					return err
				}
				if !dump {
					return nil
				}
			}
		}
	}
}

// receive reads one datagram of the kernel into buf, however long it is.
func (c *conn) receive() ([]byte, error) {
	for {
		n, from, err := unix.Recvfrom(c.fd, c.buf, unix.MSG_PEEK|unix.MSG_TRUNC)
		if err == nil && n > len(c.buf) {
			c.buf = make([]byte, n)
		}
		if err == nil {
			n, from, err = unix.Recvfrom(c.fd, c.buf, 0)
		}
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, fmt.Errorf("netlink answer: %w", err)
		}
		// Other processes may send to the socket too.
		if a, ok := from.(*unix.SockaddrNetlink); ok && a.Pid == 0 {
			return c.buf[:n], nil
		}
	}
}

// dump asks again while the answer is not whole, but not for ever.
func (c *conn) dump(req []byte, want uint16, reset func(), f func(body []byte) error) error {
	for range 5 {
		reset()
		if err := c.ask(req, want, f); err != errChanged {
			return err
		}
	}
	return nil
}
