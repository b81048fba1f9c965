package packet

import "net/netip"

// Addresses are those of a frame: of its IP header, after Decode, or of the sender and the target
// of a message of ARP. They are not valid where a frame has none. p is overwritten; nothing is
// allocated.
func (d *Decoder) Addresses(f *Frame, p *Packet) (src, dst netip.Addr) {
	if d.Decode(f, p) {
		return p.SrcAddr(), p.DstAddr()
	}
	p.VLANCount, p.EncapCount = 0, 0
	b, why := d.walk(f, p)
	if t := d.etherTypeOf(p); why != NonIP || t != etherARP && t != etherRARP {
		return src, dst
	}
	var a ARP
	if !a.Decode(b) {
		return src, dst
	}
	return a.Sender(), a.Target()
}
