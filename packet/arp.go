package packet

import (
	"encoding/binary"
	"net/netip"
)

// ARP is a message of the Address Resolution Protocol (RFC 826), or of its reverse (RFC
// 903). The addresses borrow the frame's memory.
//
//	+-------------------+-------------------+
//	| hardware          | protocol          |
//	+---------+---------+-------------------+
//	| hlen    | plen    | operation         |
//	+---------+---------+-------------------+
//	| sender hardware (hlen), protocol (plen), target hardware, protocol |
//	+--------------------------------------------------------------------+
type ARP struct {
	Hardware, Protocol   uint16 // IANA hardware type, 1 being Ethernet; EtherType of the protocol
	Operation            uint16 // IANA: 1 request, 2 reply, 3 and 4 of RARP, 8 and 9 of InARP
	SenderMAC, TargetMAC []byte // of any length
	SenderIP, TargetIP   []byte // of any length and protocol
}

const arpHeaderLen = 8

// Decode reads a message at b[0], which may be longer, and reports whether all of it is
// there.
func (a *ARP) Decode(b []byte) bool {
	if len(b) < arpHeaderLen {
		return false
	}
	hlen, plen := int(b[4]), int(b[5])
	if len(b) < arpHeaderLen+2*(hlen+plen) {
		return false
	}
	a.Hardware, a.Protocol, a.Operation = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[6:])
	b = b[arpHeaderLen:]
	a.SenderMAC, b = b[:hlen], b[hlen:]
	a.SenderIP, b = b[:plen], b[plen:]
	a.TargetMAC, b = b[:hlen], b[hlen:]
	a.TargetIP = b[:plen]
	return true
}

// Sender is the sender's address if the message is about IPv4; otherwise not valid.
func (a *ARP) Sender() netip.Addr { return a.ip(a.SenderIP) }

// Target is the target's address if the message is about IPv4; otherwise not valid.
func (a *ARP) Target() netip.Addr { return a.ip(a.TargetIP) }

func (a *ARP) ip(b []byte) netip.Addr {
	if a.Protocol != etherIPv4 || len(b) != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b))
}
