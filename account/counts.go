package account

import (
	"pinyon/flow"
	"pinyon/packet"
	"pinyon/source"
)

// A Report is what became of one input. Its counts may be added up.
type Report struct {
	Name string
	Err  error // why it could not be read, or not to its end
	Intake
	Outcome
}

// Intake counts what was read of an input.
type Intake struct {
	Source   source.Stats // what the source says of itself
	Decode   packet.Counts
	Records  uint64 // records read
	Filtered uint64 // records that the filter refused
	Sampled  uint64 // records left out by sampling
	Late     uint64 // records whose timestamp lay before an earlier one's
	Orphans  uint64 // later fragments without a known first one; kept, ports 0
	EdgeOut  uint64 // packets that were left to whoever joins the parts of a union
	Packets  uint64 // packets that reached a flow
	Bytes    uint64 // of them, from their IP headers on, by the length that these say
	First    int64  // least timestamp of a packet in a flow, ns
	Last     int64  // greatest
	// Datagrams is the most whose first fragments were remembered at once.
	Datagrams uint64
}

// Add adds the counts of another input.
func (in *Intake) Add(o *Intake) {
	if o.Packets > 0 {
		if in.Packets == 0 || o.First < in.First {
			in.First = o.First
		}
		if in.Packets == 0 || o.Last > in.Last {
			in.Last = o.Last
		}
	}
	in.Source.Add(&o.Source)
	in.Decode.Add(&o.Decode)
	in.Records += o.Records
	in.Filtered += o.Filtered
	in.Sampled += o.Sampled
	in.Late += o.Late
	in.Orphans += o.Orphans
	in.EdgeOut += o.EdgeOut
	in.Datagrams = max(in.Datagrams, o.Datagrams)
	in.Packets += o.Packets
	in.Bytes += o.Bytes
}

// Outcome counts the rows of an input.
type Outcome struct {
	Rows   uint64
	InRows uint64 // packets in those rows
	Ended  [flow.Reasons]uint64
	Held   flow.Holding // SYNs that waited until it was known whose they are
}

// Add adds the counts of another input.
func (o *Outcome) Add(p *Outcome) {
	o.Rows += p.Rows
	o.InRows += p.InRows
	for i, n := range p.Ended {
		o.Ended[i] += n
	}
	o.Held.Add(p.Held)
}

// Row counts a row that its flow left: its packets, and why the flow ended.
func (o *Outcome) Row(packets uint64, reason flow.Reason) {
	o.Rows++
	o.InRows += packets
	o.Ended[reason]++
}
