package afpacket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"pinyon/filter"
	"pinyon/packet"
)

// The kernel's structures, by offset (include/uapi/linux/if_packet.h). A block:
//
//	0 version          8 status           16 offset of the first packet   24 number, 64 bits
//	4 offset of private 12 packets         20 length
//
// and a packet in it, from a tpacket3_hdr on:
//
//	 0 offset of the next  12 captured   24 offset of the link header, 16 bits
//	 4 seconds             16 length     26 offset of the network header, 16 bits
//	 8 nanoseconds         20 status     32 VLAN TCI   36 VLAN TPID, 16 bits
//	48 sockaddr_ll: 50 protocol, network order; 52 device; 56 hardware type; 58 packet type;
//	                59 address length; 60 address
const (
	blockStatus  = 8
	blockPackets = 12
	blockFirst   = 16
	blockNumber  = 24

	headNext     = 0
	headSec      = 4
	headNsec     = 8
	headSnaplen  = 12
	headLen      = 16
	headStatus   = 20
	headMAC      = 24
	headTCI      = 32
	headTPID     = 36
	headProtocol = 50
	headDevice   = 52
	headHardware = 56
	headType     = 58
	headAddrLen  = 59
	headAddr     = 60

	headroom = 8  // PACKET_RESERVE: with the kernel's own gap enough for a VLAN tag or a cooked header
	vlanTag  = 4  // bytes
	macs     = 12 // bytes of both addresses of an Ethernet header
)

// A Ring is an open socket with its ring. Next, Err and Close are for one goroutine; Attach
// and Counts for any.
type Ring struct {
	cfg    Config
	fd     int
	mem    []byte
	size   int // of a block
	blocks []packet.Block
	number []uint64 // of what was last read of each: the kernel numbers what it fills from 1
	next   int      // block that the kernel fills next, seen from here
	cur    []byte   // block at hand; nil without
	head   int      // offset of its next packet
	left   int      // packets left in it
	frame  frameOf

	mu       sync.Mutex
	counts   Counts
	closed   bool
	borrowed atomic.Int32 // blocks out, plus one until Close
}

// Counts are a ring's sums since it was opened.
type Counts struct {
	Received uint64 // packets that passed the filter, those dropped included
	Dropped  uint64 // of them, for want of room in the ring
	Freezes  uint64 // times the ring was full
}

// frameOf makes a frame of the packet at offset h of block b: data, and bytes put in front
// of what was on the wire.
type frameOf func(b []byte, h int, f *packet.Frame)

// Open opens a ring with prog running in the kernel from the first packet on. The empty
// program takes nothing.
func Open(c Config, prog []filter.Instruction) (r *Ring, err error) {
	kind := unix.SOCK_RAW
	if c.Cooked {
		kind = unix.SOCK_DGRAM
	}
	// Protocol 0 receives nothing until bind.
	fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	r = &Ring{cfg: c, fd: fd}
	r.borrowed.Store(1)
	defer func() {
		if err != nil {
			r.Close()
			r = nil
		}
	}()
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return r, fmt.Errorf("%w: no TPACKET_V3: %w", ErrNotSupported, err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, headroom); err != nil {
		return r, os.NewSyscallError("setsockopt PACKET_RESERVE", err)
	}
	if err := r.Attach(prog); err != nil {
		return r, err
	}
	if err := r.mapRing(); err != nil {
		return r, err
	}
	at := &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: c.Index}
	if err := unix.Bind(fd, at); err != nil {
		return r, os.NewSyscallError("bind", err)
	}
	if err := r.Err(); err != nil {
		return r, err
	}
	if c.Promisc && c.Index != 0 {
		m := unix.PacketMreq{Ifindex: int32(c.Index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil {
			return r, os.NewSyscallError("setsockopt PACKET_ADD_MEMBERSHIP", err)
		}
	}
	if c.Fanout != 0 {
		// Fragments stay as they are (no PACKET_FANOUT_FLAG_DEFRAG), though those of one datagram
		// may come to several rings.
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, int(c.Fanout)|unix.PACKET_FANOUT_HASH<<16); err != nil {
			return r, os.NewSyscallError("setsockopt PACKET_FANOUT", err)
		}
	}
	return r, nil
}

