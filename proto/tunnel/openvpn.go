package tunnel

import "pinyon/proto/openvpn"

// What tells messages of OpenVPN from others.
const (
	ovpnLook     = 128 // bytes of an answer in which the client's session id is sought
	ovpnAckLeast = 22  // opcode, session, one acknowledgement, the other's session
	ovpnRun      = 5   // data messages in a row of one direction that prove it

	ovpnUnsure = OpenVPN | 0x80 // in side.greeted: no reset was seen
)

// openVPN reports whether a message has the form of one.
func (f *Flow) openVPN(dir int, b []byte, size int) bool {
	if len(b) < openvpn.Least {
		return false
	}
	s, other := &f.sides[dir], &f.sides[1-dir]
	op, session := openvpn.OpcodeOf(b[0]), be64(b[1:])
	if op != openvpn.Data2 && (b[0]&7 != 0 || session == 0 || size > openvpn.Most) {
		return false
	}
	switch op {
	case openvpn.ResetClient1, openvpn.ResetClient2, openvpn.ResetClient3:
		form := ovpnReset(op, b, size)
		if form == None {
			return false
		}
		s.session, s.greeted = session, OpenVPN
		f.hint(OpenVPN)
		if form == OpenVPN {
			f.prove(OpenVPN)
		}
		return true
	case openvpn.ResetServer1, openvpn.ResetServer2:
		if other.greeted != OpenVPN || !ovpnNumbered(b[9:]) && !f.openVPNReturned(b[9:min(len(b), ovpnLook)], other.session) {
			return false
		}
		s.session, s.greeted = session, OpenVPN
		return true
	case openvpn.Control, openvpn.Ack, openvpn.ControlKey:
		known := s.greeted == OpenVPN && s.session == session
		if known && other.greeted == OpenVPN { // both sides go on with the session that they greeted with
			f.prove(OpenVPN)
		}
		if known {
			return true
		}
		// The greetings were not captured: what looks like a session is one if the other side returns it.
		returned := other.greeted == ovpnUnsure && size >= ovpnAckLeast && f.openVPNReturned(b[9:min(len(b), ovpnLook)], other.session)
		if s.greeted == None || s.greeted == ovpnUnsure {
			s.session, s.greeted = session, ovpnUnsure
		}
		return returned
	case openvpn.Data2:
		if b[1] != 0 && (b[1]&b[2]&b[3] != 0xff) {
			return false
		}
		if s.count(OpenVPN, be32(b), be32(b[4:])) >= ovpnRun {
			f.prove(OpenVPN)
		}
		return true
	}
	return false
}

// openVPNReturned looks for the other side's session id, which an acknowledgement repeats unless
// the control channel is encrypted.
func (f *Flow) openVPNReturned(b []byte, session uint64) bool {
	first := byte(session >> 56)
	for i := 0; i+8 <= len(b); i++ {
		if b[i] == first && be64(b[i:]) == session {
			f.prove(OpenVPN)
			return true
		}
	}
	return false
}

// ovpnReset says how sure a client's reset is: OpenVPN, or ovpnUnsure, or None. Its forms:
//
//	plain                       opcode, session, acknowledgements 0, message 0000
//	tls-auth                    opcode, session, digest of 16 to 64 bytes, number, time, acknowledgements 0, message 0000
//	tls-crypt (54 bytes)        opcode, session, number, time, digest of 32 bytes, ciphertext
//	tls-crypt-v2 (its opcode)   the same, and the client's wrapped key, which is long
func ovpnReset(op openvpn.Opcode, b []byte, size int) Kind {
	const crypt = openvpn.Least + 8 + 32
	switch digest := size - openvpn.Least - 8; {
	case op == openvpn.ResetClient3 && size > crypt+256 && ovpnNumbered(b[9:]):
		return ovpnUnsure
	case op == openvpn.ResetClient3:
		return None
	case size == openvpn.Least && zero(b[9:]):
		return OpenVPN
	case digest == 16 || digest == 20 || digest == 28 || digest == 32 || digest == 48 || digest == 64:
		if len(b) == size && zero(b[size-5:]) && ovpnNumbered(b[size-13:]) {
			return OpenVPN
		}
	}
	if size == crypt && ovpnNumbered(b[9:]) {
		return ovpnUnsure
	}
	return None
}

// ovpnNumbered reports whether a message's number is one of the first 255, with the mark that
// clients of version 2.6 put above it or without.
func ovpnNumbered(b []byte) bool {
	n := be32(b)
	return n&0xf0ffff00 == 0 && n&0xff != 0
}

// openVPNStream takes the messages of a segment, one behind another, as far as they lie in it.
func (f *Flow) openVPNStream(dir int, b []byte) {
	for range 4 {
		if len(b) < 2+openvpn.Least {
			return
		}
		n := int(be16(b))
		if n < openvpn.Least || !f.openVPN(dir, b[2:min(len(b), 2+n)], n) || 2+n >= len(b) {
			return
		}
		b = b[2+n:]
	}
}
