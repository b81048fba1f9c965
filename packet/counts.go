package packet

import (
	"iter"
	"math/bits"
)

// Counts are a decoder's counts by reason. It is a plain value: copy it to take a
// snapshot, Add to sum several inputs. The zero value is empty.
type Counts struct {
	n     [NumReasons]uint64
	nonIP nonIPTable
}

// Of is the number of frames counted for r.
func (c *Counts) Of(r Reason) uint64 {
	if r >= NumReasons {
		return 0
	}
	return c.n[r]
}

// Dropped is the number of frames that gave no packet: every Decode that returned false.
func (c *Counts) Dropped() uint64 {
	var n uint64
	for r := UnknownLinkType; r <= EncapDepth; r++ {
		n += c.n[r]
	}
	return n
}

// All yields every reason with its count, zeros included, in the order of declaration.
func (c *Counts) All() iter.Seq2[Reason, uint64] {
	return func(yield func(Reason, uint64) bool) {
		for r := UnknownLinkType; r < NumReasons; r++ {
			if !yield(r, c.n[r]) {
				return
			}
		}
	}
}

// NonIP yields what the frames counted as NonIP were, in the order of first sight, with
// names as 0x0806 (EtherType), llc/0x42 (DSAP), ppp/0xc021 (PPP protocol), family/18
// (address family), 802.11/8 (type and subtype as one number), 802.11/protected, version/5
// (first nibble), nlpid/0x81 (Frame Relay) and nsh/6 (next protocol). At most 64 names are kept; "other" sums the rest.
func (c *Counts) NonIP() iter.Seq2[string, uint64] { return c.nonIP.all() }

// Add adds o to c. The sums do not depend on the order of additions, save which of more
// than 64 kinds of non-IP frames go by their own name.
func (c *Counts) Add(o *Counts) {
	for r, n := range o.n {
		c.n[r] += n
	}
	c.nonIP.add(&o.nonIP)
}

// notes is a set of informational reasons, one bit each.
type notes uint32

// count adds one for each reason in s.
func (c *Counts) count(s notes) {
	for ; s != 0; s &= s - 1 {
		c.n[bits.TrailingZeros32(uint32(s))]++
	}
}

func (s *notes) note(r Reason) { *s |= 1 << r }
