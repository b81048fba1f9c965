package wire

import "encoding/binary"

// Stats are sums since the capture began, and of this session since that began.
type Stats struct {
	Captured         uint64 // packets that the server took from its devices
	Dropped          uint64 // packets for which their rings had no room
	InterfaceDropped uint64 // packets that the devices missed
	QueueDropped     uint64 // packets left in the rings
	Next             uint64 // sequence number of the session's next packet: so many were for it
	Sent             uint64 // of these, packets in batches that were written to the link
	ClientDropped    uint64 // of these, packets that the session's queue had no room for
	Bytes            uint64 // bytes of messages that were written
	Now              int64  // the server's clock, ns since 1970
	Clock            int64  // every packet of before this capture time was sent or is in a gap
}

// End is the last frame of a capture that is over.
type End struct{ Stats }

func (*Stats) Type() Type { return TypeStats }
func (*End) Type() Type   { return TypeEnd }

func (s *Stats) numbers() [8]*uint64 {
	return [8]*uint64{&s.Captured, &s.Dropped, &s.InterfaceDropped, &s.QueueDropped, &s.Next, &s.Sent, &s.ClientDropped, &s.Bytes}
}

func (s *Stats) appendBody(dst []byte) []byte {
	for _, n := range s.numbers() {
		dst = binary.AppendUvarint(dst, *n)
	}
	return appendTime(appendTime(dst, s.Now), s.Clock)
}

func (s *Stats) parse(r *reader) {
	for _, n := range s.numbers() {
		*n = r.uint()
	}
	s.Now, s.Clock = r.time(), r.time()
}

// A Reason says why packets are missing.
type Reason uint8

// Reasons of gaps. The first two concern packets with sequence numbers, the others packets that
// never got one.
const (
	ReasonQueue     Reason = iota + 1 // the session's queue was full
	ReasonLink                        // written to a link that was cut
	ReasonRing                        // the kernel's ring was full
	ReasonInterface                   // the device missed them
	ReasonRestart                     // the server, or the session, began anew: how many is unknown
	reasonEnd
)

var reasonNames = [reasonEnd]string{"", "queue", "link", "ring", "interface", "restart"}

// String is the reason in a word.
func (r Reason) String() string {
	if r > 0 && r < reasonEnd {
		return reasonNames[r]
	}
	return "unknown"
}

// Numbered reports whether the packets of such gaps have sequence numbers.
func (r Reason) Numbered() bool { return r == ReasonQueue || r == ReasonLink }

// Gap says that packets are missing here.
type Gap struct {
	First  uint64 // sequence number of the first, or of the packet before which they are missing
	Lost   uint64 // how many
	Reason Reason
}

func (*Gap) Type() Type { return TypeGap }

func (g *Gap) appendBody(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, g.First)
	dst = binary.AppendUvarint(dst, g.Lost)
	return append(dst, byte(g.Reason))
}

func (g *Gap) parse(r *reader) {
	g.First, g.Lost, g.Reason = r.uint(), r.uint(), Reason(r.byte())
	if g.Reason == 0 || g.Reason >= reasonEnd || g.First+g.Lost < g.First {
		r.fail()
	}
}

// A Code says why a connection ends.
type Code uint8

// Codes of errors.
const (
	CodeAuth     Code = iota + 1 // the token is unknown, or a proof is wrong
	CodeFull                     // as many clients as the server takes are there
	CodeProtocol                 // a frame was malformed or out of place
	CodeFilter                   // the filter does not compile; after the handshake the old one stays
	CodeCapture                  // the capture failed
	CodeBusy                     // too many tries from the client's address: later
	CodeSlow                     // the client's queue was full and its policy is to end
	CodeRevoked                  // the token is not valid any more
	CodeRequest                  // something else of the subscription cannot be had
	codeEnd
)

// Error is the last word of a connection, but for CodeFilter after the handshake.
type Error struct {
	Code Code
	Text string
}

func (*Error) Type() Type { return TypeError }

func (e *Error) appendBody(dst []byte) []byte {
	return appendText(append(dst, byte(e.Code)), e.Text, maxName)
}

func (e *Error) parse(r *reader) {
	e.Code, e.Text = Code(r.byte()), r.text(maxName)
	if e.Code == 0 || e.Code >= codeEnd {
		r.fail()
	}
}

// Filter asks for another narrowing filter.
type Filter struct {
	ID   uint64 // of the request, which its answer repeats
	Expr string
}

// FilterOK is the answer: the filter is in force from packet Next on.
type FilterOK struct {
	ID   uint64
	Next uint64
	Expr string // what is in force
}

func (*Filter) Type() Type   { return TypeFilter }
func (*FilterOK) Type() Type { return TypeFilterOK }

func (f *Filter) appendBody(dst []byte) []byte {
	return appendText(binary.AppendUvarint(dst, f.ID), f.Expr, MaxFilter)
}

func (f *Filter) parse(r *reader) { f.ID, f.Expr = r.uint(), r.text(MaxFilter) }

func (f *FilterOK) appendBody(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, f.ID)
	dst = binary.AppendUvarint(dst, f.Next)
	return appendText(dst, f.Expr, 2*MaxFilter)
}

func (f *FilterOK) parse(r *reader) { f.ID, f.Next, f.Expr = r.uint(), r.uint(), r.text(2*MaxFilter) }

// Error is the text, so that an Error can be returned as one.
func (e *Error) Error() string { return e.Text }
