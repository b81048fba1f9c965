package feed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/packet"
)

// A sender puts frames on the device of a feed. Its socket is opened with the feed, while the
// privilege is there and in the same network namespace.
type sender struct {
	name  string // empty if the feed has several devices, or all
	index int
	link  LinkType

	mu     sync.Mutex
	fd     int // -1 without
	err    error
	closed bool
}

const vlanTag = 4 // bytes

func newSender(d *capture.Device) *sender {
	s := &sender{fd: -1, link: LinkType(d.LinkTypes()[0])}
	if names := d.Interfaces(); len(names) == 1 && names[0] != capture.Any {
		s.name, s.index = names[0], d.Indexes()[0]
		// Protocol 0: nothing is received.
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if s.fd = fd; err != nil {
			s.fd, s.err = -1, os.NewSyscallError("socket", err)
		}
	}
	return s
}

func (s *sender) send(frame []byte) error {
	fail := func(err error) error {
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: sending needs CAP_NET_RAW", err)
		}
		return &capture.Error{Op: "inject", Err: &capture.InterfaceError{Name: s.name, Op: "send", Err: err}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fail(ErrClosed)
	case s.name == "" || s.link == packet.LinkLinuxSLL || s.link == packet.LinkLinuxSLL2:
		return fail(fmt.Errorf("%w: frames have no one link header", ErrUnsupported))
	case s.err != nil:
		return fail(s.err)
	}
	mtu, err := s.mtu()
	if err != nil {
		return fail(err)
	}
	header := max(0, s.link.HeaderLen())
	most := mtu + header
	if s.link == packet.LinkEthernet && len(frame) > header && binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_8021Q {
		most += vlanTag
	}
	if len(frame) < max(header, 1) || len(frame) > most {
		return fail(fmt.Errorf("%w of %d bytes; want %d to %d", ErrFrameSize, len(frame), max(header, 1), most))
	}
	to := &unix.SockaddrLinklayer{Ifindex: s.index}
	if s.link == packet.LinkRaw {
		to.Protocol = protocol(frame[0])
	}
	if err := unix.Sendto(s.fd, frame, 0, to); err != nil {
		return fail(os.NewSyscallError("sendto", err))
	}
	return nil
}

// mtu asks for the MTU of the device by its number: it may have been renamed since.
func (s *sender) mtu() (int, error) {
	r, err := unix.NewIfreq("")
	if err != nil {
		return 0, err
	}
	r.SetUint32(uint32(s.index))
	if err := unix.IoctlIfreq(s.fd, unix.SIOCGIFNAME, r); err != nil {
		return 0, os.NewSyscallError("ioctl SIOCGIFNAME", err)
	}
	if err := unix.IoctlIfreq(s.fd, unix.SIOCGIFMTU, r); err != nil {
		return 0, os.NewSyscallError("ioctl SIOCGIFMTU", err)
	}
	return int(r.Uint32()), nil
}

// protocol of a frame that begins with its IP header, in network order.
func protocol(first byte) uint16 {
	p := uint16(unix.ETH_P_IP)
	if first>>4 == 6 {
		p = unix.ETH_P_IPV6
	}
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], p)
	return binary.NativeEndian.Uint16(b[:])
}

func (s *sender) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.fd < 0 {
		return nil
	}
	fd := s.fd
	s.fd = -1
	return unix.Close(fd)
}
