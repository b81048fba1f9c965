package filter

import "strings"

const ouiApple = 0x080007

// snap tests for a SNAP header (IEEE 802): DSAP, SSAP AA, control 03, organisation, type.
func (g *gen) snap(oui, typ uint32) *cond {
	return g.bytes(g.payload, 0, []byte{sapSNAP, sapSNAP, 0x03,
		byte(oui >> 16), byte(oui >> 8), byte(oui), byte(typ >> 8), byte(typ)})
}

// llcType tests for a network protocol where every frame has an LLC header. For an
// EtherType it reads the place that it has in SNAP, and nothing else.
func (g *gen) llcType(typ uint32) *cond {
	switch typ {
	case sapIP, sapISO, sapNetBEUI:
		return g.equal(g.payload, 0, 2, typ<<8|typ)
	case etherATalk:
		return g.snap(ouiApple, typ)
	}
	if typ <= maxLLCFrame {
		return g.equal(g.payload, 0, 1, typ)
	}
	return g.equal(g.payload, 6, 2, typ)
}

// llcFrame tests for an LLC header.
func (g *gen) llcFrame() *cond {
	switch g.kind {
	case linkEther:
		return and(g.isLength(), not(g.equal(g.payload, 0, 2, 0xffff)))
	case linkWLAN:
		return g.wlanDataFrame()
	case linkLLC:
		if g.link != linkIPoverFC && g.link != linkATMClip {
			return always(true)
		}
	}
	return g.fail(ErrLinkType, "no LLC on link type %d", g.link)
}

// Control fields of supervisory and unnumbered LLC frames (IEEE 802.2, 5.4), without the
// poll or final bit.
var (
	llcSupervisory = map[string]uint32{"rr": 0x01, "rnr": 0x05, "rej": 0x09}
	llcUnnumbered  = map[string]uint32{"ui": 0x03, "ua": 0x63, "disc": 0x43, "dm": 0x0f,
		"sabme": 0x6f, "test": 0xe3, "xid": 0xaf, "frmr": 0x87}
)

// llc tests for an LLC frame, or one of a kind.
func (g *gen) llc(e *expr) *cond {
	frame := g.llcFrame()
	if !e.set {
		return frame
	}
	name := strings.ToLower(e.name)
	switch name {
	case "i":
		return and(frame, not(g.bits(g.payload, 2, 0x01)))
	case "s":
		return and(frame, g.masked(g.payload, 2, 1, 0x01, 0x03))
	case "u":
		return and(frame, g.masked(g.payload, 2, 1, 0x03, 0x03))
	}
	if v, ok := llcSupervisory[name]; ok {
		return and(frame, g.masked(g.payload, 2, 1, v, 0x0f))
	}
	if v, ok := llcUnnumbered[name]; ok {
		return and(frame, g.masked(g.payload, 2, 1, v, 0xef))
	}
	return g.fail(ErrName, "unknown LLC type")
}
