package feed

import (
	"fmt"
	"runtime"
)

// A LinkType says what frames begin with: a LINKTYPE_ value, as files have it
// (https://www.tcpdump.org/linktypes.html). What a system calls it is its DLT_ value, which
// is another number for some, and not the same one everywhere.
type LinkType uint16

// name is what a link type is called, without LINKTYPE_ or DLT_, as libpcap does.
type name struct {
	link   LinkType
	text   string
	header int // bytes, where that is fixed; otherwise -1
}

// names of link types that the seeds of this interface and packet decoding know. Header
// lengths are a hint: VLAN tags, source routes, LLC headers come on top. Those of ARCNET, SLIP,
// PPP and the like are the ones that pypcap has always told.
var names = []name{
	{0, "NULL", 4},
	{1, "EN10MB", 14},
	{2, "EN3MB", -1},
	{3, "AX25", -1},
	{4, "PRONET", -1},
	{5, "CHAOS", -1},
	{6, "IEEE802", 22},
	{7, "ARCNET", 6},
	{8, "SLIP", 16},
	{9, "PPP", 4},
	{10, "FDDI", 21},
	{50, "PPP_SERIAL", 4},
	{51, "PPP_ETHER", 8},
	{99, "SYMANTEC_FIREWALL", -1},
	{100, "ATM_RFC1483", -1},
	{101, "RAW", 0},
	{102, "SLIP_BSDOS", -1},
	{103, "PPP_BSDOS", -1},
	{104, "C_HDLC", 4},
	{105, "IEEE802_11", -1},
	{106, "ATM_CLIP", -1},
	{107, "FRELAY", -1},
	{108, "LOOP", 4},
	{109, "ENC", -1},
	{112, "HDLC", -1},
	{113, "LINUX_SLL", 16},
	{114, "LTALK", -1},
	{117, "PFLOG", 48},
	{119, "PRISM_HEADER", -1},
	{122, "IP_OVER_FC", -1},
	{127, "IEEE802_11_RADIO", -1},
	{129, "ARCNET_LINUX", -1},
	{144, "LINUX_IRDA", -1},
	{163, "IEEE802_11_RADIO_AVS", -1},
	{177, "LINUX_LAPD", -1},
	{189, "USB_LINUX", -1},
	{192, "PPI", -1},
	{195, "IEEE802_15_4", -1},
	{202, "AX25_KISS", -1},
	{220, "USB_LINUX_MMAPPED", -1},
	{224, "FC_2", -1},
	{227, "CAN_SOCKETCAN", -1},
	{228, "IPV4", 0},
	{229, "IPV6", 0},
	{230, "IEEE802_15_4_NOFCS", -1},
	{239, "NFLOG", -1},
	{246, "PFSYNC", 4},
	{253, "NETLINK", -1},
	{258, "PKTAP", -1},
	{271, "VSOCK", -1},
	{276, "LINUX_SLL2", 20},
}

func (l LinkType) find() *name {
	for i := range names {
		if names[i].link == l {
			return &names[i]
		}
	}
	return nil
}

// String is the name, such as EN10MB, or LINKTYPE_ with the number.
func (l LinkType) String() string {
	if n := l.find(); n != nil {
		return n.text
	}
	return fmt.Sprintf("LINKTYPE_%d", uint16(l))
}

// HeaderLen is the length in bytes of the header that frames begin with, -1 where it is not
// known or differs from frame to frame. It is a hint: an Ethernet frame with VLAN tags, for
// one, has a longer one.
func (l LinkType) HeaderLen() int {
	if n := l.find(); n != nil {
		return n.header
	}
	return -1
}

// Number is the LINKTYPE_ value.
func (l LinkType) Number() uint16 { return uint16(l) }

// matching is where LINKTYPE_ and DLT_ values begin to be the same, but for those below.
const matching = 104

// DLT is the number that this system's libpcap has for it.
func (l LinkType) DLT() int { return l.DLTOn(runtime.GOOS) }

// DLTOn is DLT on another system, named as GOOS.
func (l LinkType) DLTOn(system string) int {
	for _, d := range differing {
		if d.link == l && d.on(system) {
			return d.dlt
		}
	}
	return int(l)
}

// FromDLT is the link type of a DLT_ value of a system, named as GOOS; "" is this one. ok is
// false for a number that is no DLT_ value there.
func FromDLT(dlt int, system string) (l LinkType, ok bool) {
	if system == "" {
		system = runtime.GOOS
	}
	for _, d := range differing {
		if d.dlt == dlt && d.on(system) {
			return d.link, true
		}
	}
	switch {
	case dlt < 0 || dlt > 1<<16-1:
		return 0, false
	case dlt < matching && LinkType(dlt).find() == nil:
		return 0, false
	}
	// A number that means one thing in files and another on this system is not its own.
	return LinkType(dlt), LinkType(dlt).DLTOn(system) == dlt
}

// differ is a link type whose DLT_ value is not its LINKTYPE_ value.
type differ struct {
	link LinkType
	dlt  int
	only []string // systems; none is every one that no other line of the link type names
}

// differing follows libpcap's dlt.h and its map in pcap-common.c. The DLT_ values of lines
// with systems are the historical ones that their kernels have.
var differing = []differ{
	{100, 11, nil},                           // ATM_RFC1483
	{101, 14, []string{"openbsd"}},           // RAW
	{101, 12, nil},                           //
	{102, 13, []string{"netbsd", "freebsd"}}, // SLIP_BSDOS
	{102, 15, nil},                           //
	{103, 14, []string{"netbsd", "freebsd"}}, // PPP_BSDOS
	{103, 16, nil},                           //
	{106, 19, nil},                           // ATM_CLIP
	{108, 12, []string{"openbsd"}},           // LOOP
	{109, 13, []string{"openbsd"}},           // ENC
	{112, 16, []string{"netbsd"}},            // HDLC
	{246, 18, []string{"darwin", "ios", "dragonfly", "netbsd", "openbsd"}}, // PFSYNC
	{246, 121, []string{"freebsd"}},                                        //
	{258, 149, []string{"darwin", "ios"}},                                  // PKTAP
}

func (d *differ) on(system string) bool {
	if d.only == nil {
		for _, o := range differing {
			if o.link == d.link && o.only != nil && o.on(system) {
				return false
			}
		}
		return true
	}
	for _, s := range d.only {
		if s == system {
			return true
		}
	}
	return false
}
