package tunnel

// L2TP's control messages (RFC 2661 section 3.1; RFC 3931 section 3.2.1 over UDP) begin with the
// bits T, L and S, the version, and the length of the whole; then, but for an empty one, an AVP of
// 8 bytes that says which message it is:
//
//	c8 02, length 2, tunnel 2, session 2, Ns 2, Nr 2, 80 08, 00 00, 00 00, type 2
const (
	l2tpControl2 = 0xc802
	l2tpControl3 = 0xc803
	l2tpBits     = 0xcb00 // all bits of the first byte that a message may have: T, L, S, O and P
	l2tpRun      = 3      // frames of PPP in one session that prove it
)

// l2tp reports whether a datagram has the form of a message.
func (f *Flow) l2tp(dir int, b []byte, size int) bool {
	if len(b) < 12 {
		return false
	}
	bits := be16(b)
	if bits == l2tpControl2 || bits == l2tpControl3 {
		if int(be16(b[2:])) != size {
			return false
		}
		if size == 12 { // it acknowledges
			f.hint(L2TP)
			return true
		}
		if len(b) < 20 || be16(b[12:])&0x3fff != 8 || be32(b[14:]) != 0 || be16(b[18:])-1 > 27 {
			return false
		}
		f.prove(L2TP)
		return true
	}
	return f.l2tpData(dir, b, size)
}

// l2tpData takes a frame of PPP: version 2 with any of the bits L, S, O and P; tunnel and session
// make up the id, and PPP's protocol has to be one of those that carry IP or set it up.
func (f *Flow) l2tpData(dir int, b []byte, size int) bool {
	bits, at := be16(b), 2
	if bits&^0x4b00 != 2 {
		return false
	}
	if bits&0x4000 != 0 {
		if int(be16(b[2:])) != size {
			return false
		}
		at += 2
	}
	id := be32(b[at:])
	at += 4
	if bits&0x0800 != 0 {
		at += 4
	}
	if bits&0x0200 != 0 {
		at += 2
		if len(b) < at {
			return false
		}
		at += int(be16(b[at-2:]))
	}
	if len(b) < at+4 {
		return false
	}
	if be16(b[at:]) == 0xff03 {
		at += 2
	}
	switch be16(b[at:]) {
	case 0x0021, 0x0057, 0x00fd, 0x8021, 0x8057, 0x80fd, 0xc021, 0xc023, 0xc223:
	default:
		return false
	}
	s := &f.sides[dir]
	if s.count(L2TP, id, s.counter+1) == 1 {
		s.counter = 0
	}
	if f.hint(L2TP); f.runs(L2TP) >= l2tpRun {
		f.prove(L2TP)
	}
	return true
}
