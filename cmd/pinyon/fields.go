package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"pinyon/internal/near"
	"pinyon/packet"
)

// A frameRow is a frame as the fields of dump see it.
type frameRow struct {
	f  packet.Frame
	p  packet.Packet // of a frame without IP only what of the link layer Has names
	ip bool
	on string // interface; asked for by frame.interface alone
}

// has reports whether an IP packet has all of the bits.
func (r *frameRow) has(h packet.Has) bool { return r.ip && r.p.Is(h) }

// proto reports whether an IP packet is of a protocol and its ports can be read.
func (r *frameRow) proto(n uint8) bool { return r.has(packet.HasPorts) && r.p.Proto == n }

// A frameField is a value of a frame: its path, one sentence, and what appends it, or nothing
// where the frame has no such value. Values do not allocate, but for names.
type frameField struct {
	path, doc string
	add       func(b []byte, r *frameRow) []byte
}

// number is a field that a decimal number stands for.
func number(path, doc string, is func(*frameRow) bool, v func(*frameRow) uint64) frameField {
	return frameField{path, doc, func(b []byte, r *frameRow) []byte {
		if !is(r) {
			return b
		}
		return strconv.AppendUint(b, v(r), 10)
	}}
}

// hexNumber is a field of so many hexadecimal digits.
func hexNumber(path, doc string, digits int, is func(*frameRow) bool, v func(*frameRow) uint64) frameField {
	return frameField{path, doc, func(b []byte, r *frameRow) []byte {
		if !is(r) {
			return b
		}
		b = append(b, "0x"...)
		for i := digits - 1; i >= 0; i-- {
			b = append(b, "0123456789abcdef"[v(r)>>(4*i)&15])
		}
		return b
	}}
}

// text is a field of words.
func text(path, doc string, v func(b []byte, r *frameRow) []byte) frameField {
	return frameField{path, doc, v}
}

// ports are the two fields of a transport's ports.
func ports(name, title string, proto uint8) []frameField {
	is := func(r *frameRow) bool { return r.proto(proto) }
	return []frameField{
		number(name+".srcport", title+" source port.", is, func(r *frameRow) uint64 { return uint64(r.p.SrcPort) }),
		number(name+".dstport", title+" destination port.", is, func(r *frameRow) uint64 { return uint64(r.p.DstPort) }),
	}
}

func always(*frameRow) bool  { return true }
func isIP(r *frameRow) bool  { return r.ip }
func isIP4(r *frameRow) bool { return r.ip && r.p.IPVersion == 4 }
func isIP6(r *frameRow) bool { return r.ip && r.p.IPVersion == 6 }
func isTCP(r *frameRow) bool { return r.has(packet.HasTCP) }
func linkHas(h packet.Has) func(*frameRow) bool {
	return func(r *frameRow) bool { return r.p.Is(h) }
}
func ipHas(h packet.Has) func(*frameRow) bool { return func(r *frameRow) bool { return r.has(h) } }

