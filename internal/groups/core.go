package groups

import (
	"pinyon/flow"
	"pinyon/packet"
)

// core is what several groups share: packets, bytes and payload of each direction.
type core struct {
	bytes   [2]uint64
	payload [2]uint64
	n       [2]uint32
	stat    uint8  // bits 0 to 4 of flow_stat
	first   uint8  // firstMAC, and the direction of the first packet
	iface   uint16 // packet.Frame.Iface of the first packet, at most 65,535
}

const (
	firstMAC = 1 << iota // the first packet has a source address
	firstBwd             // the first packet went backward: a SYN-ACK, or an active timeout split the flow
)

func (c *core) update(o *flow.Obs) {
	d := o.Dir & 1
	if o.Index == 0 {
		c.iface = uint16(min(o.Iface, 1<<16-1))
		if o.Has&packet.HasSrcMAC != 0 {
			c.first |= firstMAC
		}
		if d == flow.Bwd {
			c.first |= firstBwd
		}
	}
	c.n[d]++
	c.bytes[d] += uint64(o.TotalLen)
	c.payload[d] += uint64(o.PayloadLen)
	if o.Has&packet.HasTCP == 0 {
		return
	}
	if f := o.TCPFlags; f&(packet.SYN|packet.FIN|packet.RST) != 0 {
		if f&packet.SYN != 0 {
			if f&packet.ACK == 0 {
				c.stat |= statSYN
			} else {
				c.stat |= statSYNACK
			}
		}
		if f&packet.FIN != 0 {
			c.stat |= statFINFwd << d
		}
		if f&packet.RST != 0 {
			c.stat |= statRST
		}
	}
}

// Bits of flow_stat.
const (
	statSYN = 1 << iota
	statSYNACK
	statFINFwd
	statFINBwd
	statRST
	_ // reserved
	statWhole
)

// flowStat is the bitmap with its derived bit: both handshake segments, and both FINs or
// a reset.
func (c *core) flowStat() int64 {
	s := c.stat
	closed := s&(statFINFwd|statFINBwd) == statFINFwd|statFINBwd || s&statRST != 0
	if closed && s&(statSYN|statSYNACK) == statSYN|statSYNACK {
		s |= statWhole
	}
	return int64(s)
}

// firstDir is the direction of the flow's first packet: backward only of a SYN-ACK, and where
// an active timeout split the flow.
func (c *core) firstDir() int {
	if c.first&firstBwd != 0 {
		return flow.Bwd
	}
	return flow.Fwd
}