// mapRing asks for the ring and maps it. Where the kernel has not so much memory in one
// piece for a block, smaller blocks serve.
func (r *Ring) mapRing() error {
	size, n := blocks(r.cfg.BufferSize, r.cfg.Retire)
	for {
		req := unix.TpacketReq3{
			Block_size: uint32(size), Block_nr: uint32(n),
			Frame_size: uint32(size), Frame_nr: uint32(n), // without meaning beyond their product
			Retire_blk_tov: uint32(max(1, r.cfg.Retire)),
		}
		err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req)
		if errors.Is(err, unix.ENOMEM) && size > minBlock {
			size, n = size/2, n*2
			continue
		}
		if err != nil {
			return os.NewSyscallError("setsockopt PACKET_RX_RING", err)
		}
		break
	}
	mem, err := unix.Mmap(r.fd, 0, size*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	r.mem, r.size, r.blocks, r.number = mem, size, make([]packet.Block, n), make([]uint64, n)
	for i := range r.blocks {
		b := &r.blocks[i]
		b.Buf = mem[i*size : (i+1)*size : (i+1)*size]
		b.Free = r.give
	}
	switch {
	case !r.cfg.Cooked:
		r.frame = r.plain
	case r.cfg.Link == packet.LinkLinuxSLL2:
		r.frame = r.cooked2
	default:
		r.frame = r.cooked
	}
	return nil
}

func status(b []byte) *uint32 { return (*uint32)(unsafe.Pointer(&b[blockStatus])) }

// give hands a block back to the kernel, and the memory to the system once the ring is
// closed and nobody reads it.
func (r *Ring) give(b *packet.Block) {
	atomic.StoreUint32(status(b.Buf), unix.TP_STATUS_KERNEL)
	r.drop()
}

func (r *Ring) drop() {
	if r.borrowed.Add(-1) == 0 && r.mem != nil {
		unix.Munmap(r.mem)
	}
}

// FD is the socket, to wait for.
func (r *Ring) FD() int { return r.fd }

// Size is the ring's size in bytes and the longest frame it takes whole.
func (r *Ring) Size() (ring, frame int) {
	return len(r.mem), r.size - 48 - 128 // block and packet header
}

// Buffered is how many packets are left of the block at hand. It is for the goroutine of Next.
func (r *Ring) Buffered() int { return r.left }

// Ready reports whether Next has a packet, and has not lent too much (Lent). It is for the
// same goroutine.
func (r *Ring) Ready() bool {
	if r.left > 0 {
		return true
	}
	if r.Lent() {
		return false
	}
	next := r.next
	if r.cur != nil {
		if next++; next == len(r.blocks) {
			next = 0
		}
	}
	return r.filled(next)
}

// filled reports whether the kernel has handed over a block. While somebody holds one that was
// read before, that says so too, but for its number.
func (r *Ring) filled(i int) bool {
	b := r.blocks[i].Buf
	return atomic.LoadUint32(status(b))&unix.TP_STATUS_USER != 0 && binary.NativeEndian.Uint64(b[blockNumber:]) != r.number[i]
}

// Lent reports whether Next would go on to another block although a fourth of the ring is
// out: what is held should come back first, for the kernel to have room. It is for the
// goroutine of Next.
func (r *Ring) Lent() bool {
	return r.left == 0 && 4*int(r.borrowed.Load()-1) >= len(r.blocks)
}

// Next fills f with the next packet if one is there. Its Data stays valid until the
// following call, or as long as f.Block is held.
func (r *Ring) Next(f *packet.Frame) bool {
	for r.left == 0 {
		if !r.turn() {
			return false
		}
	}
	b, h := r.cur, r.head
	r.left--
	r.head += int(binary.NativeEndian.Uint32(b[h+headNext:]))
	f.TS = int64(binary.NativeEndian.Uint32(b[h+headSec:]))*1e9 + int64(binary.NativeEndian.Uint32(b[h+headNsec:]))
	f.Iface = r.cfg.Position
	f.Link = r.cfg.Link
	f.Type = packet.Type(b[h+headType]) + 1
	f.NoTime = false
	f.Block = &r.blocks[r.next]
	r.frame(b, h, f)
	if len(f.Data) > r.cfg.Snaplen {
		f.Data = f.Data[:r.cfg.Snaplen]
	}
	return true
}

