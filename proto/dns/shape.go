package dns

import "pinyon/proto"

// Is reports whether a UDP payload, which b is not all of if cut, is a message as a Flow of
// carrier c on ports of DNS (own) or of others accepts as its first.
func Is(b []byte, cut bool, c Carrier, own bool) bool {
	if c == NoCarrier || !own && !headerShape(b) {
		return false
	}
	var m message
	return parse(b, cut, c, &m) && (own || m.hasShape(b))
}

// LooksStream is the first test of a direction of a TCP flow on ports that are not of DNS,
// on the first bytes of its stream: a length, and the header of a message of that shape.
func LooksStream(b []byte) proto.Verdict {
	const need = 2 + headerLen
	switch {
	case len(b) >= 2 && int(b[0])<<8|int(b[1]) < shortest:
		return proto.NotMine
	case len(b) < need:
		return proto.NeedMore
	case headerShape(b[2:]):
		return proto.Mine
	}
	return proto.NotMine
}

// shortest is the length of a message that asks for the root.
const shortest = headerLen + 5

// headerShape is the first test of messages on ports that are not of DNS, on their header
// alone, which nearly all payloads of other protocols fail: one question; opcode QUERY,
// NOTIFY or UPDATE; the bit that has to be zero is; and what only responses have is in no
// query.
func headerShape(b []byte) bool {
	if len(b) < headerLen || b[4] != 0 || b[5] != 1 || b[3]&flagZ != 0 {
		return false
	}
	response, code := b[2]&0x80 != 0, b[3]&15
	switch op := b[2] >> 3 & 15; {
	case response:
		return op == opQuery || op == opNotify || op == opUpdate
	case op == opQuery: // no AA, no TC, no RA, no answers
		return code == 0 && b[2]&6 == 0 && b[3]&flagRA == 0 && b[6] == 0 && b[7] == 0
	case op == opNotify || op == opUpdate:
		return code == 0 && b[2]&2 == 0 && b[3]&flagRA == 0
	}
	return false
}

// hasShape is the second test: the message that parse has read from b is DNS whatever its
// ports. Its question is whole, of a printable name without pointers and of a registered
// type and class; its records are of a class; a query has no others than its opcode allows;
// and nothing lies behind. Names of NetBIOS, whose name service has the same header (RFC
// 1002, section 4.2), are not of DNS.
func (m *message) hasShape(b []byte) bool {
	if m.questions != 1 || !isClass(m.qclass) || typeName(m.qtype) == "" {
		return false
	}
	var w labels
	first := true
	for w.start(headerLen); w.next(b); first = false {
		if w.pointers > 0 || !printable(w.label) || first && isNetBIOS(w.label) {
			return false
		}
	}
	if w.pointers > 0 {
		return false
	}
	query, op := !m.isResponse(), m.flags>>11&15
	if query && op == opQuery && m.ns > 0 && m.qtype != typeIXFR {
		return false
	}
	var r rr
	rs := m.records(b)
	rs.left = m.parsed
	for i := 0; rs.next(&r); i++ {
		switch {
		case r.typ == typeOPT && b[r.owner] == 0: // its class is a size
		case !isClass(r.class):
			return false
		case query && op == opQuery && i >= int(m.ns) && r.typ != typeTSIG && r.typ != typeSIG:
			return false
		}
	}
	return m.cut || m.end == len(b)
}

// isClass reports the classes that are in use: IN, CH, HS, and NONE and ANY (RFC 6895).
func isClass(c uint16) bool { return c == 1 || c == 3 || c == 4 || c == 254 || c == 255 }

func printable(label []byte) bool {
	for _, c := range label {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return true
}

// isNetBIOS reports the first level of a NetBIOS name: 16 bytes as 32 letters from A to P
// (RFC 1001, section 14.1).
func isNetBIOS(label []byte) bool {
	if len(label) != 32 {
		return false
	}
	for _, c := range label {
		if c-'A' > 15 {
			return false
		}
	}
	return true
}
