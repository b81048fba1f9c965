// Package gate keeps packets out of a run: those of addresses on a list, those of addresses that
// are on none, and those beyond so many a second. Each is counted. It looks at the outermost IP
// header, or at the addresses that ARP asks about and for; filters of the language of
// pcap-filter(7) are the device's concern.
package gate

import (
	"net/netip"
	"sync/atomic"

	"pinyon/packet"
)

// Options say what is kept out. The zero value lets everything pass.
type Options struct {
	// Rate is how many packets of each second pass, by their own time; 0 is all of them.
	// Packets that a list refuses do not count towards it.
	Rate int
	// Block refuses packets from or to these addresses.
	Block []netip.Prefix
	// Allow, with some, refuses packets that are neither from nor to one of these addresses, those
	// without addresses among them.
	Allow []netip.Prefix
}

// A Refusal is why a packet does not pass.
type Refusal uint8

// Passes is no refusal.
const (
	Passes Refusal = iota
	Blocked
	NotAllowed
	OverRate
)

// String is a word for the log.
func (r Refusal) String() string {
	return [...]string{"passes", "blocked", "not allowed", "over the rate limit"}[r]
}

// rules are what Options come to; they do not change.
type rules struct {
	rate         int
	block, allow ranges
}

// A Gate decides packet by packet. One goroutine asks; Set and Counts may come from any.
type Gate struct {
	rules   atomic.Pointer[rules]
	refused [OverRate + 1]atomic.Uint64
	bytes   atomic.Uint64 // on the wire, of what was refused
	cut     atomic.Uint64 // of what was refused, packets of which not all was captured

	dec    packet.Decoder
	packet packet.Packet
	second int64 // the one that passed counts, since 1970
	passed int
}

// New makes a gate.
func New(o *Options) *Gate {
	g := &Gate{}
	g.Set(o)
	return g
}

// Set replaces the rules; what was counted stays. A packet that is being looked at is still
// judged by the former ones. nil lets everything pass.
func (g *Gate) Set(o *Options) {
	if o == nil {
		o = &Options{}
	}
	g.rules.Store(&rules{rate: o.Rate, block: rangesOf(o.Block), allow: rangesOf(o.Allow)})
}

// Ask decides on a frame, and counts a refusal. It allocates nothing.
func (g *Gate) Ask(f *packet.Frame) Refusal {
	r := g.judge(g.rules.Load(), f)
	if r != Passes {
		g.refused[r].Add(1)
		g.bytes.Add(uint64(f.Wire))
		if int(f.Wire) > len(f.Data) {
			g.cut.Add(1)
		}
	}
	return r
}

func (g *Gate) judge(r *rules, f *packet.Frame) Refusal {
	if r.block.some() || r.allow.some() {
		src, dst := g.dec.Addresses(f, &g.packet)
		src, dst = src.Unmap(), dst.Unmap()
		switch {
		case r.block.hold(src) || r.block.hold(dst):
			return Blocked
		case r.allow.some() && !r.allow.hold(src) && !r.allow.hold(dst):
			return NotAllowed
		}
	}
	if r.rate == 0 {
		return Passes
	}
	// Devices that are joined give packets a little out of order: those belong to the second at
	// hand. A clock that was set back begins another one.
	if s := f.TS / 1e9; s > g.second || s < g.second-1 {
		g.second, g.passed = s, 0
	}
	if g.passed >= r.rate {
		return OverRate
	}
	g.passed++
	return Passes
}

// Refused is how many packets did not pass, for one reason.
func (g *Gate) Refused(why Refusal) uint64 { return g.refused[why].Load() }