// turn goes on to the next block if the kernel has handed it over.
func (r *Ring) turn() bool {
	if r.cur != nil {
		r.cur = nil
		r.blocks[r.next].Release()
		if r.next++; r.next == len(r.blocks) {
			r.next = 0
		}
	}
	if !r.filled(r.next) {
		return false
	}
	b := &r.blocks[r.next]
	r.number[r.next] = binary.NativeEndian.Uint64(b.Buf[blockNumber:])
	r.borrowed.Add(1)
	b.Retain()
	r.cur = b.Buf
	r.left = int(binary.NativeEndian.Uint32(r.cur[blockPackets:]))
	r.head = int(binary.NativeEndian.Uint32(r.cur[blockFirst:]))
	return true
}

// plain takes a frame as it was, with the VLAN tag that the kernel has taken out put back.
func (r *Ring) plain(b []byte, h int, f *packet.Frame) {
	at := h + int(binary.NativeEndian.Uint16(b[h+headMAC:]))
	n := int(binary.NativeEndian.Uint32(b[h+headSnaplen:]))
	f.Wire = binary.NativeEndian.Uint32(b[h+headLen:])
	if tpid, tci, ok := tag(b, h); ok && n >= macs && r.cfg.Link == packet.LinkEthernet {
		copy(b[at-vlanTag:], b[at:at+macs])
		at -= vlanTag
		n += vlanTag
		f.Wire += vlanTag
		binary.BigEndian.PutUint16(b[at+macs:], tpid)
		binary.BigEndian.PutUint16(b[at+macs+2:], tci)
	}
	f.Data = b[at : at+n : at+n]
}

// tag is the VLAN tag beside a packet.
func tag(b []byte, h int) (tpid, tci uint16, ok bool) {
	s := binary.NativeEndian.Uint32(b[h+headStatus:])
	tci = uint16(binary.NativeEndian.Uint32(b[h+headTCI:]))
	if s&unix.TP_STATUS_VLAN_VALID == 0 {
		return 0, 0, false
	}
	if tpid = unix.ETH_P_8021Q; s&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = binary.NativeEndian.Uint16(b[h+headTPID:])
	}
	return tpid, tci, true
}

// cooked puts a LINUX_SLL header in front of the network header:
//
//	packet type, hardware type, address length (16 bits each), address (8), protocol (16 bits)
func (r *Ring) cooked(b []byte, h int, f *packet.Frame) {
	at, n, protocol := r.network(b, h, f)
	const header = 16
	at -= header
	c := b[at : at+header]
	binary.BigEndian.PutUint16(c, uint16(b[h+headType]))
	binary.BigEndian.PutUint16(c[2:], binary.NativeEndian.Uint16(b[h+headHardware:]))
	binary.BigEndian.PutUint16(c[4:], uint16(b[h+headAddrLen]))
	putAddr(c[6:14], b, h)
	binary.BigEndian.PutUint16(c[14:], protocol)
	f.Wire += header
	f.Data = b[at : at+n+header : at+n+header]
}

// cooked2 puts a LINUX_SLL2 header in front of the network header:
//
//	protocol, zero (16 bits each), device (32), hardware type (16), packet type, address length (8 each), address (8)
func (r *Ring) cooked2(b []byte, h int, f *packet.Frame) {
	at, n, protocol := r.network(b, h, f)
	const header = 20
	at -= header
	c := b[at : at+header]
	binary.BigEndian.PutUint16(c, protocol)
	binary.BigEndian.PutUint16(c[2:], 0)
	binary.BigEndian.PutUint32(c[4:], binary.NativeEndian.Uint32(b[h+headDevice:]))
	binary.BigEndian.PutUint16(c[8:], binary.NativeEndian.Uint16(b[h+headHardware:]))
	c[10], c[11] = b[h+headType], b[h+headAddrLen]
	putAddr(c[12:20], b, h)
	f.Wire += header
	f.Data = b[at : at+n+header : at+n+header]
}

