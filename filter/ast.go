package filter

// An exprOp says what an expr is.
type exprOp uint8

const (
	opAnd exprOp = iota
	opOr
	opNot
	opID       // an identifier: id holds it, q what it is one of
	opAbbrev   // a protocol name alone: num
	opRel      // a relation of two numbers
	opCast     // broadcast and multicast: word tells which, num the protocol
	opLess     // less NUM
	opGreater  // greater NUM
	opByte     // byte NUM op NUM
	opDirect   // inbound and outbound: num is 1 for outbound
	opIfindex  // ifindex NUM
	opVLAN     // vlan [NUM]; set tells whether there is a number, as with the next
	opMPLS     // mpls [NUM]
	opPPPoED   // pppoed
	opPPPoES   // pppoes [NUM]
	opGeneve   // geneve [NUM]
	opWLANType // frame control byte 0 under the mask num2 is num
	opWLANDir  // direction bits of frame control are num
	opLLC      // llc [TYPE]: name
	opForeign  // a word of link types that are not supported
)

// An expr is a predicate.
type expr struct {
	op        exprOp
	tok       token // the word that errors are reported at
	l, r      *expr // operands of and, or; l of not
	id        *ident
	a, b      *arith
	rel       byte // of opRel: > G (>=) = < L (<=) N (!=); of opByte: & | < > =
	num, num2 uint32
	set       bool
	name      string
}

// An ident is what a qualifier qualifies.
type ident struct {
	kind kind // kID, kNum, kHost, kHost6, kMAC, kARC
	q    qual
	text string
	num  uint32
	bits uint32 // prefix length, if form is withBits
	mask string // if form is withMask
	form identForm
}

type identForm uint8

const (
	plain identForm = iota
	withBits
	withMask
)

// An arith is a number that is computed.
type arith struct {
	tok  token
	op   byte // 0: num; 'L' length of the packet; '[' load; 'n' negation; else the operator, '{' <<, '}' >>
	num  uint32
	a, b *arith // operands; a is the index of a load
	prot uint8  // of a load
	size uint32 // of a load, in bytes
}
