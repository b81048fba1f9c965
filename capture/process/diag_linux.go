package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"pinyon/packet"
)

// netlink is a socket of netlink(7) in one namespace. Its requests list things.
type netlink struct {
	fd  int
	seq uint32
	buf []byte
}

// openNetlink opens one in the namespace of the calling thread.
func openNetlink(protocol int) (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("process: netlink: %w", err)
	}
	// A kernel that does not answer must not stop everything.
	wait := unix.Timeval{Sec: 5}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("process: netlink: %w", err)
	}
	return &netlink{fd: fd, buf: make([]byte, 64<<10)}, nil
}

func (n *netlink) close() { unix.Close(n.fd) }

const netlinkHeader = 16 // bytes of struct nlmsghdr

// errInterrupted says that a listing changed while it was made (NLM_F_DUMP_INTR).
var errInterrupted = errors.New("process: netlink: the listing is torn")

// dump sends a request for a listing, and gives the body of each message of the answer to each.
func (n *netlink) dump(typ uint16, body []byte, each func(body []byte)) error {
	n.seq++
	req := make([]byte, netlinkHeader, netlinkHeader+len(body))
	h := binary.NativeEndian
	h.PutUint32(req, uint32(netlinkHeader+len(body)))
	h.PutUint16(req[4:], typ)
	h.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	h.PutUint32(req[8:], n.seq)
	if err := unix.Sendto(n.fd, append(req, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("process: netlink: %w", err)
	}
	torn := false
	for {
		size, _, err := unix.Recvfrom(n.fd, n.buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("process: netlink: %w", err)
		}
		for b := n.buf[:size]; len(b) >= netlinkHeader; {
			l := int(h.Uint32(b))
			if l < netlinkHeader || l > len(b) {
				return errors.New("process: netlink: a message of a wrong length")
			}
			typ, flags, seq, body := h.Uint16(b[4:]), h.Uint16(b[6:]), h.Uint32(b[8:]), b[netlinkHeader:l]
			b = b[min((l+3)&^3, len(b)):]
			if seq != n.seq {
				continue // of a request that was given up
			}
			torn = torn || flags&unix.NLM_F_DUMP_INTR != 0
			switch typ {
			case unix.NLMSG_DONE:
				if torn {
					return errInterrupted
				}
				return nil
			case unix.NLMSG_ERROR:
				if len(body) >= 4 {
					if code := int32(h.Uint32(body)); code != 0 {
						return fmt.Errorf("process: netlink: %w", unix.Errno(-code))
					}
				}
				return nil
			default:
				each(body)
			}
		}
	}
}

// States of TCP that inet_diag knows by number.
const (
	stateEstablished = 1
	stateTimeWait    = 6
	stateClose       = 7
	stateListen      = 10
)

const (
	sockDiagByFamily = 20
	diagMessage      = 72 // bytes of struct inet_diag_msg
	diagV6Only       = 11 // INET_DIAG_SKV6ONLY
)

// list appends the sockets of a family and protocol.
func (n *netlink) list(all []listedSocket, family, proto uint8, space int) ([]listedSocket, error) {
	var req [56]byte // struct inet_diag_req_v2
	req[0], req[1] = family, proto
	// Of TIME-WAIT the kernel knows no owner any more.
	binary.NativeEndian.PutUint32(req[4:], 0xffff&^(1<<stateTimeWait))
	err := n.dump(sockDiagByFamily, req[:], func(b []byte) {
		if l, ok := readDiag(b, proto, space); ok {
			all = append(all, l)
		}
	})
	return all, err
}

// readDiag reads a message of sock_diag(7):
//
//	family, state, timer, retransmits            4 bytes
//	source port, destination port                big endian
//	source address, destination address          16 bytes each
//	interface, cookie                            12 bytes
//	expires, receive queue, send queue, uid, inode
func readDiag(b []byte, proto uint8, space int) (l listedSocket, ok bool) {
	if len(b) < diagMessage {
		return l, false
	}
	h := binary.NativeEndian
	address := func(b []byte) netip.Addr {
		if b0 := [16]byte(b); l.dual {
			return netip.AddrFrom16(b0)
		} else {
			return netip.AddrFrom4([4]byte(b0[:4]))
		}
	}
	l.dual = b[0] == unix.AF_INET6
	state := b[1]
	l.local = endOf(netip.AddrPortFrom(address(b[8:24]), binary.BigEndian.Uint16(b[4:])))
	l.remote = endOf(netip.AddrPortFrom(address(b[24:40]), binary.BigEndian.Uint16(b[6:])))
	l.cookie = uint64(h.Uint32(b[44:])) | uint64(h.Uint32(b[48:]))<<32
	l.inode = h.Uint32(b[68:])
	l.proto, l.space = proto, space
	l.lone = state == stateListen || proto != packet.ProtoTCP && (state == stateClose || l.remote.port == 0)
	for b = b[diagMessage:]; len(b) >= 4; {
		n := int(h.Uint16(b))
		if n < 4 || n > len(b) {
			break
		}
		if h.Uint16(b[2:]) == diagV6Only && n > 4 {
			l.dual = l.dual && b[4] == 0
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return l, l.local.port != 0 && (l.lone || l.remote.port != 0)
}

// addresses lists the addresses of the namespace and their broadcast addresses.
func (n *netlink) addresses(each func(own [16]byte, cast bool)) error {
	req := [8]byte{unix.AF_UNSPEC} // struct ifaddrmsg
	return n.dump(unix.RTM_GETADDR, req[:], func(b []byte) {
		if len(b) < 8 {
			return
		}
		family := b[0]
		h := binary.NativeEndian
		for b = b[8:]; len(b) >= 4; {
			l, typ := int(h.Uint16(b)), h.Uint16(b[2:])
			if l < 4 || l > len(b) {
				return
			}
			v := b[4:l]
			var a [16]byte
			switch {
			case family == unix.AF_INET && len(v) == 4:
				a = netip.AddrFrom4([4]byte(v)).As16()
			case family == unix.AF_INET6 && len(v) == 16:
				a = [16]byte(v)
			}
			if a != [16]byte{} {
				switch typ {
				case unix.IFA_LOCAL:
					each(a, false)
				case unix.IFA_ADDRESS: // of IPv4 between two points the peer's
					if family == unix.AF_INET6 {
						each(a, false)
					}
				case unix.IFA_BROADCAST:
					each(a, true)
				}
			}
			b = b[min((l+3)&^3, len(b)):]
		}
	})
}
