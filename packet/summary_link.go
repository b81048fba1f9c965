package packet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
)

// nonIPSummary appends the line of a frame without IP. p holds what of its link layer was
// read, b begins where IP was missed.
func (d *Decoder) nonIPSummary(out []byte, f *Frame, p *Packet, b []byte) []byte {
	out = appendEncaps(out, p, 0)
	left := p.WireLen - min(offset(f.Data, b), p.WireLen)
	number := uint16(d.nonIP &^ spaceMask)
	switch space := d.nonIP & spaceMask; {
	case space == spaceEtherType && (number == etherARP || number == etherRARP):
		if arp, ok := appendARP(out, number, b); ok {
			return p.appendLength(append(arp, ", "...), left)
		}
	case space == spaceEtherType && number == etherLLDP:
		return p.appendLength(appendLLDP(out, b), left)
	case space == spaceLLC && number == sapSTP && len(b) > 3:
		if stp, ok := appendSTP(out, b[3:]); ok {
			return p.appendLength(stp, left)
		}
	}
	out = p.appendMACs(out)
	out = appendNonIP(out, d.nonIP, b)
	return p.appendLength(append(out, ", "...), p.WireLen)
}

const (
	etherARP  = 0x0806
	etherRARP = 0x8035
	etherLLDP = 0x88cc
	sapSTP    = 0x42
)

// appendNonIP appends what stands where IP was missed.
func appendNonIP(out []byte, key nonIPKey, b []byte) []byte {
	number := uint16(key &^ spaceMask)
	name := func(prefix string, names map[uint16]string, format string) []byte {
		if n := names[number]; n != "" {
			return fmt.Appendf(out, "%s%s ("+format+")", prefix, n, number)
		}
		return fmt.Appendf(out, "%s"+format, prefix, number)
	}
	switch key & spaceMask {
	case spaceLLC:
		if number == 0xaa && len(b) >= 8 && b[1] == 0xaa && b[2] == 3 {
			oui := uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5])
			number = binary.BigEndian.Uint16(b[6:])
			if oui == 0x00000c {
				return name("SNAP, ", snapNames, "0x%04x")
			}
			return fmt.Appendf(out, "SNAP, oui %06x, 0x%04x", oui, number)
		}
		return name("802.2, dsap ", sapNames, "0x%02x")
	case spacePPP:
		return name("PPP, ", pppNames, "0x%04x")
	case spaceFamily:
		return fmt.Appendf(out, "address family %d", number)
	case space80211:
		return name("802.11 ", dot11Names, "0x%02x")
	case spaceProtected:
		return append(out, "802.11 data, protected"...)
	case spaceVersion:
		return fmt.Appendf(out, "IP version %d", number)
	}
	return name("ethertype ", etherNames, "0x%04x")
}

func (p *Packet) appendMACs(out []byte) []byte {
	if p.Has&HasSrcMAC != 0 {
		out = AppendMAC(out, p.SrcMAC[:])
		if p.Has&HasDstMAC != 0 {
			out = append(out, " > "...)
			out = AppendMAC(out, p.DstMAC[:])
		}
		out = append(out, ", "...)
	}
	return out
}

