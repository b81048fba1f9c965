package packetstore

import (
	"net/netip"

	"pinyon/packet"
)

// A row is a frame with what was read of it.
type row struct {
	frame *packet.Frame
	p     packet.Packet
	v     packet.Finding
	ip    bool // p is a packet
	arp   packet.ARP
	isARP bool // arp is a whole message
	op    uint16
	hasOp bool // op is that of a message, be it cut
	iface string
	dir   packet.Direction
	// payload is how much of a packet's payload is kept.
	payload int
	buf     []byte // a text
}

// has reports whether an IP packet has all of the bits.
func (r *row) has(h packet.Has) bool { return r.ip && r.p.Is(h) }

// A Column is one column of the schema.
type Column struct {
	Name     string
	Type     string // uint8, uint16, uint32, timestamp[ns, UTC], date32, string or binary
	Nullable bool
	Doc      string // one sentence

	store  store
	has    func(*row) bool // whether a frame has a value; nil: always
	number func(*row) int64
	text   func(b []byte, r *row) []byte // appends it; an empty text is absent
}

// A store is how a column's values wait for their row group.
type store uint8

const (
	ints  store = iota // of up to 32 bits
	longs              // of 64 bits
	texts              // all different, or nearly
	dict               // each different one once
)

func u8(name, doc string, has func(*row) bool, v func(*row) uint8) Column {
	return Column{Name: name, Type: "uint8", Doc: doc, Nullable: has != nil, has: has, number: func(r *row) int64 { return int64(v(r)) }}
}

func u16(name, doc string, has func(*row) bool, v func(*row) uint16) Column {
	return Column{Name: name, Type: "uint16", Doc: doc, Nullable: has != nil, has: has, number: func(r *row) int64 { return int64(v(r)) }}
}

func u32(name, doc string, has func(*row) bool, v func(*row) uint32) Column {
	return Column{Name: name, Type: "uint32", Doc: doc, Nullable: has != nil, has: has, number: func(r *row) int64 { return int64(v(r)) }}
}

func text(name, doc string, v func(b []byte, r *row) []byte) Column {
	return Column{Name: name, Type: "string", Doc: doc, Nullable: true, store: dict, text: v}
}

func word(name, doc string, v func(r *row) string) Column {
	return text(name, doc, func(b []byte, r *row) []byte { return append(b, v(r)...) })
}

// always is a text that no frame lacks.
func always(c Column) Column {
	c.Nullable = false
	return c
}

func isIP(r *row) bool     { return r.ip }
func isTCP(r *row) bool    { return r.has(packet.HasTCP) }
func isICMP(r *row) bool   { return r.has(packet.HasICMP) }
func hasPorts(r *row) bool { return r.has(packet.HasPorts) }
func hasVLAN(r *row) bool  { return r.p.Is(packet.HasVLAN) }
func hasType(r *row) bool  { return r.v.EtherType != 0 }

// appendMAC appends an address of the link, if it has one.
func appendMAC(b []byte, r *row, h packet.Has, mac *[6]byte) []byte {
	if !r.p.Is(h) {
		return b
	}
	return packet.AppendMAC(b, mac[:])
}

// appendAddr appends an address of a packet, or of an ARP message about IPv4.
func appendAddr(b []byte, r *row, ip func() netip.Addr, arp func() netip.Addr) []byte {
	switch {
	case r.ip:
		return ip().AppendTo(b)
	case r.isARP:
		if a := arp(); a.IsValid() {
			return a.AppendTo(b)
		}
	}
	return b
}

