package carrier

import (
	"bytes"
	"encoding/binary"

	"pinyon/internal/cursor"
	"pinyon/proto"
	"pinyon/proto/openvpn"
)

// ovpnMACs are the lengths of what tls-auth puts behind the session id: nothing, or an HMAC,
// the number of the packet and its time.
var ovpnMACs = [...]int{0, 20 + 8, 32 + 8, 64 + 8, 16 + 8, 28 + 8, 48 + 8}

// ovpnMaxAcks is how many packets one may acknowledge.
const ovpnMaxAcks = 8

// ovpnWindow is how many control packets may be ahead of the one that is due.
const ovpnWindow = 12

// An OpenVPN takes the TLS of the control channel out of both directions of an OpenVPN
// connection, over UDP or TCP. With tls-crypt there is none to be seen. The zero OpenVPN is
// ready; Reset makes it ready again.
type OpenVPN struct {
	mac    int // length of what tls-auth adds, as the first packet told
	known  bool
	sides  [2]ovpnSide
	frames [2]ovpnFrame
}

// ovpnSide is the order of a direction's control packets.
type ovpnSide struct {
	session [8]byte
	begun   bool
	key     uint8
	due     uint32 // number of the packet to hand out next
	now     []byte // payload of that packet, borrowed
	has     bool   // now is one
	early   [ovpnWindow]ovpnPart
}

// ovpnPart is a packet's payload that came early; of packet number-1, 0 for a free place.
type ovpnPart struct {
	number uint32
	bytes  []byte
}

// ovpnFrame is a direction over TCP: packets behind their length (16).
type ovpnFrame struct {
	buf  []byte
	skip int
}

// Reset makes o ready for another connection; buffers are kept.
func (o *OpenVPN) Reset() {
	o.mac, o.known = 0, false
	for d := range o.sides {
		s := &o.sides[d]
		early := s.early
		for i := range early {
			early[i] = ovpnPart{bytes: early[i].bytes[:0]}
		}
		*s = ovpnSide{early: early}
		o.frames[d] = ovpnFrame{buf: o.frames[d].buf[:0]}
	}
}

// ovpnPacket is a control packet taken apart.
type ovpnPacket struct {
	op      openvpn.Opcode
	key     uint8
	session []byte
	acks    int
	number  uint32
	payload []byte
}

// parseOVPN reads a control packet whose session id mac bytes follow:
//
//	opcode (5) key (3) │ session (64) │ mac │ n, n acknowledged (32 each), session (64) if any │ number (32) │ payload
//
// An acknowledgement alone has no number.
func parseOVPN(b []byte, mac int) (p ovpnPacket, ok bool) {
	c := cursor.New(b)
	first := c.U8()
	p.op, p.key = openvpn.OpcodeOf(first), first&7
	p.session = c.Bytes(8)
	c.Skip(mac)
	if p.acks = int(c.U8()); p.acks > ovpnMaxAcks {
		return p, false
	}
	if p.acks > 0 {
		c.Skip(4*p.acks + 8)
	}
	if p.op != openvpn.Ack {
		p.number = c.U32()
	}
	p.payload = c.Rest()
	return p, !c.Failed()
}

// looksOpenVPN is LooksOpenVPN, and the length of what tls-auth adds to packets. A reset
// acknowledges no more than the other side's, has number 0 and nothing behind that.
func looksOpenVPN(b []byte) (mac int, v proto.Verdict) {
	if len(b) < openvpn.Least {
		return 0, proto.NotMine
	}
	op := openvpn.OpcodeOf(b[0])
	for _, mac := range ovpnMACs {
		p, ok := parseOVPN(b, mac)
		if !ok || mac > 0 && !ovpnReplay(b, mac) {
			continue
		}
		switch op {
		case openvpn.ResetClient1, openvpn.ResetClient2, openvpn.ResetServer1, openvpn.ResetServer2:
			if p.acks <= 1 && p.number == 0 && len(p.payload) == 0 && !allZero(p.session) {
				return mac, proto.Mine
			}
		case openvpn.Control:
			if p.number <= ovpnWindow && len(p.payload) > 2 && (p.payload[0] == 0x16 || p.payload[0] == 0x15) && p.payload[1] == 3 {
				return mac, proto.Mine
			}
		}
	}
	return 0, proto.NotMine
}

