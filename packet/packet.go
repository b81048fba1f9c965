// Package packet turns a captured frame into one reused Packet: link layer, VLAN, E-Tag,
// VN-Tag, MPLS, PPPoE, NSH, IPv4, IPv6, AH, tunnels, TCP with its options, UDP, UDP-Lite,
// SCTP, DCCP and ICMP.
//
// Decoding cannot fail and does not allocate: what cannot be read is counted by reason
// (Counts) and left out. The package does not reassemble, verify checksums or look into
// application payload; flows are package flow's business.
package packet

import (
	"net/netip"
	"sync/atomic"
)

// A Block is memory that frames borrow: a file buffer, a window of a map, a block of a
// capture ring. A source hands frames out with their Block set; whoever keeps a frame
// beyond the source's next step calls Retain, and Release when done. The last Release
// gives the memory back to its owner. Safe for use from several goroutines.
type Block struct {
	refs atomic.Int32
	Buf  []byte
	// Free is called once by the last Release; nil leaves the block to the collector.
	Free func(*Block)
}

// Retain adds one reference. A new Block has none.
func (b *Block) Retain() { b.refs.Add(1) }

// Release drops one reference.
func (b *Block) Release() {
	switch n := b.refs.Add(-1); {
	case n == 0 && b.Free != nil:
		b.Free(b)
	case n < 0:
		panic("BUG: packet.Block released more often than retained")
	}
}

// A Frame is one captured record as a source hands it out.
type Frame struct {
	Data   []byte // captured bytes; borrowed from Block
	TS     int64  // nanoseconds since 1970-01-01 UTC
	Wire   uint32 // length on the wire in bytes, never below len(Data)
	Iface  uint32 // pcapng interface id in its section, or the position of a live device; 0 otherwise
	Link   uint16 // LINKTYPE_ value
	Type   Type   // what the kernel said of the frame's direction; TypeUnknown in files without it
	NoTime bool   // the record carries no time (pcapng simple packet): TS is that of the record before
	Gap    bool   // the source lost packets between the frame before and this one
	Number uint64 // position in its input, from 1; every record counts; see NumberBits
	Block  *Block // owner of Data; nil if Data is not reused

	Process uint32 // number of the process of this machine whose packet it is, as the source gave it; 0 is unknown
}

// NumberBits are the lower bits of Frame.Number that count records. Where several captures are read
// as one input, those above are the position of the record's capture among them; otherwise they are 0.
const NumberBits = 40

// NumberMask is what counts records in a Frame.Number.
const NumberMask = 1<<NumberBits - 1

// Type is the kernel's packet type (Linux PACKET_HOST and so on) plus one.
type Type uint8

// The kernel's packet types. Files carry them in LINUX_SLL and LINUX_SLL2 headers only.
const (
	TypeUnknown Type = iota
	TypeHost
	TypeBroadcast
	TypeMulticast
	TypeOtherHost
	TypeOutgoing
)

// Has tells which fields of a Packet may be read.
type Has uint32

// Bits of Packet.Has.
const (
	HasSrcMAC Has = 1 << iota
	HasDstMAC
	HasEthType
	HasVLAN
	HasTCP            // all fixed TCP fields and Options
	HasMSS            // MSS
	HasWindowScale    // WindowScale
	HasSACKPermitted  // the option itself
	HasTimestamp      // TSval, TSecr
	HasMPTCP          // option 30 in any form
	HasMPTCPSubtype   // MPTCPSubtype
	HasOption         // some option other than EOL and NOP
	HasICMP           // ICMPType, ICMPCode
	HasICMPEcho       // ICMPID, ICMPSeq
	HasPorts          // SrcPort, DstPort come from this packet's own transport header
	HasFragment       // a fragment, first or later: FragOff, MoreFrags, FragID
	HasLaterFragment  // a fragment with FragOff > 0: no transport fields
	HasTransport      // a TCP or UDP payload starts at Payload[0]
	HasTunnelFragment // decap inner: a later fragment of a tunnelled datagram, outer addresses
	HasAH             // an Authentication Header (RFC 4302) was passed behind the IP header
)

