package groups

import (
	"testing"

	"pinyon/packet"
)

func from(last byte) func(*packet.Packet) {
	return func(p *packet.Packet) { p.SrcMAC = [6]byte{2, 0, 0, 0, 9, last} }
}

func to(b ...byte) func(*packet.Packet) {
	return func(p *packet.Packet) { p.DstMAC = [6]byte(b) }
}

func tagged(vid uint16) func(*packet.Packet) {
	return func(p *packet.Packet) {
		p.EthType, p.VLAN, p.VLANCount = 0x8100, vid, 1
		p.Has |= packet.HasVLAN
	}
}

// cooked is as an SLL header leaves it: a source, no destination, the kernel's word.
func cooked(kind packet.Type) func(*packet.Packet) {
	return func(p *packet.Packet) {
		p.Has &^= packet.HasDstMAC
		p.DstMAC, p.PacketType = [6]byte{255, 255, 255, 255, 255, 255}, kind
	}
}

func TestMACStat(t *testing.T) {
	fwd, bwd := netPacket(false), netPacket(true)
	wantCells(t, netRow(t, true, fwd), "mac_stat", 3, "mac_unique_src_count", 1, "mac_unique_dst_count", 1)
	wantCells(t, netRow(t, true, fwd, bwd, netPacket(false, from(7))), "mac_stat", 3+4, "mac_unique_src_count", 3, "mac_unique_dst_count", 2)
	wantCells(t, netRow(t, true, fwd, bwd, netPacket(true, to(2, 0, 0, 0, 9, 1))), "mac_stat", 3+8, "mac_unique_src_count", 2, "mac_unique_dst_count", 3)
	// The address that forward shows second is backward's first: two in all.
	wantCells(t, netRow(t, true, fwd, netPacket(false, func(p *packet.Packet) { p.SrcMAC = netB }), bwd),
		"mac_stat", 3+4, "mac_unique_src_count", 2)
	// An address that only later packets have is not the first packet's.
	bare := netPacket(false, func(p *packet.Packet) { p.Has = packet.HasPorts })
	wantCells(t, netRow(t, true, bare, fwd, bwd), "mac_stat", 0, "mac_src", nil, "mac_dst", nil, "mac_eth_type", nil,
		"mac_unique_src_count", 2, "mac_unique_dst_count", 2)
	wantCells(t, netRow(t, true, fwd, bare), "mac_stat", 3, "mac_src", "02:00:00:00:00:01", "mac_unique_src_count", 1)
	wantCells(t, netRow(t, true, netPacket(false, func(p *packet.Packet) { p.SrcMAC = [6]byte{0xde, 0xad, 0xbe, 0xef, 0x0a, 0xf0} })),
		"mac_src", "de:ad:be:ef:0a:f0")
}

func TestMACVLAN(t *testing.T) {
	fwd, bwd := netPacket(false), netPacket(true)
	wantCells(t, netRow(t, true, netPacket(false, tagged(0)), fwd),
		"mac_vlan_id", 0, "mac_vlan_count", 1, "mac_stat", 3+16, "mac_eth_type", 0x8100)
	wantCells(t, netRow(t, true, netPacket(false, tagged(7)), netPacket(true, tagged(5)), netPacket(false, tagged(5))),
		"mac_vlan_id", 5, "mac_vlan_count", 2)
	wantCells(t, netRow(t, true, fwd, bwd, netPacket(true, tagged(4095)), netPacket(false, tagged(3)), netPacket(false, tagged(2)), fwd),
		"mac_vlan_id", 2, "mac_vlan_count", 3, "mac_stat", 3+16, "mac_unique_src_count", 2)
	wantCells(t, netRow(t, true, fwd, netPacket(true, tagged(9))), "mac_vlan_id", 9, "mac_vlan_count", 1)
}

func TestMACGroupAddresses(t *testing.T) {
	ff := to(255, 255, 255, 255, 255, 255)
	wantCells(t, netRow(t, true, netPacket(false, ff), netPacket(false, to(1, 0, 0x5e, 0, 0, 1)), netPacket(false, to(0x33, 0x33, 0, 0, 0, 1)), netPacket(false)),
		"mac_broadcast_count", 1, "mac_multicast_count", 2, "mac_unique_dst_count", 4)
	wantCells(t, netRow(t, true, netPacket(false, cooked(packet.TypeBroadcast)), netPacket(false, cooked(packet.TypeMulticast)),
		netPacket(false, cooked(packet.TypeMulticast)), netPacket(false, cooked(packet.TypeHost)), netPacket(false, cooked(packet.TypeOutgoing))),
		"mac_broadcast_count", 1, "mac_multicast_count", 2, "mac_unique_dst_count", 0, "mac_dst", nil, "mac_stat", 1)
	// With a destination the kernel's word does not count.
	wantCells(t, netRow(t, true, netPacket(false, func(p *packet.Packet) { p.PacketType = packet.TypeBroadcast })), "mac_broadcast_count", 0)
}

func TestMACLimits(t *testing.T) {
	var ps []packet.Packet
	for i := range 200 {
		p := netPacket(i%2 == 1, from(byte(i)), to(2, 0, 0, 0, 8, byte(i)), tagged(uint16(4000-i)))
		ps = append(ps, p)
	}
	wantCells(t, netRow(t, true, ps...), "mac_unique_src_count", 64, "mac_unique_dst_count", 64,
		"mac_vlan_count", 64, "mac_vlan_id", 3801, "mac_stat", 31, "mac_src", "02:00:00:00:09:00")
}
