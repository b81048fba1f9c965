package tunnel

// Messages of OpenVPN (its doxygen pages "Network protocol"): the high five bits of the first
// byte are the opcode, the low three the number of the key. Messages of the control channel go on
// with the sender's session id of 8 bytes; over TCP two bytes of length come first.
const (
	ovpnResetClient1 = 1
	ovpnResetServer1 = 2
	ovpnControl      = 4
	ovpnAck          = 5
	ovpnResetClient2 = 7
	ovpnResetServer2 = 8
	ovpnData2        = 9 // then the peer's number, 3 bytes; with an AEAD cipher a counter of 4
	ovpnResetClient3 = 10
	ovpnControlKey   = 11

	// The opcodes above as a set: most datagrams are told by it.
	ovpnOpcodes = 1<<ovpnResetClient1 | 1<<ovpnResetServer1 | 1<<ovpnControl | 1<<ovpnAck | 1<<ovpnResetClient2 |
		1<<ovpnResetServer2 | 1<<ovpnData2 | 1<<ovpnResetClient3 | 1<<ovpnControlKey
)

const (
	ovpnLeast    = 14   // a reset: opcode, session, no acknowledgement, message number
	ovpnMost     = 2048 // a message of the control channel
	ovpnLook     = 128  // bytes of an answer in which the client's session id is sought
	ovpnAckLeast = 22   // opcode, session, one acknowledgement, the other's session
	ovpnRun      = 5    // data messages in a row of one direction that prove it

	ovpnUnsure = OpenVPN | 0x80 // in side.greeted: no reset was seen
)

// openVPN reports whether a message has the form of one.
func (f *Flow) openVPN(dir int, b []byte, size int) bool {
	if len(b) < ovpnLeast {
		return false
	}
	s, other := &f.sides[dir], &f.sides[1-dir]
	op, session := b[0]>>3, be64(b[1:])
	if op != ovpnData2 && (b[0]&7 != 0 || session == 0 || size > ovpnMost) {
		return false
	}
	switch op {
	case ovpnResetClient1, ovpnResetClient2, ovpnResetClient3:
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
	case ovpnResetServer1, ovpnResetServer2:
		if other.greeted != OpenVPN || !ovpnNumbered(b[9:]) && !f.openVPNReturned(b[9:min(len(b), ovpnLook)], other.session) {
			return false
		}
		s.session, s.greeted = session, OpenVPN
		return true
	case ovpnControl, ovpnAck, ovpnControlKey:
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
	case ovpnData2:
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
func ovpnReset(op uint8, b []byte, size int) Kind {
	const crypt = ovpnLeast + 8 + 32
	switch digest := size - ovpnLeast - 8; {
	case op == ovpnResetClient3 && size > crypt+256 && ovpnNumbered(b[9:]):
		return ovpnUnsure
	case op == ovpnResetClient3:
		return None
	case size == ovpnLeast && zero(b[9:]):
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
		if len(b) < 2+ovpnLeast {
			return
		}
		n := int(be16(b))
		if n < ovpnLeast || !f.openVPN(dir, b[2:min(len(b), 2+n)], n) || 2+n >= len(b) {
			return
		}
		b = b[2+n:]
	}
}
