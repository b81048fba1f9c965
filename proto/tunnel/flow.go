package tunnel

import (
	"encoding/binary"
	"math/bits"

	"pinyon/proto/openvpn"
)

// A Kind is a protocol of tunnels. Where several were seen in one flow the highest names it.
type Kind uint8

// The kinds.
const (
	None      Kind = iota
	ESP            // ESP in UDP, RFC 3948
	IKE            // RFC 2408, RFC 7296; over TCP RFC 9329
	L2TP           // RFC 2661, RFC 3931
	PPTP           // its control connection, RFC 2637
	OpenVPN        // over UDP and TCP
	WireGuard      // Donenfeld, NDSS 2017, section 5.4
	Tinc           // its meta connection
	SoftEther      // its UDP address service
	Tailscale      // its discovery messages, which share a flow with WireGuard
)

// A Flow is what is known of both directions, 0 and 1, of one flow. It holds no pointers. The
// zero Flow is ready.
type Flow struct {
	proven, hinted uint16 // sets of kinds
	segments       [2]uint8
	sides          [2]side
}

// side is what is remembered of a direction.
type side struct {
	session uint64 // of the last greeting: WireGuard's sender index, OpenVPN's session id
	greeted Kind   // whose greeting that was
	form    Kind   // of the messages that run counts
	run     uint8  // messages in a row with one id and a counter that goes up
	id      uint32
	counter uint32
}

// Proven is the kind whose form was seen, None without.
func (f *Flow) Proven() Kind { return highest(f.proven) }

// Hinted is a kind whose form was seen without what would prove it, None without.
func (f *Flow) Hinted() Kind { return highest(f.hinted) }

// Has reports whether k was proven.
func (f *Flow) Has(k Kind) bool { return f.proven>>k&1 != 0 }

func highest(set uint16) Kind { return Kind(max(bits.Len16(set), 1) - 1) }

func (f *Flow) prove(k Kind) { f.proven |= 1 << k }
func (f *Flow) hint(k Kind)  { f.hinted |= 1 << k }

// maxStep is how far a counter may go from one message to the next: what is lost in between,
// or went another way.
const maxStep = 256

// count takes a message with a counter, and returns how many in a row have gone up. One that
// comes late changes nothing.
func (s *side) count(form Kind, id, counter uint32) int {
	if s.form != form || s.id != id || s.run == 0 {
		*s = side{session: s.session, greeted: s.greeted, form: form, id: id, counter: counter, run: 1}
		return 1
	}
	switch step := int32(counter - s.counter); {
	case step > maxStep || step < -maxStep:
		s.run, s.counter = 1, counter
	case step > 0:
		s.counter = counter
		if s.run < 255 {
			s.run++
		}
	}
	return int(s.run)
}

// runs is the number of such messages of a form in both directions.
func (f *Flow) runs(form Kind) (n int) {
	for i := range f.sides {
		if f.sides[i].form == form {
			n += int(f.sides[i].run)
		}
	}
	return n
}

// Datagram takes a UDP payload, or the captured part b of its size bytes.
func (f *Flow) Datagram(dir int, b []byte, size int) {
	if len(b) == 0 {
		return
	}
	if f.proven != 0 { // what shares a flow with other tunnels is all that is left to find
		f.tailscale(b, size)
		return
	}
	dir &= 1
	s := &f.sides[dir]
	switch {
	case b[0]-1 < 4 && f.wireGuard(dir, b, size),
		openvpn.OpcodeOf(b[0]).Known() && f.openVPN(dir, b, size),
		len(b) >= ikeHeader && f.ike(b, size),
		b[0]&^(l2tpBits>>8) == 0 && f.l2tp(dir, b, size),
		b[0] == tailscaleMagic[0] && f.tailscale(b, size):
	case (b[0] == 'A' || b[0] == 'I') && f.softEther(dir, b, size):
	case len(b) >= 8 && size%4 == 0 && be32(b) > 255:
		if s.count(ESP, be32(b), be32(b[4:])) >= espRun {
			f.hint(ESP)
		}
	default:
		s.run = 0
	}
}

// maxSegments is how many segments of a direction are looked at: a tunnel begins with its
// connection, or behind the answer of a proxy.
const maxSegments = 8

// Segment takes the payload of a TCP segment, or the captured part b of its size bytes, and
// reports whether it wants more. Messages are looked for where segments begin.
func (f *Flow) Segment(dir int, b []byte, size int) bool {
	dir &= 1
	if f.segments[dir] == maxSegments {
		return f.segments[1-dir] < maxSegments
	}
	f.segments[dir]++
	switch {
	case f.pptp(b), f.ikeTCP(b), f.tinc(dir, b, size):
	default:
		f.openVPNStream(dir, b)
	}
	return true
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
