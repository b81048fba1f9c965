package netif

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Numbers of netlink (linux/netlink.h, linux/rtnetlink.h, linux/if_link.h), written out
// because messages are parsed, tested and fuzzed on every system.
const (
	msgError   = 2
	msgDone    = 3
	msgNewLink = 16
	msgGetLink = 18
	msgNewAddr = 20
	msgGetAddr = 22
	msgNewRt   = 24
	msgGetRt   = 26

	flagRequest     = 1
	flagDump        = 0x300
	flagInterrupted = 0x10 // NLM_F_DUMP_INTR: the table changed between two parts of a dump

	linkAddress   = 1
	linkName      = 3
	linkMTU       = 4
	linkInfo      = 18
	linkAlias     = 20
	linkStats64   = 23
	linkExtMask   = 29
	linkPropList  = 52
	linkAltName   = 53
	linkInfoKind  = 1
	extSkipStats  = 8 // RTEXT_FILTER_SKIP_STATS
	addrAddress   = 1
	addrLocal     = 2
	addrBroadcast = 4
	routeDst      = 1
	routeOIF      = 4
	routeGateway  = 5
	routeMetric   = 6
	routeMulti    = 9
	routeTable    = 15
	routeVia      = 18

	afINET  = 2
	afINET6 = 10

	iffUp       = 1 << 0
	iffLoopback = 1 << 3
	iffRunning  = 1 << 6

	tableMain  = 254
	tableLocal = 255

	nextHopGone = 0x01 | 0x10 | 0x20 // RTNH_F_DEAD, _LINKDOWN, _UNRESOLVED

	headerLen = 16
)

// netlink is in the byte order of the machine.
var host = binary.NativeEndian

// message is one netlink message, a window on the bytes it came in:
//
//	+--------+------+-------+-----+-----+------+
//	| length | type | flags | seq | pid | body |
//	+--------+------+-------+-----+-----+------+
//	0        4      6       8     12    16
type message struct {
	typ, flags uint16
	seq, pid   uint32
	body       []byte
}

// nextMessage takes the first message off b and returns what follows it.
func nextMessage(b []byte) (m message, rest []byte, err error) {
	if len(b) < headerLen {
		return m, nil, faultf(ErrMessage, "%d bytes are no netlink header", len(b))
	}
	n := host.Uint32(b)
	if n < headerLen || uint64(n) > uint64(len(b)) {
		return m, nil, faultf(ErrMessage, "netlink message of %d bytes in %d", n, len(b))
	}
	m = message{host.Uint16(b[4:]), host.Uint16(b[6:]), host.Uint32(b[8:]), host.Uint32(b[12:]), b[headerLen:n]}
	return m, b[min(align(int(n)), len(b)):], nil
}

// align rounds up to netlink's 4 bytes.
func align(n int) int { return (n + 3) &^ 3 }

// attributes calls f for each attribute of b: a length that counts itself, a type, a value.
// The two highest bits of the type are flags.
func attributes(b []byte, f func(typ uint16, v []byte)) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return faultf(ErrMessage, "%d bytes are no attribute", len(b))
		}
		n := int(host.Uint16(b))
		if n < 4 || n > len(b) {
			return faultf(ErrMessage, "attribute of %d bytes in %d", n, len(b))
		}
		f(host.Uint16(b[2:])&0x3fff, b[4:n])
		b = b[min(align(n), len(b)):]
	}
	return nil
}

// number reads a 32-bit value; a shorter one is 0.
func number(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return host.Uint32(v)
}

// text reads a string that a 0 ends, or the end.
func text(v []byte) string {
	s, _, _ := strings.Cut(string(v), "\x00")
	return s
}

// link is what RTM_NEWLINK says of a device.
type link struct {
	index    int
	hardware uint16 // ARPHRD_
	flags    uint32 // IFF_
	name     string
	alias    string
	altNames []string
	kind     string
	mtu      uint32
	mac      net.HardwareAddr
	stats    []byte // rtnl_link_stats64, borrowed
}

