// Package label gives flows a class that a file of labels states for them: it reads the file,
// keeps its records in an index, and says for each flow which record applies and for the whole run
// which did not. It knows flows only by their addresses, ports, protocol and times.
package label

import "net/netip"

// A Flow is what records of labels are compared with. Src is the initiator; Start and End are
// nanoseconds since the Unix epoch, of the first and the last packet.
type Flow struct {
	ID               string // the column flow_id; "" is none
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Protocol         uint8 // IANA number
	Start, End       int64
}

// Columns say which columns of a flow a Record gives; one that it does not give fits every flow.
type Columns uint8

// The columns that a Record may give.
const (
	Src Columns = 1 << iota
	SrcPort
	Dst
	DstPort
	Protocol
)

// every is all columns of a 5-tuple.
const every = Src | SrcPort | Dst | DstPort | Protocol

// A Record is one label with the flows it is for. With an ID it is for the flows of that ID alone,
// and Given is not looked at. If Timed, it is for the flows that overlap From to To, both included,
// in nanoseconds since the Unix epoch; a point in time has From equal to To.
type Record struct {
	Label    string
	Flow     Flow
	Given    Columns
	Timed    bool
	From, To int64
}

// key is what an index looks for: the columns that are given, with zeros for the others.
type key struct {
	src, dst         netip.Addr
	srcPort, dstPort uint16
	protocol         uint8
	given            Columns
}

// keyOf keeps of a flow's columns those that are given.
func keyOf(f *Flow, given Columns) key {
	k := key{given: given}
	if given&Src != 0 {
		k.src = f.Src
	}
	if given&SrcPort != 0 {
		k.srcPort = f.SrcPort
	}
	if given&Dst != 0 {
		k.dst = f.Dst
	}
	if given&DstPort != 0 {
		k.dstPort = f.DstPort
	}
	if given&Protocol != 0 {
		k.protocol = f.Protocol
	}
	return k
}
