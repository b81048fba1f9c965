package flow

import "pinyon/packet"

// connection is what the table follows of a TCP connection, to tell when it is over and what
// belongs to it (RFC 9293 sections 3.6 and 3.10.7).
type connection struct {
	numbers Numbers
	fin     [2]uint32 // the number that acknowledges a direction's FIN; valid iff its bit is set
	finSeen uint8     // bit 0 fwd, bit 1 bwd
	finDone uint8     // and acknowledged
	watch   uint8     // which segments have to be looked at; those with rareFlags always
	held    uint8     // openings that are held back
}

const (
	rareFlags = packet.SYN | packet.FIN | packet.RST

	watchFwd = 1 << iota >> 1 // segments of the initiator
	watchBwd
	watchAll
)

// watching are the bits of watch that a segment of each direction is looked at for.
var watching = [2]uint8{watchFwd | watchAll, watchBwd | watchAll}

// rewatch works out which segments matter from now on.
func (c *connection) rewatch(closing Reason) {
	c.watch = 0
	if !c.numbers.settled(Fwd) {
		c.watch |= watchFwd
	}
	if !c.numbers.settled(Bwd) {
		c.watch |= watchBwd
	}
	if c.finSeen != 0 && closing == Open {
		c.watch |= watchAll
	}
}

// follow takes a segment that has to be looked at.
func (t *Table[S]) follow(i uint32, e *Entry[S], p *packet.Packet, o *Obs, now int64) {
	c := &e.connection
	answered := c.numbers.state[1-o.Dir] == ackedNumber
	o.Learn(&c.numbers)
	if t.opt.Terminate && !o.Stray {
		const synAck = packet.SYN | packet.ACK
		switch {
		case e.Closing == Open:
			if e.Closing = c.closes(p, o.Dir); e.Closing != Open {
				e.CloseClock = now
				t.pushClosing(i, now)
			}
		case e.Closing == RST && p.TCPFlags&synAck == synAck && !answered && c.numbers.state[1-o.Dir] == ackedNumber:
			// The reset was another connection's: of its SYN sent again comes one after all.
			e.Closing, c.finSeen, c.finDone = Open, 0, 0
			t.unlink(&t.closing, i, byClosing)
		}
	}
	c.rewatch(e.Closing)
}

// closes tells whether a segment of direction d ends the connection: a reset does, and what
// acknowledges the last of both FINs.
func (c *connection) closes(p *packet.Packet, d int) Reason {
	f := p.TCPFlags
	if f&packet.RST != 0 {
		return RST
	}
	if f&packet.FIN != 0 {
		end := p.Seq + p.PayloadLen + 1
		if f&packet.SYN != 0 {
			end++
		}
		if c.fin[d] != end {
			c.fin[d] = end
			c.finDone &^= 1 << d
		}
		c.finSeen |= 1 << d
	}
	if e := 1 - d; f&packet.ACK != 0 && c.finSeen>>e&1 != 0 && p.Ack == c.fin[e] {
		c.finDone |= 1 << e
	}
	if c.finDone == 3 {
		return FIN
	}
	return Open
}