// parseLink reads the body of RTM_NEWLINK:
//
//	+--------+---+--------+-------+-------+--------+------------+
//	| family | 0 | ARPHRD | index | flags | change | attributes |
//	+--------+---+--------+-------+-------+--------+------------+
//	0        1   2        4       8       12       16
func parseLink(b []byte) (link, error) {
	if len(b) < 16 {
		return link{}, faultf(ErrMessage, "link message of %d bytes", len(b))
	}
	l := link{hardware: host.Uint16(b[2:]), index: int(int32(host.Uint32(b[4:]))), flags: host.Uint32(b[8:])}
	var inner error
	err := attributes(b[16:], func(typ uint16, v []byte) {
		var e error
		switch typ {
		case linkAddress:
			l.mac = slices.Clone(v)
		case linkName:
			l.name = text(v)
		case linkMTU:
			l.mtu = number(v)
		case linkAlias:
			l.alias = text(v)
		case linkStats64:
			l.stats = v
		case linkInfo:
			e = attributes(v, func(typ uint16, v []byte) {
				if typ == linkInfoKind {
					l.kind = text(v)
				}
			})
		case linkPropList:
			e = attributes(v, func(typ uint16, v []byte) {
				if typ == linkAltName {
					l.altNames = append(l.altNames, text(v))
				}
			})
		}
		if e != nil && inner == nil {
			inner = e
		}
	})
	if err == nil {
		err = inner
	}
	return l, err
}

// parseAddr reads the body of RTM_NEWADDR; ok is false for families other than IP:
//
//	+--------+-----------+-------+-------+-------+------------+
//	| family | prefixlen | flags | scope | index | attributes |
//	+--------+-----------+-------+-------+-------+------------+
//	0        1           2       3       4       8
//
// IFA_LOCAL is the device's own address. Without it IFA_ADDRESS is; with it IFA_ADDRESS is
// the peer's, which on IPv4 without a peer repeats the own one.
func parseAddr(b []byte) (index int, a Addr, ok bool, err error) {
	if len(b) < 8 {
		return 0, a, false, faultf(ErrMessage, "address message of %d bytes", len(b))
	}
	family, bits := b[0], int(b[1])
	index, a.Scope = int(int32(host.Uint32(b[4:]))), Scope(b[3])
	var address, local netip.Addr
	err = attributes(b[8:], func(typ uint16, v []byte) {
		switch typ {
		case addrAddress:
			address = ipOf(family, v)
		case addrLocal:
			local = ipOf(family, v)
		case addrBroadcast:
			a.Broadcast = ipOf(family, v)
		}
	})
	if err != nil || family != afINET && family != afINET6 {
		return index, a, false, err
	}
	if !local.IsValid() {
		local = address
	} else if address.IsValid() && address != local {
		a.Peer = address
	}
	a.Prefix = netip.PrefixFrom(local, bits)
	if !a.Prefix.IsValid() {
		return index, a, false, faultf(ErrMessage, "address %v/%d", local, bits)
	}
	return index, a, true, nil
}

// ipOf reads an address of the family; one of another length is not valid.
func ipOf(family uint8, v []byte) netip.Addr {
	if family == afINET && len(v) == 4 || family == afINET6 && len(v) == 16 {
		a, _ := netip.AddrFromSlice(v)
		return a
	}
	return netip.Addr{}
}

// route is a default route.
type route struct {
	family  uint8 // afINET or afINET6
	index   int   // of the device
	gateway netip.Addr
	metric  uint32
	table   uint32
}

// parseRoute reads the body of RTM_NEWROUTE; ok is false unless it is a default route that
// leads out of a device:
//
//	+--------+-----+-----+-----+-------+----------+-------+------+-------+------------+
//	| family | dst | src | tos | table | protocol | scope | type | flags | attributes |
//	+--------+-----+-----+-----+-------+----------+-------+------+-------+------------+
//	0        1     2     3     4       5          6       7      8       12
//
// dst and src are lengths of prefixes. Of several next hops the first usable one counts.
func parseRoute(b []byte) (r route, ok bool, err error) {
	if len(b) < 12 {
		return r, false, faultf(ErrMessage, "route message of %d bytes", len(b))
	}
	const unicast, cloned = 1, 0x200
	flags := host.Uint32(b[8:])
	r.family, r.table = b[0], uint32(b[4])
	var inner error
	err = attributes(b[12:], func(typ uint16, v []byte) {
		switch typ {
		case routeOIF:
			r.index = int(int32(number(v)))
		case routeGateway:
			r.gateway = ipOf(r.family, v)
		case routeVia:
			r.gateway = viaOf(v)
		case routeMetric:
			r.metric = number(v)
		case routeTable:
			r.table = number(v)
		case routeMulti:
			if e := nextHops(v, &r); e != nil {
				inner = e
			}
		}
	})
	if err == nil {
		err = inner
	}
	ok = err == nil && (r.family == afINET || r.family == afINET6) && b[1] == 0 && b[2] == 0 && b[7] == unicast &&
		flags&(cloned|nextHopGone) == 0 && r.index > 0
	return r, ok, err
}