// network is where the packet's network header begins, with the VLAN tag put back in front
// of it, how much of it was captured, and the protocol that a cooked header names.
func (r *Ring) network(b []byte, h int, f *packet.Frame) (at, n int, protocol uint16) {
	at = h + int(binary.NativeEndian.Uint16(b[h+headMAC:]))
	n = int(binary.NativeEndian.Uint32(b[h+headSnaplen:]))
	f.Wire = binary.NativeEndian.Uint32(b[h+headLen:])
	protocol = binary.BigEndian.Uint16(b[h+headProtocol:])
	tpid, tci, ok := tag(b, h)
	if hidden := hiddenTag(b[at:at+n], protocol, f.Wire); hidden && ok &&
		b[h+headType] == unix.PACKET_OUTGOING && tci == binary.BigEndian.Uint16(b[at:]) {
		return at, n, tpid // the tag told beside the packet is the one in it
	} else if hidden {
		protocol = unix.ETH_P_8021Q
	}
	if ok {
		at -= vlanTag
		n += vlanTag
		f.Wire += vlanTag
		binary.BigEndian.PutUint16(b[at:], tci)
		binary.BigEndian.PutUint16(b[at+2:], protocol)
		protocol = tpid
	}
	return at, n, protocol
}

// hiddenTag reports whether data begins with the last two thirds of a VLAN tag, other tags
// perhaps behind it. Since 6.10 Linux names in sockets without link header the protocol
// behind all tags, and leaves the tags that it did not take out where they are; which of the
// two types of tag the first is is not told.
func hiddenTag(data []byte, protocol uint16, wire uint32) bool {
	const most = 8 // tags that Linux looks behind
	last := uint16(0)
	for at := 2; at+2 <= len(data) && at < 4*most; at += vlanTag {
		last = binary.BigEndian.Uint16(data[at:])
		if last != unix.ETH_P_8021Q && last != unix.ETH_P_8021AD {
			break
		}
	}
	if len(data) < 4 || last != protocol {
		return false
	}
	switch first := uint32(binary.BigEndian.Uint16(data[2:])); protocol {
	case unix.ETH_P_IP: // or that is a total length
		return data[0]>>4 != 4 || wire < first
	case unix.ETH_P_IPV6: // or the end of a flow label
		return data[0]>>4 != 6 || len(data) < 6 || uint32(binary.BigEndian.Uint16(data[4:]))+40 > wire
	}
	return true
}

func putAddr(to, b []byte, h int) {
	clear(to)
	copy(to, b[h+headAddr:h+headAddr+min(int(b[h+headAddrLen]), len(to))])
}

// Attach replaces the kernel's program. Packets already in the ring stay.
func (r *Ring) Attach(prog []filter.Instruction) error {
	code := make([]unix.SockFilter, len(prog))
	for i, in := range prog {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	if len(code) == 0 {
		code = []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return os.ErrClosed
	}
	p := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return os.NewSyscallError("setsockopt SO_ATTACH_FILTER", unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p))
}

// Counts are the sums so far. The kernel clears its own whenever they are read.
func (r *Ring) Counts() (Counts, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.counts, nil
	}
	return r.counts, r.count()
}

func (r *Ring) count() error {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return os.NewSyscallError("getsockopt PACKET_STATISTICS", err)
	}
	r.counts.Received += uint64(s.Packets)
	r.counts.Dropped += uint64(s.Drops)
	r.counts.Freezes += uint64(s.Freeze_q_cnt)
	return nil
}

// Err is what the socket has to complain about: ErrDown, ErrGone, or an error of the system.
// Asking clears it. After ErrDown packets come again once the device is up, or ErrGone is
// the answer to a later question: a device that is deleted goes down first.
func (r *Ring) Err() error {
	n, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt SO_ERROR", err)
	}
	// The kernel unties the socket from a device that is deleted.
	if at, err := unix.Getsockname(r.fd); err == nil {
		if ll, ok := at.(*unix.SockaddrLinklayer); ok && ll.Ifindex != r.cfg.Index {
			return ErrGone
		}
	}
	switch e := unix.Errno(n); e {
	case 0:
		return nil
	case unix.ENETDOWN:
		return ErrDown
	default:
		return os.NewSyscallError("packet socket", e)
	}
}

// Close closes the socket. Its memory stays until frames whose Block is held are released.
func (r *Ring) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	if r.mem != nil {
		r.count()
	}
	r.closed = true
	err := unix.Close(r.fd)
	r.mu.Unlock()
	if r.cur != nil {
		r.cur, r.left = nil, 0
		r.blocks[r.next].Release()
	}
	r.drop()
	return os.NewSyscallError("close", err)
}

func htons(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
