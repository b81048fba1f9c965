package flow

import "pinyon/packet"

// Fwd and Bwd are the directions of a packet: sent by the flow's initiator, or by its
// responder. They index per-direction arrays.
const (
	Fwd = 0
	Bwd = 1
)

// An Obs is one packet as its flow sees it, with what every feature group would otherwise
// compute again. It is reused for every packet.
type Obs struct {
	*packet.Packet
	Dir   int   // Fwd or Bwd
	Time  int64 // ns since 1970-01-01 UTC on the flow's monotone clock
	Gap   int64 // Time less that of the flow's packet before; 0 for the first
	Index int   // packets of the flow before this one

	Opened          // what a TCP segment settled of the initial numbers
	Numbers Numbers // of the connection; valid iff Opened is not zero
	Stray   bool    // SYN with a number that is not the connection's: it says nothing of it
}

// Learn has n take o's segment, and fills in what that says of the initial numbers.
func (o *Obs) Learn(n *Numbers) {
	o.Opened, o.Stray = n.take(o.Packet, o.Dir)
	if o.Opened != (Opened{}) {
		o.Numbers = *n
	}
}