// viaOf reads RTA_VIA, a gateway of another family than the route's: family, address.
func viaOf(v []byte) netip.Addr {
	if len(v) < 2 {
		return netip.Addr{}
	}
	return ipOf(uint8(host.Uint16(v)), v[2:])
}

// nextHops reads RTA_MULTIPATH, records of
//
//	+--------+-------+------+-------+------------+
//	| length | flags | hops | index | attributes |
//	+--------+-------+------+-------+------------+
//	0        2       3      4       8
//
// into r, unless it has a device already.
func nextHops(b []byte, r *route) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return faultf(ErrMessage, "%d bytes are no next hop", len(b))
		}
		n := int(host.Uint16(b))
		if n < 8 || n > len(b) {
			return faultf(ErrMessage, "next hop of %d bytes in %d", n, len(b))
		}
		var gateway netip.Addr
		err := attributes(b[8:n], func(typ uint16, v []byte) {
			switch typ {
			case routeGateway:
				gateway = ipOf(r.family, v)
			case routeVia:
				gateway = viaOf(v)
			}
		})
		if err != nil {
			return err
		}
		if b[2]&nextHopGone == 0 && r.index == 0 {
			r.index, r.gateway = int(int32(host.Uint32(b[4:]))), gateway
		}
		b = b[min(align(n), len(b)):]
	}
	return nil
}

// request is a netlink message to the kernel, its sequence number still to be set.
func request(typ, flags uint16, body []byte) []byte {
	b := make([]byte, headerLen, headerLen+len(body))
	host.PutUint32(b, uint32(headerLen+len(body)))
	host.PutUint16(b[4:], typ)
	host.PutUint16(b[6:], flags|flagRequest)
	return append(b, body...)
}

// attribute appends one to b.
func attribute(b []byte, typ uint16, v []byte) []byte {
	b = host.AppendUint16(b, uint16(4+len(v)))
	b = host.AppendUint16(b, typ)
	b = append(b, v...)
	return append(b, make([]byte, align(len(v))-len(v))...)
}

// linkRequest asks for one device by index or by name, or for all with neither, with or
// without its counters.
func linkRequest(index int, name string, stats bool) []byte {
	body := make([]byte, 16)
	host.PutUint32(body[4:], uint32(int32(index)))
	if !stats {
		body = attribute(body, linkExtMask, host.AppendUint32(nil, extSkipStats))
	}
	flags := uint16(0)
	switch {
	case len(name) > maxName:
		body = attribute(body, linkAltName, append([]byte(name), 0))
	case name != "":
		body = attribute(body, linkName, append([]byte(name), 0))
	case index == 0:
		flags = flagDump
	}
	return request(msgGetLink, flags, body)
}

// addrRequest asks for the addresses of a device, or with 0 of all. A kernel before 4.20
// takes no notice of the index.
func addrRequest(index int) []byte {
	body := make([]byte, 8)
	host.PutUint32(body[4:], uint32(int32(index)))
	return request(msgGetAddr, flagDump, body)
}

// routeRequest asks for all routes of a family.
func routeRequest(family uint8) []byte {
	body := make([]byte, 12)
	body[0] = family
	return request(msgGetRt, flagDump, body)
}

// Counts are what a device counted since it was made.
type Counts struct {
	RxPackets, RxBytes uint64
	RxDropped          uint64 // by the kernel behind the driver: no room, or a protocol that nobody takes
	RxMissed           uint64 // by the device, for want of room
	RxFIFO             uint64 // overruns of the device
	RxErrors           uint64 // bad frames, those of RxMissed excepted
	RxNoHandler        uint64 // on a bonding member that is not active, and the like
	TxPackets, TxBytes uint64
	TxDropped          uint64
	TxErrors           uint64
}

// parseCounters reads rtnl_link_stats64, an array of 64-bit numbers that later kernels
// made longer. What the kernel does not have is 0.
func parseCounters(b []byte) (Counts, error) {
	if len(b) < 23*8 {
		return Counts{}, faultf(ErrMessage, "link statistics of %d bytes", len(b))
	}
	at := func(i int) uint64 {
		if len(b) < 8*(i+1) {
			return 0
		}
		return host.Uint64(b[8*i:])
	}
	return Counts{
		RxPackets: at(0), RxBytes: at(2), RxErrors: at(4), RxDropped: at(6), RxFIFO: at(14), RxMissed: at(15), RxNoHandler: at(23),
		TxPackets: at(1), TxBytes: at(3), TxErrors: at(5), TxDropped: at(7),
	}, nil
}