// frameFields are all fields, in the order in which they are listed.
var frameFields = joined(
	[]frameField{
		number("frame.number", "Number of the record in its file, or of the packet in the capture, from 1.", always, func(r *frameRow) uint64 { return r.f.Number }),
		text("frame.time", "Capture time, RFC 3339 in UTC with nanoseconds.", func(b []byte, r *frameRow) []byte { return appendTime(b, r.f.TS) }),
		text("frame.time_epoch", "Capture time in seconds since 1970, nine decimals.", func(b []byte, r *frameRow) []byte { return appendEpoch(b, r.f.TS) }),
		number("frame.len", "Bytes on the wire.", always, func(r *frameRow) uint64 { return uint64(r.f.Wire) }),
		number("frame.caplen", "Bytes captured.", always, func(r *frameRow) uint64 { return uint64(len(r.f.Data)) }),
		text("frame.interface", "Name of the interface; of one without a name its number.", func(b []byte, r *frameRow) []byte { return append(b, r.on...) }),
		text("frame.link", "Link type, as tcpdump -L names it.", func(b []byte, r *frameRow) []byte { return append(b, linkName(r.f.Link)...) }),
		text("frame.direction", "host, broadcast, multicast, otherhost or outgoing, where the kernel said so.", appendDirection),
		text("frame.summary", "The line that stands for the frame without -e.", func(b []byte, r *frameRow) []byte { return append(b, r.summary()...) }),

		text("eth.src", "Source address of the link.", func(b []byte, r *frameRow) []byte { return appendMAC(b, r, packet.HasSrcMAC, &r.p.SrcMAC) }),
		text("eth.dst", "Destination address of the link.", func(b []byte, r *frameRow) []byte { return appendMAC(b, r, packet.HasDstMAC, &r.p.DstMAC) }),
		hexNumber("eth.type", "Outermost EtherType.", 4, linkHas(packet.HasEthType), func(r *frameRow) uint64 { return uint64(r.p.EthType) }),
		number("vlan.id", "VLAN of the outermost tag.", linkHas(packet.HasVLAN), func(r *frameRow) uint64 { return uint64(r.p.VLAN) }),
		number("vlan.inner", "VLAN of the innermost tag.", linkHas(packet.HasVLAN), func(r *frameRow) uint64 { return uint64(r.p.VLANInner) }),
		text("tunnel", "Tags, labels and tunnels before the IP header, as kind:number with commas; see --decap.", appendTunnels),

		number("ip.version", "4 or 6.", isIP, func(r *frameRow) uint64 { return uint64(r.p.IPVersion) }),
		text("ip.src", "Source address, of either version.", func(b []byte, r *frameRow) []byte { return appendAddr(b, r, r.p.SrcAddr()) }),
		text("ip.dst", "Destination address, of either version.", func(b []byte, r *frameRow) []byte { return appendAddr(b, r, r.p.DstAddr()) }),
		number("ip.proto", "Number of the protocol behind IP, its extension headers and AH.", isIP, func(r *frameRow) uint64 { return uint64(r.p.Proto) }),
		number("ip.ttl", "TTL or hop limit.", isIP, func(r *frameRow) uint64 { return uint64(r.p.TTL) }),
		hexNumber("ip.tos", "ToS or traffic class.", 2, isIP, func(r *frameRow) uint64 { return uint64(r.p.TOS) }),
		number("ip.len", "Bytes from the IP header on, by its own count.", isIP, func(r *frameRow) uint64 { return uint64(r.p.TotalLen) }),
		number("ip.hdr_len", "Bytes of the IP header, with options, extension headers and AH.", isIP, func(r *frameRow) uint64 { return uint64(r.p.IPHdrLen) }),
		hexNumber("ip.id", "Identification (IPv4).", 4, isIP4, func(r *frameRow) uint64 { return uint64(r.p.IPID) }),
		number("ip.df", "1 if fragmenting is forbidden (IPv4).", isIP4, func(r *frameRow) uint64 { return uint64(r.p.IPFlags >> 1 & 1) }),
		number("ip.mf", "1 if more fragments follow; of fragments.", ipHas(packet.HasFragment), func(r *frameRow) uint64 { return bit(r.p.MoreFrags) }),
		number("ip.frag_offset", "Offset in bytes; of fragments.", ipHas(packet.HasFragment), func(r *frameRow) uint64 { return uint64(r.p.FragOff) }),
		hexNumber("ip.flow", "Flow label (IPv6).", 5, isIP6, func(r *frameRow) uint64 { return uint64(r.p.FlowLabel) }),
	},
	ports("tcp", "TCP", packet.ProtoTCP),
	[]frameField{
		hexNumber("tcp.flags", "Flags, FIN being 1.", 4, isTCP, func(r *frameRow) uint64 { return uint64(r.p.TCPFlags) }),
		number("tcp.seq", "Sequence number as sent.", isTCP, func(r *frameRow) uint64 { return uint64(r.p.Seq) }),
		number("tcp.ack", "Acknowledgment number as sent.", isTCP, func(r *frameRow) uint64 { return uint64(r.p.Ack) }),
		number("tcp.window", "Window as sent, without scaling.", isTCP, func(r *frameRow) uint64 { return uint64(r.p.Window) }),
		number("tcp.len", "Bytes of payload.", isTCP, func(r *frameRow) uint64 { return uint64(r.p.PayloadLen) }),
		text("tcp.options", "Options, captured part, hexadecimal.", func(b []byte, r *frameRow) []byte {
			if !isTCP(r) {
				return b
			}
			return hex.AppendEncode(b, r.p.Options)
		}),
		number("tcp.mss", "Maximum segment size offered.", ipHas(packet.HasTCP|packet.HasMSS), func(r *frameRow) uint64 { return uint64(r.p.MSS) }),
		number("tcp.wscale", "Shift of the window scale option.", ipHas(packet.HasTCP|packet.HasWindowScale), func(r *frameRow) uint64 { return uint64(r.p.WindowScale) }),
		number("tcp.tsval", "Timestamp value.", ipHas(packet.HasTCP|packet.HasTimestamp), func(r *frameRow) uint64 { return uint64(r.p.TSval) }),
		number("tcp.tsecr", "Timestamp echo reply.", ipHas(packet.HasTCP|packet.HasTimestamp), func(r *frameRow) uint64 { return uint64(r.p.TSecr) }),
	},
	ports("udp", "UDP", packet.ProtoUDP),
	[]frameField{
		number("udp.len", "Bytes of payload.", func(r *frameRow) bool { return r.proto(packet.ProtoUDP) }, func(r *frameRow) uint64 { return uint64(r.p.PayloadLen) }),
	},
	ports("sctp", "SCTP", packet.ProtoSCTP),
	ports("dccp", "DCCP", packet.ProtoDCCP),
	ports("udplite", "UDP-Lite", packet.ProtoUDPLite),
	[]frameField{
		number("icmp.type", "Type of ICMP or ICMPv6.", ipHas(packet.HasICMP), func(r *frameRow) uint64 { return uint64(r.p.ICMPType) }),
		number("icmp.code", "Code of ICMP or ICMPv6.", ipHas(packet.HasICMP), func(r *frameRow) uint64 { return uint64(r.p.ICMPCode) }),
		number("icmp.id", "Identifier of echo and its like.", ipHas(packet.HasICMPEcho), func(r *frameRow) uint64 { return uint64(r.p.ICMPID) }),
		number("icmp.seq", "Sequence number of echo and its like.", ipHas(packet.HasICMPEcho), func(r *frameRow) uint64 { return uint64(r.p.ICMPSeq) }),
		number("payload.len", "Bytes behind the transport header, or behind IP where that is not read.", isIP, func(r *frameRow) uint64 { return uint64(r.p.PayloadLen) }),
		text("payload", "Captured part of the payload, hexadecimal.", func(b []byte, r *frameRow) []byte {
			if !r.ip {
				return b
			}
			return hex.AppendEncode(b, r.p.Payload)
		}),
	},
)

