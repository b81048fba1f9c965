package packet

import "encoding/binary"

// dot11 reads an IEEE 802.11 data frame. Others, encrypted ones and those without a body
// hold no IP.
//
//	byte 0: version (2 bits, low), type (2), subtype (4)
//	byte 1: ToDS 01, FromDS 02, Protected 40, Order 80
//	4, 10, 16: addresses 1 to 3; 24: address 4, QoS control, HT control, where present
//
// padded says that the header is followed by padding to 4 bytes (a radiotap flag).
func (d *Decoder) dot11(p *Packet, b []byte, padded bool) ([]byte, uint8, Reason) {
	if len(b) < 2 {
		return nil, 0, L2Short
	}
	return d.dot11Data(p, b, b[0], b[1], padded)
}

// isDot11Data reports whether byte 0 of a frame control field says version 0, data.
func isDot11Data(control byte) bool { return control&0x0f == 0x08 }

// dot11Data is dot11 with the two bytes of the frame control field.
func (d *Decoder) dot11Data(p *Packet, b []byte, control, flags byte, padded bool) ([]byte, uint8, Reason) {
	const (
		noBody = 4
		qos    = 8
	)
	subtype := control >> 4
	toDS, fromDS := flags&0x01 != 0, flags&0x02 != 0
	switch {
	case !isDot11Data(control) || subtype&noBody != 0:
		return b, 0, d.isNot(space80211, uint16(control>>2&3<<4|subtype))
	case flags&0x40 != 0:
		return b, 0, d.isNot(spaceProtected, 0)
	}
	n := 24
	if toDS && fromDS {
		n += 6
	}
	amsdu := false
	if subtype&qos != 0 {
		amsdu = len(b) > n && b[n]&0x80 != 0
		n += 2
		if flags&0x80 != 0 {
			n += 4
		}
	}
	if padded {
		n = (n + 3) &^ 3
	}
	if len(b) < n {
		return nil, 0, L2Short
	}
	dst, src := b[4:10], b[10:16]
	switch {
	case toDS && fromDS:
		dst, src = b[16:22], b[24:30]
	case toDS:
		dst = b[16:22]
	case fromDS:
		src = b[16:22]
	}
	b = b[n:]
	if amsdu {
		// Each subframe has addresses of its own; address 3 is the BSSID then.
		if len(b) < ethernetLen {
			return nil, 0, L2Short
		}
		dst, src = b[0:6], b[6:12]
		d.Counts.n[AMSDUSubframes] += subframesAfter(b)
		b = b[ethernetLen:]
	}
	if !d.nested {
		p.DstMAC, p.SrcMAC = [6]byte(dst), [6]byte(src)
		p.Has |= HasSrcMAC | HasDstMAC
	}
	return d.llc(p, b)
}

// subframesAfter counts the captured subframes of an A-MSDU behind the first. Each is two
// addresses, a length and that many bytes, all but the last padded to 4.
func subframesAfter(b []byte) (n uint64) {
	for {
		size := (ethernetLen + int(binary.BigEndian.Uint16(b[12:])) + 3) &^ 3
		if len(b) < size+ethernetLen {
			return n
		}
		b = b[size:]
		n++
	}
}

// radiotap reads a radiotap header (radiotap.org): version, pad, length and a chain of
// presence words, little-endian. Of its fields only the flags matter: they stand first,
// but for an 8-byte aligned clock.
func (d *Decoder) radiotap(p *Packet, b []byte) ([]byte, uint8, Reason) {
	const (
		hasTSFT  = 1 << 0
		hasFlags = 1 << 1
		more     = 1 << 31
		dataPad  = 0x20
	)
	if len(b) < 8 {
		return nil, 0, L2Short
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 || n > len(b) {
		return nil, 0, L2Short
	}
	present := binary.LittleEndian.Uint32(b[4:])
	at := 8
	for word := present; word&more != 0; at += 4 {
		if at+4 > n {
			return nil, 0, L2Short
		}
		word = binary.LittleEndian.Uint32(b[at:])
	}
	if present&hasTSFT != 0 {
		at = (at+7)&^7 + 8
	}
	padded := present&hasFlags != 0 && at < n && b[at]&dataPad != 0
	return d.dot11(p, b[n:], padded)
}

// prism reads the header of Prism drivers: message code and length in the byte order of
// the capturing host. Files of this type may hold AVS headers instead.
func (d *Decoder) prism(p *Packet, b []byte) ([]byte, uint8, Reason) {
	const codeA, codeB = 0x44, 0x41
	if len(b) < 8 {
		return nil, 0, L2Short
	}
	if isAVS(b) {
		return d.avs(p, b)
	}
	var n uint32
	switch {
	case b[0] == codeA || b[0] == codeB:
		n = binary.LittleEndian.Uint32(b[4:])
	case b[3] == codeA || b[3] == codeB:
		n = binary.BigEndian.Uint32(b[4:])
	}
	if n < 8 || uint64(n) > uint64(len(b)) {
		return nil, 0, L2Short
	}
	return d.dot11(p, b[n:], false)
}

// isAVS knows the AVS header by its magic number, whose low 12 bits are a version.
func isAVS(b []byte) bool { return binary.BigEndian.Uint32(b)&^0xfff == 0x80211000 }

// avs reads an AVS header: magic number and length in network order.
func (d *Decoder) avs(p *Packet, b []byte) ([]byte, uint8, Reason) {
	if len(b) < 8 {
		return nil, 0, L2Short
	}
	n := binary.BigEndian.Uint32(b[4:])
	if !isAVS(b) || n < 8 || uint64(n) > uint64(len(b)) {
		return nil, 0, L2Short
	}
	return d.dot11(p, b[n:], false)
}
