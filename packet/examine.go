package packet

import (
	"encoding/binary"
	"strconv"
)

// A Finding is what Examine says of a frame beside its packet.
type Finding struct {
	// Why is why the frame gave no packet, or why its packet has no transport fields:
	// ExtHeaderBad, L4Short, TCPBadOffset. Otherwise it is 0.
	Why Reason
	// Protocol is the IANA keyword of the packet's protocol, or the name of what a frame
	// without IP holds (ARP, LLDP, STP); without a name it is a number, as Counts.NonIP has
	// it. It is empty of a frame that could not be read.
	Protocol string
	// EtherType is that behind all VLAN tags; 0 of a link or a frame without one.
	EtherType uint16
	// Rest begins where IP was missed; nil unless Why is NonIP. It borrows f.Data.
	Rest []byte
}

// ARP reads the message of a frame that holds one; ok is false of all others and of what is
// cut.
func (v *Finding) ARP() (a ARP, ok bool) {
	if v.EtherType != etherARP && v.EtherType != etherRARP || v.Why != NonIP {
		return a, false
	}
	ok = a.Decode(v.Rest)
	return a, ok
}

// ARPOperation is the operation of a frame that holds a message of ARP or RARP, of one too whose
// addresses are cut or longer than the frame.
func (v *Finding) ARPOperation() (op uint16, ok bool) {
	if v.EtherType != etherARP && v.EtherType != etherRARP || v.Why != NonIP || len(v.Rest) < arpHeaderLen {
		return 0, false
	}
	return binary.BigEndian.Uint16(v.Rest[6:]), true
}

// Examine is Decode for who wants a row of every frame: without an IP packet p holds what of
// the link layer was read, by Has (no more than the bits of addresses, EtherType and VLAN),
// and v says what is there instead.
func (d *Decoder) Examine(f *Frame, p *Packet, v *Finding) bool {
	*v = Finding{}
	if d.Decode(f, p) {
		v.EtherType = d.etherTypeOf(p)
		for _, r := range [...]Reason{ExtHeaderBad, L4Short, TCPBadOffset} {
			if d.notes&(1<<r) != 0 {
				v.Why = r
				break
			}
		}
		if v.Protocol = ProtoName(p.Proto); v.Protocol == "" {
			v.Protocol = strconv.Itoa(int(p.Proto))
		}
		return true
	}
	// Of a frame that is no packet Decode keeps nothing, so it is walked once more. What it
	// holds above the link is not to be read.
	p.VLANCount, p.EncapCount = 0, 0
	b, why := d.walk(f, p)
	p.Has &= linkBits
	v.Why, v.EtherType = why, d.etherTypeOf(p)
	if why == NonIP {
		v.Protocol, v.Rest = d.nonIP.name(), b
	}
	return false
}

// etherTypeOf is the EtherType behind the VLAN tags that the walk of p's frame passed.
func (d *Decoder) etherTypeOf(p *Packet) uint16 {
	switch {
	case p.VLANCount > 0 && d.behind >= etherMin:
		return d.behind
	case p.VLANCount > 0 || p.Has&HasEthType == 0:
		return 0
	}
	return p.EthType
}

// name is the name of what was met, or what String says.
func (k nonIPKey) name() (name string) {
	switch n := uint16(k &^ spaceMask); k & spaceMask {
	case spaceEtherType:
		name = etherNames[n]
	case spaceLLC:
		if n != 0 { // whose name, null, reads as none
			name = sapNames[n]
		}
	case spacePPP:
		name = pppNames[n]
	case space80211:
		name = dot11Names[n]
	}
	if name == "" {
		return k.String()
	}
	return name
}
