package packet

import (
	"fmt"
	"strconv"
)

// Summary is one line about a decoded packet, in the manner of tcpdump -n:
//
//	IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 7:17, ack 8, win 502, length 10
//
// with absolute sequence numbers. VLAN tags, labels and tunnels that Decode passed stand
// before it; where Decode did not look into a tunnel, Summary does. It is for packets of
// which Decode said true, while Payload and Options are valid. All of it is printable.
func (p *Packet) Summary() string {
	var d Decoder
	return string(d.summary(make([]byte, 0, 160), p, 0, 1))
}

// Summary is one line about a frame, whatever it holds: Packet.Summary if that is IP,
// otherwise link addresses, the name of the protocol and what ARP, LLDP and spanning tree
// say. Text from the wire is quoted. All of it is printable.
func (f *Frame) Summary() string {
	var d Decoder
	var p Packet
	p.CapLen = uint32(len(f.Data))
	p.WireLen = max(f.Wire, p.CapLen)
	p.Link = f.Link
	b, why := d.walk(f, &p)
	out := make([]byte, 0, 160)
	switch why {
	case readable:
		out = d.summary(out, &p, 0, 1)
	case NonIP:
		out = d.nonIPSummary(out, f, &p, b)
	default:
		out = unreadable(out, &p, why)
	}
	return string(out)
}

// summary appends the line of p, without the first of its encapsulations; level counts IP
// headers. It does not change p.
func (d *Decoder) summary(out []byte, p *Packet, first int, level int) []byte {
	out = appendEncaps(out, p, first)
	out = append(out, "IP"...)
	if p.IPVersion == 6 {
		out = append(out, '6')
	}
	out = append(out, ' ')
	out = p.appendEnd(out, p.Src, p.SrcPort)
	out = append(out, " > "...)
	out = p.appendEnd(out, p.Dst, p.DstPort)
	out = append(out, ": "...)
	inside := p.Proto == ProtoIPIP || p.Proto == ProtoIPv6 || p.Proto == ProtoGRE || p.Proto == ProtoUDP && p.Has&HasTransport != 0
	if inside && p.Has&HasLaterFragment == 0 && level < maxLevels {
		q := *p
		d.hops, d.nested = 0, true
		if level == 1 && p.Has&HasFragment != 0 {
			d.udpLen = 0xffff // of a first fragment, which keeps no more than its own length
		}
		d.enclose(p)
		b, version := d.tunnel(&q)
		if version != 0 && goodIP(b, version) {
			skip := offset(p.Payload, b)
			if d.ip(&q, b, version, p.PayloadLen-min(skip, p.PayloadLen)) == readable {
				return d.summary(out, &q, int(p.EncapCount), level+1)
			}
		}
		if q.EncapCount > p.EncapCount { // a tunnel of something else, or of what is cut
			out = appendEncaps(out, &q, int(p.EncapCount))
			return p.appendLength(out, p.PayloadLen)
		}
	}
	out = p.appendTransport(out)
	if p.Has&HasFragment != 0 {
		out = fmt.Appendf(out, " (frag id %d, offset %d", p.FragID, p.FragOff)
		if p.MoreFrags {
			out = append(out, ", more"...)
		}
		out = append(out, ')')
	}
	return out
}

func appendEncaps(out []byte, p *Packet, first int) []byte {
	for _, e := range p.Encaps[first:p.EncapCount] {
		out = append(out, e.Kind.String()...)
		switch {
		case e.Kind == EncapL2TP:
			out = fmt.Appendf(out, " %d/%d", e.ID>>16, e.ID&0xffff)
		case e.ID != 0 || e.Kind == EncapVLAN || e.Kind == EncapMPLS || e.Kind == EncapVXLAN || e.Kind == EncapGeneve || e.Kind >= EncapFrameRelay:
			out = fmt.Appendf(out, " %d", e.ID)
		}
		out = append(out, ", "...)
	}
	return out
}

// appendEnd appends an address, and the port of a transport that has them.
func (p *Packet) appendEnd(out []byte, a [16]byte, port uint16) []byte {
	out = addr(a, p.IPVersion).AppendTo(out)
	if p.Has&HasPorts != 0 {
		out = append(out, '.')
		out = strconv.AppendUint(out, uint64(port), 10)
	}
	return out
}

func (p *Packet) appendLength(out []byte, n uint32) []byte {
	out = append(out, "length "...)
	return strconv.AppendUint(out, uint64(n), 10)
}

// appendTransport appends what follows the addresses.
func (p *Packet) appendTransport(out []byte) []byte {
	switch {
	case p.Has&HasLaterFragment != 0:
		out = append(appendProto(out, p.Proto), " fragment, "...)
	case p.Has&HasTCP != 0:
		out = append(p.appendTCP(out), ", "...)
	case p.Has&HasICMP != 0:
		out = append(p.appendICMP(out), ", "...)
		return p.appendLength(out, p.TotalLen-min(uint32(p.IPHdrLen), p.TotalLen)) // with its header, as in tcpdump
	case p.Proto == ProtoTCP:
		out = append(out, "TCP, header cut or bad, "...)
	default:
		out = append(appendProto(out, p.Proto), ", "...)
	}
	return p.appendLength(out, p.PayloadLen)
}