// ovpnReplay reports whether the number and time behind an HMAC make sense: a number that
// counts from 1, and a time from 2001 on.
func ovpnReplay(b []byte, mac int) bool {
	at := 9 + mac - 8
	number, time := binary.BigEndian.Uint32(b[at:]), binary.BigEndian.Uint32(b[at+4:])
	return number > 0 && number < 1<<16 && time > 1e9
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// LooksOpenVPN tells whether a datagram begins an OpenVPN control channel that can be read:
// a reset, or a control packet with the start of TLS. It does not allocate.
func LooksOpenVPN(b []byte) proto.Verdict {
	if len(b) == 0 || !ovpnBegins(b[0]) {
		return proto.NotMine
	}
	_, v := looksOpenVPN(b)
	return v
}

// looksOpenVPNStream tells the same of bytes of a TCP stream, where a packet stands behind its
// length (16). Of a long packet the start is enough.
func looksOpenVPNStream(b []byte) proto.Verdict {
	n := openvpn.Most
	if len(b) >= 2 {
		if n = int(b[0])<<8 | int(b[1]); n < openvpn.Least || n > openvpn.Most {
			return proto.NotMine
		}
	}
	if len(b) >= 3 && !ovpnBegins(b[2]) {
		return proto.NotMine
	}
	if want := min(2+n, MaxBefore); len(b) < want {
		return proto.NeedMore
	}
	return LooksOpenVPN(b[2:min(2+n, len(b))])
}

// ovpnBegins reports whether a packet of that first byte may begin a connection.
func ovpnBegins(first byte) bool {
	switch openvpn.OpcodeOf(first) {
	case openvpn.ResetClient1, openvpn.ResetServer1, openvpn.ResetClient2, openvpn.ResetServer2, openvpn.Control:
		return first&7 == 0
	}
	return false
}

// Packet takes the next packet of a direction, which is borrowed until Next has said that
// there is nothing more. It reports whether it was a packet of the control channel.
func (o *OpenVPN) Packet(dir int, b []byte) bool {
	s := &o.sides[dir]
	s.now, s.has = nil, false
	if len(b) < 10 || len(b) > openvpn.Most {
		return false
	}
	switch openvpn.OpcodeOf(b[0]) {
	case openvpn.Control, openvpn.ResetClient1, openvpn.ResetServer1, openvpn.ResetClient2, openvpn.ResetServer2:
	default:
		return openvpn.OpcodeOf(b[0]) == openvpn.Ack
	}
	if !o.known {
		mac, v := looksOpenVPN(b)
		if v != proto.Mine {
			return false
		}
		o.mac, o.known = mac, true
	}
	p, ok := parseOVPN(b, o.mac)
	if !ok {
		return false
	}
	if !s.begun {
		copy(s.session[:], p.session)
		s.begun, s.key = true, p.key
		if p.op == openvpn.Control {
			s.due = min(p.number, 1) // its reset went by unseen
		}
	}
	if !bytes.Equal(s.session[:], p.session) || p.key != s.key {
		return true // another connection, or other keys: the first one counts
	}
	s.place(p.number, p.payload)
	return true
}

// place keeps a payload if it is due or early.
func (s *ovpnSide) place(number uint32, payload []byte) {
	switch ahead := number - s.due; {
	case ahead == 0:
		s.now, s.has = payload, true
	case ahead < ovpnWindow:
		if e := &s.early[number%ovpnWindow]; e.number == 0 {
			e.number, e.bytes = number+1, append(e.bytes[:0], payload...)
		}
	}
}

// Next hands out the next bytes of TLS of a direction, each once and in order, as far as they
// have come. They are borrowed until the next call for that direction.
func (o *OpenVPN) Next(dir int) (tls []byte, ok bool) {
	s := &o.sides[dir]
	if s.has {
		tls, s.now, s.has = s.now, nil, false
		s.due++
		return tls, true
	}
	if e := &s.early[s.due%ovpnWindow]; e.number == s.due+1 && s.due > 0 {
		e.number = 0
		s.due++
		return e.bytes, true
	}
	return nil, false
}

// Stream takes the next bytes of a direction over TCP, from the start of a packet's length
// on, up to the end of a packet, and returns those behind it. What the packet brought is to
// be taken with Next before the next call.
func (o *OpenVPN) Stream(dir int, b []byte) (rest []byte) {
	f := &o.frames[dir]
	o.sides[dir].has = false
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			f.skip -= n
			b = b[n:]
			continue
		}
		want := 2
		if len(f.buf) >= 2 {
			want += int(f.buf[0])<<8 + int(f.buf[1])
		}
		if want > 2+openvpn.Most {
			f.buf, f.skip = f.buf[:0], want-2
			continue
		}
		n := min(want-len(f.buf), len(b))
		f.buf, b = append(f.buf, b[:n]...), b[n:]
		if len(f.buf) < 2 || len(f.buf) < 2+int(f.buf[0])<<8+int(f.buf[1]) {
			continue
		}
		o.Packet(dir, f.buf[2:])
		f.buf = f.buf[:0]
		return b
	}
	return nil
}
