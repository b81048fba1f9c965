package afpacket

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"pinyon/netif"
	"pinyon/packet"
)

// sendPatience is how long one call waits for room in the socket's buffer. Then it gives
// EAGAIN, so that whoever wants to stop gets to.
const sendPatience = 100 * 1000 // µs

// A Sender puts whole frames, link header first, on a device. It is used from one
// goroutine, save Close, which is for after the last Send.
type Sender struct {
	fd     int
	name   string
	index  int
	mtu    int
	header int    // of a frame, which comes on top of the MTU; bytes
	link   uint16 // LINKTYPE_ value; noLink if frames of this device have none
	msgs   []unix.Mmsghdr
	iovs   []unix.Iovec
}

const noLink = 0xffff

// OpenSender opens a device for sending. It needs CAP_NET_RAW: without, the error wraps
// fs.ErrPermission; a device that does not exist is netif.ErrNotFound.
func OpenSender(name string, o *SenderOptions) (*Sender, error) {
	if o == nil {
		o = &SenderOptions{}
	}
	d, err := netif.Find(name)
	if err != nil {
		return nil, err
	}
	// Protocol 0: the socket sends only, and no copy of any frame is queued for it.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name, Explain(os.NewSyscallError("socket", err)))
	}
	s := &Sender{fd: fd, name: d.Name, index: d.Index, mtu: d.MTU, link: noLink}
	if link, cooked := netif.LinkTypeOf(d.HardwareType); !cooked {
		s.link = link
		if link == packet.LinkEthernet {
			s.header = 14
		}
	}
	if err := s.open(o); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	return s, nil
}

func (s *Sender) open(o *SenderOptions) error {
	if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Ifindex: s.index}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if o.QdiscBypass {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return os.NewSyscallError("setsockopt PACKET_QDISC_BYPASS", err)
		}
	}
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Usec: sendPatience}); err != nil {
		return os.NewSyscallError("setsockopt SO_SNDTIMEO", err)
	}
	n := o.Batch
	if n <= 0 {
		n = DefaultBatch
	}
	n = min(n, maxBatch)
	s.msgs = make([]unix.Mmsghdr, n)
	s.iovs = make([]unix.Iovec, n)
	for i := range s.msgs {
		s.msgs[i].Hdr.Iov = &s.iovs[i]
		s.msgs[i].Hdr.SetIovlen(1)
	}
	return nil
}

// Name is the device's name.
func (s *Sender) Name() string { return s.name }

// Index is the device's number.
func (s *Sender) Index() int { return s.index }

// MTU is the device's, as it was at Open.
func (s *Sender) MTU() int { return s.mtu }

// MaxFrame is the length of the longest frame that the device took at Open. One with a
// VLAN tag of EtherType 8100 may be 4 bytes longer.
func (s *Sender) MaxFrame() int { return s.mtu + s.header }

// Accepts reports whether frames of a link type (LINKTYPE_ value) can be sent as they are.
func (s *Sender) Accepts(link uint16) bool { return s.link != noLink && accepts(s.link, link) }

// Send puts one frame on the device. See SendBatch.
func (s *Sender) Send(frame []byte) error {
	one := [1][]byte{frame}
	_, err := s.SendBatch(one[:])
	return err
}

// SendBatch sends the frames in order and gives the number of those that the kernel took.
// If that is not all of them, the error belongs to frames[n], which was not sent; the rest
// was not tried. It wraps nothing: a syscall.Errno, among them
//
//	EMSGSIZE         longer than MTU and link header
//	EINVAL           shorter than the link header
//	ENOBUFS          the queue of the device is full; try again
//	EAGAIN           no room in the socket's buffer for 100 ms; try again
//	ENETDOWN, ENXIO  the device is down, or gone
//
// It does not allocate. Frames are the caller's again when it returns.
func (s *Sender) SendBatch(frames [][]byte) (n int, err error) {
	for n < len(frames) {
		part := frames[n:min(len(frames), n+len(s.msgs))]
		for i, f := range part {
			s.iovs[i].Base = unsafe.SliceData(f)
			s.iovs[i].SetLen(len(f))
		}
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(len(part)), 0, 0, 0)
		runtime.KeepAlive(part)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return n, errno
		default:
			n += int(sent)
		}
	}
	return n, nil
}

// Close ends sending. What the kernel took goes out.
func (s *Sender) Close() error {
	if s.fd < 0 {
		return nil
	}
	fd := s.fd
	s.fd = -1
	return unix.Close(fd)
}
