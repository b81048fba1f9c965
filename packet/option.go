package packet

import "encoding/binary"

// TCP option kinds (IANA).
const (
	optEOL           = 0
	optNOP           = 1
	optMSS           = 2
	optWindowScale   = 3
	optSACKPermitted = 4
	optSACK          = 5
	optTimestamps    = 8
	optMPTCP         = 30
)

// nextOption splits the first option off an area. It is empty at the end of the list and
// where a length byte is missing, below 2 or past the area: nothing behind it can be read.
// Otherwise opt[0] is the kind, and opt[1] the length unless the kind is EOL or NOP.
func nextOption(area []byte) (opt, rest []byte) {
	if len(area) == 0 {
		return nil, nil
	}
	switch area[0] {
	case optEOL:
		return area[:1], nil
	case optNOP:
		return area[:1], area[1:]
	}
	if len(area) < 2 {
		return nil, nil
	}
	n := int(area[1])
	if n < 2 || n > len(area) {
		return nil, nil
	}
	return area[:n], area[n:]
}

// readOptions takes what an option area, or the rest of one, says and sets Has to it and
// has. An option of unexpected length says nothing; of repeated ones the last counts, of
// MPTCP the first that has a subtype.
func (p *Packet) readOptions(area []byte, has Has) {
	blocks := 0
	for opt, rest := nextOption(area); len(opt) > 0; opt, rest = nextOption(rest) {
		if opt[0] > optNOP {
			has |= HasOption
		}
		switch opt[0] {
		case optMSS:
			if len(opt) == 4 {
				p.MSS = binary.BigEndian.Uint16(opt[2:])
				has |= HasMSS
			}
		case optWindowScale:
			if len(opt) == 3 {
				p.WindowScale = opt[2]
				has |= HasWindowScale
			}
		case optSACKPermitted:
			if len(opt) == 2 {
				has |= HasSACKPermitted
			}
		case optSACK:
			blocks += (len(opt) - 2) / 8
		case optTimestamps:
			if len(opt) == 10 {
				p.TSval = binary.BigEndian.Uint32(opt[2:])
				p.TSecr = binary.BigEndian.Uint32(opt[6:])
				has |= HasTimestamp
			}
		case optMPTCP:
			if len(opt) >= 3 && has&HasMPTCPSubtype == 0 {
				p.MPTCPSubtype = opt[2] >> 4
				has |= HasMPTCPSubtype
			}
			has |= HasMPTCP
		}
	}
	p.SACKBlocks = uint8(blocks)
	p.Has = has
}

// OptionKinds appends the kinds of all TCP options to dst, in order, NOP and EOL included:
// at most 40. Without HasTCP it appends nothing.
func (p *Packet) OptionKinds(dst []byte) []byte {
	if p.Has&HasTCP == 0 {
		return dst
	}
	for opt, rest := nextOption(p.Options); len(opt) > 0; opt, rest = nextOption(rest) {
		dst = append(dst, opt[0])
	}
	return dst
}

// SACK appends the left and right edges of all selective acknowledgment blocks (RFC 2018)
// to dst: SACKBlocks of them.
func (p *Packet) SACK(dst [][2]uint32) [][2]uint32 {
	if p.Has&HasTCP == 0 {
		return dst
	}
	for opt, rest := nextOption(p.Options); len(opt) > 0; opt, rest = nextOption(rest) {
		if opt[0] != optSACK {
			continue
		}
		for b := opt[2:]; len(b) >= 8; b = b[8:] {
			dst = append(dst, [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])})
		}
	}
	return dst
}
