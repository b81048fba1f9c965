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
	Time  int64 // ns since 1970-01-01 UTC on the flow's monotone clock (flow-model D2)
	Gap   int64 // Time less that of the flow's packet before; 0 for the first
	Index int   // packets of the flow before this one
}