func joined(lists ...[]frameField) (all []frameField) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// fieldsOf are the fields of the paths given.
func fieldsOf(paths []string) ([]frameField, error) {
	var list []frameField
next:
	for _, path := range paths {
		for _, f := range frameFields {
			if f.path == path {
				list = append(list, f)
				continue next
			}
		}
		return nil, usage("-e: unknown field %q%s; --fields lists them", path, near.Hint(path, fieldPaths()))
	}
	return list, nil
}

func fieldPaths() []string {
	paths := make([]string, len(frameFields))
	for i, f := range frameFields {
		paths[i] = f.path
	}
	return paths
}

// fieldTable is a line a field.
func fieldTable() string {
	var b strings.Builder
	for _, f := range frameFields {
		fmt.Fprintf(&b, "%-18s %s\n", f.path, f.doc)
	}
	return b.String()
}

// summary is the frame's line.
func (r *frameRow) summary() string {
	if r.ip {
		return r.p.Summary()
	}
	return r.f.Summary()
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// appendEpoch appends seconds with nine decimals.
func appendEpoch(b []byte, ns int64) []byte {
	n := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/1e9, 10)
	b = append(b, '.')
	for unit := uint64(1e8); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10))
	}
	return b
}

func appendMAC(b []byte, r *frameRow, has packet.Has, mac *[6]byte) []byte {
	if !r.p.Is(has) {
		return b
	}
	return packet.AppendMAC(b, mac[:])
}

func appendAddr(b []byte, r *frameRow, a netip.Addr) []byte {
	if !r.ip {
		return b
	}
	return a.AppendTo(b)
}

var directions = [...]string{packet.TypeHost: "host", packet.TypeBroadcast: "broadcast", packet.TypeMulticast: "multicast", packet.TypeOtherHost: "otherhost", packet.TypeOutgoing: "outgoing"}

func appendDirection(b []byte, r *frameRow) []byte {
	if t := r.p.PacketType; int(t) < len(directions) {
		b = append(b, directions[t]...)
	}
	return b
}

func appendTunnels(b []byte, r *frameRow) []byte {
	for i, e := range r.p.Encaps[:r.p.EncapCount] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.Kind.String()...)
		b = append(b, ':')
		b = strconv.AppendUint(b, uint64(e.ID), 10)
	}
	return b
}