// AppendMAC appends a link address in lower-case hexadecimal, a colon between bytes.
func AppendMAC(out, mac []byte) []byte {
	const digits = "0123456789abcdef"
	for i, c := range mac {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return out
}

// appendARP appends ARP for Ethernet and IPv4. ok is false of other addresses and of what
// is cut.
func appendARP(out []byte, typ uint16, b []byte) (line []byte, ok bool) {
	var a ARP
	if !a.Decode(b) || len(a.SenderMAC) != 6 || a.Protocol != etherIPv4 || len(a.SenderIP) != 4 {
		return out, false
	}
	sender, target := a.Sender(), a.Target()
	out = append(out, etherNames[typ]...)
	switch a.Operation {
	case 1:
		out = append(out, ", Request who-has "...)
		out = target.AppendTo(out)
		if [6]byte(a.TargetMAC) != [6]byte{} {
			out = append(out, " ("...)
			out = append(AppendMAC(out, a.TargetMAC), ')')
		}
		out = sender.AppendTo(append(out, " tell "...))
	case 2:
		out = sender.AppendTo(append(out, ", Reply "...))
		out = AppendMAC(append(out, " is-at "...), a.SenderMAC)
	case 3:
		out = AppendMAC(append(out, ", Reverse Request who-is "...), a.TargetMAC)
		out = AppendMAC(append(out, " tell "...), a.SenderMAC)
	case 4:
		out = AppendMAC(append(out, ", Reverse Reply "...), a.TargetMAC)
		out = target.AppendTo(append(out, " at "...))
	default:
		out = fmt.Appendf(out, ", operation %d, ", a.Operation)
		out = sender.AppendTo(out)
		out = AppendMAC(append(out, " ("...), a.SenderMAC)
		out = target.AppendTo(append(out, ") to "...))
	}
	return out, true
}

// appendLLDP reads the elements of IEEE 802.1AB (7 bits of type, 9 of length) that say who
// speaks: chassis, port, name of the system.
func appendLLDP(out, b []byte) []byte {
	out = append(out, "LLDP, "...)
	for len(b) >= 2 {
		typ, n := b[0]>>1, int(binary.BigEndian.Uint16(b)&0x1ff)
		if b = b[2:]; n > len(b) || typ == 0 {
			break
		}
		v := b[:n]
		b = b[n:]
		switch {
		case (typ == 1 || typ == 2) && n > 1:
			out = append(out, [...]string{1: "chassis ", 2: "port "}[typ]...)
			mac, ip := byte(4), byte(5)
			if typ == 2 {
				mac, ip = 3, 4
			}
			switch {
			case v[0] == mac && n == 7:
				out = AppendMAC(out, v[1:])
			case v[0] == ip && n == 6 && v[1] == 1:
				out = netip.AddrFrom4([4]byte(v[2:])).AppendTo(out)
			case v[0] == ip && n == 18 && v[1] == 2:
				out = netip.AddrFrom16([16]byte(v[2:])).AppendTo(out)
			default:
				out = strconv.AppendQuote(out, string(v[1:]))
			}
			out = append(out, ", "...)
		case typ == 5:
			out = strconv.AppendQuote(append(out, "name "...), string(v))
			out = append(out, ", "...)
		}
	}
	return out
}

// appendSTP reads a bridge protocol data unit (IEEE 802.1D-2004 section 9):
//
//	+-----------------+---------+---------+-------+----------+-----------+------------+----------+
//	| protocol 0      | version | type    | flags | root (8) | cost (4)  | bridge (8) | port (2) |
//	+-----------------+---------+---------+-------+----------+-----------+------------+----------+
//	0                 2         3         4       5          13          17           25         27
func appendSTP(out, b []byte) (line []byte, ok bool) {
	if len(b) < 4 || b[0]|b[1] != 0 {
		return out, false
	}
	name := "STP"
	switch b[2] {
	case 2:
		name = "RSTP"
	case 3:
		name = "MSTP"
	}
	out = append(out, name...)
	switch {
	case b[3] == 0x80:
		return append(out, ", topology change, "...), true
	case (b[3] == 0 || b[3] == 2) && len(b) >= 27:
		out = fmt.Appendf(out, ", root %04x.", binary.BigEndian.Uint16(b[5:]))
		out = AppendMAC(out, b[7:13])
		out = fmt.Appendf(out, ", cost %d, bridge %04x.", binary.BigEndian.Uint32(b[13:]), binary.BigEndian.Uint16(b[17:]))
		out = AppendMAC(out, b[19:25])
		return fmt.Appendf(out, ", port %04x, ", binary.BigEndian.Uint16(b[25:])), true
	}
	return out, false
}

// unreadable appends the line of a frame that decoding could not read.
func unreadable(out []byte, p *Packet, why Reason) []byte {
	out = appendEncaps(out, p, 0)
	out = p.appendMACs(out)
	name := LinkName(p.Link)
	if name == "" {
		name = "link type " + strconv.Itoa(int(p.Link))
	}
	switch why {
	case UnknownLinkType:
		out = fmt.Appendf(out, "%s, not decoded, ", name)
	case L2Short:
		out = fmt.Appendf(out, "%s, cut before the network header, ", name)
	case EncapDepth:
		out = append(out, "too many headers before IP, "...)
	case IPv6BadHeader:
		out = append(out, "IP6, bad header, "...)
	default:
		out = append(out, "IP, bad header, "...)
	}
	return p.appendLength(out, p.WireLen)
}