func appendProto(out []byte, proto uint8) []byte {
	if name := ProtoName(proto); name != "" {
		return append(out, name...)
	}
	return fmt.Appendf(out, "proto-%d", proto)
}

// flagLetters are tcpdump's, from FIN up.
const flagLetters = "FSRP.UEWe"

func (p *Packet) appendTCP(out []byte) []byte {
	out = append(out, "Flags ["...)
	if p.TCPFlags == 0 {
		out = append(out, "none"...)
	}
	for i := range len(flagLetters) {
		if p.TCPFlags>>i&1 != 0 {
			out = append(out, flagLetters[i])
		}
	}
	out = append(out, ']')
	if p.PayloadLen > 0 || p.TCPFlags&(SYN|FIN|RST) != 0 {
		out = fmt.Appendf(out, ", seq %d", p.Seq)
		if p.PayloadLen > 0 {
			out = fmt.Appendf(out, ":%d", p.Seq+p.PayloadLen)
		}
	}
	if p.TCPFlags&ACK != 0 {
		out = fmt.Appendf(out, ", ack %d", p.Ack)
	}
	out = fmt.Appendf(out, ", win %d", p.Window)
	before := ", options ["
	for opt, rest := nextOption(p.Options); len(opt) > 0; opt, rest = nextOption(rest) {
		out = append(out, before...)
		out = appendOption(out, opt)
		before = ","
	}
	if before == "," {
		out = append(out, ']')
	}
	return out
}

// optionNames are names of TCP options that say something by being there (IANA).
var optionNames = map[byte]string{optMSS: "mss", optWindowScale: "wscale", optSACKPermitted: "sackOK", optSACK: "sack", optTimestamps: "TS", 19: "md5", 28: "uto", 29: "tcp-ao", optMPTCP: "mptcp", 34: "tfo"}

// mptcpNames are those of subtypes (RFC 8684).
var mptcpNames = [...]string{"capable", "join", "dss", "add-addr", "rem-addr", "prio", "fail", "fast-close", "rst"}

func appendOption(out, opt []byte) []byte {
	u32 := func(i int) uint32 {
		return uint32(opt[i])<<24 | uint32(opt[i+1])<<16 | uint32(opt[i+2])<<8 | uint32(opt[i+3])
	}
	switch {
	case opt[0] == optEOL:
		return append(out, "eol"...)
	case opt[0] == optNOP:
		return append(out, "nop"...)
	case opt[0] == optMSS && len(opt) == 4:
		return fmt.Appendf(out, "mss %d", uint32(opt[2])<<8|uint32(opt[3]))
	case opt[0] == optWindowScale && len(opt) == 3:
		return fmt.Appendf(out, "wscale %d", opt[2])
	case opt[0] == optTimestamps && len(opt) == 10:
		return fmt.Appendf(out, "TS val %d ecr %d", u32(2), u32(6))
	case opt[0] == optSACK && len(opt)%8 == 2:
		out = fmt.Appendf(out, "sack %d ", len(opt)/8)
		for i := 2; i < len(opt); i += 8 {
			out = fmt.Appendf(out, "{%d:%d}", u32(i), u32(i+4))
		}
		return out
	case opt[0] == optMPTCP && len(opt) > 2:
		if subtype := opt[2] >> 4; int(subtype) < len(mptcpNames) {
			return fmt.Appendf(out, "mptcp %d %s", len(opt), mptcpNames[subtype])
		}
		return fmt.Appendf(out, "mptcp %d", len(opt))
	case opt[0] == optSACKPermitted && len(opt) == 2:
		return append(out, "sackOK"...)
	}
	if name := optionNames[opt[0]]; name != "" {
		out = append(out, name...)
	} else {
		out = fmt.Appendf(out, "unknown-%d", opt[0])
	}
	if len(opt) > 2 {
		out = fmt.Appendf(out, " 0x%x", opt[2:])
	}
	return out
}

func (p *Packet) appendICMP(out []byte) []byte {
	before := "ICMP "
	if p.IPVersion == 6 {
		before = "ICMP6, "
	}
	out = append(out, before...)
	if name := icmpName(p.IPVersion, p.ICMPType, p.ICMPCode); name != "" {
		out = append(out, name...)
	} else {
		out = fmt.Appendf(out, "type %d, code %d", p.ICMPType, p.ICMPCode)
	}
	switch {
	case p.Has&HasICMPEcho != 0:
		out = fmt.Appendf(out, ", id %d, seq %d", p.ICMPID, p.ICMPSeq)
	case p.IPVersion == 6 && p.ICMPCode == 0 && len(p.Payload) >= 16 && (p.ICMPType == 135 || p.ICMPType == 136):
		what := ", who has "
		if p.ICMPType == 136 {
			what = ", tgt is "
		}
		out = append(out, what...)
		out = addr([16]byte(p.Payload[:16]), 6).AppendTo(out)
	}
	return out
}