// TCP flag bits of Packet.TCPFlags (RFC 9293; AE, once NS, of RFC 9768 is the ninth).
const (
	FIN uint16 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// IANA protocol numbers that decoding looks at.
const (
	ProtoICMP    = 1
	ProtoIPIP    = 4
	ProtoTCP     = 6
	ProtoUDP     = 17
	ProtoDCCP    = 33
	ProtoIPv6    = 41
	ProtoGRE     = 47
	ProtoESP     = 50
	ProtoAH      = 51
	ProtoICMPv6  = 58
	ProtoSCTP    = 132
	ProtoUDPLite = 136
)

// A Packet is a decoded IP packet. It is reused: Decode overwrites every field that Has
// and the comments below declare readable, and leaves the rest undefined. Slices borrow
// the frame's memory.
type Packet struct {
	TS     int64  // capture time, ns since 1970-01-01 UTC
	Number uint64 // record number in the input, from 1

	Src, Dst         [16]byte // IPv4 in the first four bytes, the rest zero; IPVersion tells
	SrcPort, DstPort uint16   // 0 unless HasPorts (or filled in for a later fragment by the engine)
	Proto            uint8    // upper-layer protocol, IPv6 extension headers and AH walked
	HeaderProto      uint8    // protocol field of the IPv4 header, next header field of the fixed IPv6 header
	IPVersion        uint8    // 4 or 6
	TTL              uint8    // TTL or hop limit
	TOS              uint8    // IPv4 ToS or IPv6 traffic class byte
	Has              Has

	// TotalLen is the length in bytes from the IP header onward, by the header's own count:
	// no link header, padding or FCS, whatever was captured and whatever lengths stand around it. An IPv4 Total Length of 0, and
	// an IPv6 Payload Length of 0 without a Jumbo Payload option (RFC 2675), are what
	// segmentation offload leaves; there it is what was on the wire.
	TotalLen uint32
	// PayloadLen is TotalLen less the headers: IP with its extension headers, and that of
	// TCP, UDP, UDP-Lite or ICMP. UDP's own length counts if it fits. Later fragments and
	// other protocols, SCTP and DCCP among them: less the IP headers alone. Of a TCP header
	// cut before its data offset it is TotalLen less the IP headers and 20. Every length field
	// around the IP header bounds it: that of an 802.3 frame, of PPPoE, of the IP and UDP
	// headers of a tunnel and of the tunnel's own header. One that leaves no room for the IP
	// header bounds nothing, nor does the length of the record: programs that cut records
	// write the cut length there.
	PayloadLen uint32
	CapLen     uint32 // captured bytes of the record
	WireLen    uint32 // bytes on the wire, never below CapLen

	TCPFlags     uint16 // valid iff HasTCP, as the next lines
	Window       uint16 // unscaled
	Seq, Ack     uint32
	TSval, TSecr uint32 // valid iff HasTimestamp
	MSS          uint16 // valid iff HasMSS
	WindowScale  uint8  // shift as sent; valid iff HasWindowScale
	MPTCPSubtype uint8  // valid iff HasMPTCPSubtype
	SACKBlocks   uint8  // number of SACK blocks of all option 5; 0 unless HasTCP

	ICMPType, ICMPCode uint8 // valid iff HasICMP
	IPFlags            uint8 // IPv4 only: 1 MF, 2 DF, 4 reserved; 0 for IPv6
	MoreFrags          bool  // valid iff HasFragment
	PacketType         Type  // from the frame, or from SLL and SLL2 headers
	ICMPID, ICMPSeq    uint16
	IPID               uint16 // IPv4 only; 0 for IPv6
	IPHdrLen           uint16 // IHL×4; IPv6: 40 + extension headers walked; with AH in both
	FragOff            uint16 // bytes; valid iff HasFragment
	FragID             uint32 // valid iff HasFragment
	FlowLabel          uint32 // IPv6 only, 20 bits; 0 for IPv4

	SrcMAC, DstMAC [6]byte // valid iff HasSrcMAC, HasDstMAC; the captured link's, never a tunnel's
	EthType        uint16  // valid iff HasEthType; outermost type field
	VLAN           uint16  // outermost VID; valid iff HasVLAN
	VLANInner      uint16  // innermost VID; valid iff HasVLAN
	VLANCount      uint8   // number of tags of the captured link; 0 without
	EncapCount     uint8   // valid entries of Encaps; further ones are dropped
	Link           uint16  // LINKTYPE_ of the record
	Iface          uint32
	Gaps           uint32 // gaps of the source before this packet; whoever reads the source counts them (Frame.Gap)
	Process        uint32 // number of the process whose packet it is, 0 if unknown (Frame.Process)

	Payload []byte // captured part of what PayloadLen counts; may be shorter, or empty
	Options []byte // captured TCP option area; valid iff HasTCP

	Encaps [8]Encap // headers passed on the way in, outermost first
}

// EncapKind names a header passed on the way to the IP header.
type EncapKind uint8

// The encapsulations that Encaps lists; ID is the number in parentheses.
const (
	EncapVLAN       EncapKind = iota + 1 // (VID)
	EncapMPLS                            // (label)
	EncapPPPoE                           // (session)
	EncapGRE                             // (key, 0 without)
	EncapVXLAN                           // (VNI)
	EncapGeneve                          // (VNI)
	EncapGTPU                            // (TEID)
	EncapIPIP                            // IPv4 or IPv6 in IP of the same version, or IPv4 in IPv6 (0)
	Encap6in4                            // (0)
	EncapTeredo                          // (0)
	EncapL2TP                            // (tunnel << 16 | session)
	EncapERSPAN                          // (session)
	EncapCAPWAP                          // (0)
	EncapFrameRelay                      // (DLCI)
	EncapETag                            // (E-CID with group and extension, 22 bits)
	EncapVNTag                           // (destination virtual interface)
	EncapFabricPath                      // (forwarding tag)
	EncapPBB                             // (I-SID)
	EncapNSH                             // (service path)
	EncapVXLANGPE                        // (VNI)
)

// An Encap is one header passed on the way in.
type Encap struct {
	ID   uint32
	Kind EncapKind
}

// Is reports whether all bits of h are set.
func (p *Packet) Is(h Has) bool { return p.Has&h == h }

// SrcAddr is the source address; it does not allocate.
func (p *Packet) SrcAddr() netip.Addr { return addr(p.Src, p.IPVersion) }

// DstAddr is the destination address; it does not allocate.
func (p *Packet) DstAddr() netip.Addr { return addr(p.Dst, p.IPVersion) }

func addr(b [16]byte, version uint8) netip.Addr {
	if version == 4 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16(b)
}