// columns are the schema.
var columns = []Column{
	{Name: "timestamp", Type: "timestamp[ns, UTC]", store: longs, Doc: "Capture time.", number: func(r *row) int64 { return r.frame.TS }},
	word("interface", "Name of the device.", func(r *row) string { return r.iface }),
	always(word("direction", "Up, Down, Local, Forwarded or Unknown.", func(r *row) string { return r.dir.String() })),
	u16("link_type", "LINKTYPE_ value of the frame.", nil, func(r *row) uint16 { return r.frame.Link }),
	u32("packet_size", "Bytes on the wire.", nil, func(r *row) uint32 { return max(r.frame.Wire, uint32(len(r.frame.Data))) }),
	u32("captured_size", "Bytes captured.", nil, func(r *row) uint32 { return uint32(len(r.frame.Data)) }),
	text("src_mac", "Source address of the link.", func(b []byte, r *row) []byte { return appendMAC(b, r, packet.HasSrcMAC, &r.p.SrcMAC) }),
	text("dst_mac", "Destination address of the link.", func(b []byte, r *row) []byte { return appendMAC(b, r, packet.HasDstMAC, &r.p.DstMAC) }),
	u16("ethertype", "EtherType behind VLAN tags.", hasType, func(r *row) uint16 { return r.v.EtherType }),
	u16("vlan_id", "VLAN of the outermost tag.", hasVLAN, func(r *row) uint16 { return r.p.VLAN }),
	u8("ip_version", "4 or 6.", isIP, func(r *row) uint8 { return r.p.IPVersion }),
	text("src_ip", "Source address; of ARP for IPv4 the sender's.", func(b []byte, r *row) []byte { return appendAddr(b, r, r.p.SrcAddr, r.arp.Sender) }),
	text("dst_ip", "Destination address; of ARP for IPv4 the target's.", func(b []byte, r *row) []byte { return appendAddr(b, r, r.p.DstAddr, r.arp.Target) }),
	word("protocol", "IANA keyword of the protocol behind IP, or what a frame without IP holds.", func(r *row) string { return r.v.Protocol }),
	u8("ip_proto", "IANA number of the protocol behind IP and its extension headers.", isIP, func(r *row) uint8 { return r.p.Proto }),
	u8("ttl", "TTL or hop limit.", isIP, func(r *row) uint8 { return r.p.TTL }),
	u16("src_port", "Source port.", hasPorts, func(r *row) uint16 { return r.p.SrcPort }),
	u16("dst_port", "Destination port.", hasPorts, func(r *row) uint16 { return r.p.DstPort }),
	u16("tcp_flags", "FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, AE 256.", isTCP, func(r *row) uint16 { return r.p.TCPFlags }),
	u32("tcp_seq", "Sequence number as sent.", isTCP, func(r *row) uint32 { return r.p.Seq }),
	u32("tcp_ack", "Acknowledgment number as sent.", isTCP, func(r *row) uint32 { return r.p.Ack }),
	u16("tcp_window", "Window as sent, without scaling.", isTCP, func(r *row) uint16 { return r.p.Window }),
	u8("icmp_type", "Type of ICMP or ICMPv6.", isICMP, func(r *row) uint8 { return r.p.ICMPType }),
	u8("icmp_code", "Code of ICMP or ICMPv6.", isICMP, func(r *row) uint8 { return r.p.ICMPCode }),
	u16("arp_operation", "Operation of ARP and RARP: 1 request, 2 reply.", func(r *row) bool { return r.hasOp }, func(r *row) uint16 { return r.op }),
	u32("payload_size", "Bytes behind the transport header by the packet's own count, or behind IP where that is not read; 0 without IP.", nil, func(r *row) uint32 {
		if !r.ip {
			return 0
		}
		return r.p.PayloadLen
	}),
	{Name: "payload", Type: "binary", Nullable: true, store: texts, Doc: "First bytes of the payload, if they are kept and there are any.", text: func(b []byte, r *row) []byte {
		if !r.ip {
			return b
		}
		return append(b, r.p.Payload[:min(len(r.p.Payload), r.payload)]...)
	}},
	word("decode_error", "Why the frame gave no packet, or its packet no transport fields; the words of the provenance.", func(r *row) string {
		if r.v.Why == packet.NonIP {
			return ""
		}
		return r.v.Why.String()
	}),
	{Name: "date", Type: "date32", Doc: "Day of the capture time, UTC.", number: func(r *row) int64 { return floor(r.frame.TS, day) }},
	u8("hour", "Hour of the capture time, UTC.", nil, func(r *row) uint8 { return uint8(floor(r.frame.TS, hour) - 24*floor(r.frame.TS, day)) }),
}

// frame is the column that a file has if Options.Frames asks for it.
var frame = Column{Name: "frame", Type: "binary", store: texts, Doc: "All captured bytes of the frame.", text: func(b []byte, r *row) []byte {
	return append(b, r.frame.Data...)
}}

// Columns are the columns of every file, in their order; one with whole frames has the column
// frame behind them.
func Columns() []Column { return append([]Column(nil), columns...) }

// columnsOf are the columns of a file that is written with these options.
func columnsOf(o *Options) []Column {
	if o.Frames {
		return append(Columns(), frame)
	}
	return columns
}

const (
	hour = 3600 * int64(1e9)
	day  = 24 * hour
)

// floor is how many whole units there are, those before 1970 being negative.
func floor(ts, unit int64) int64 {
	if ts < 0 {
		return (ts+1)/unit - 1
	}
	return ts / unit
}
