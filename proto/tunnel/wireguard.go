package tunnel

// Messages of WireGuard (Donenfeld, NDSS 2017, section 5.4), numbers little-endian:
//
//	initiation 148 bytes: type 1, 3 reserved, sender 4, ephemeral 32, static 48, time 28, mac1 16, mac2 16
//	response    92 bytes: type 2, 3 reserved, sender 4, receiver 4, ephemeral 32, empty 16, mac1 16, mac2 16
//	cookie      64 bytes: type 3, 3 reserved, receiver 4, nonce 24, cookie 32
//	data      32 and up: type 4, 3 reserved, receiver 4, counter 8, a multiple of 16
//
// The reserved bytes are zero, but for operators who put a number of theirs there.
const (
	wgInitiation = 148
	wgResponse   = 92
	wgCookie     = 64
	wgLeast      = 32
	wgMAC2       = 132
)

// wireGuardRun is how many data messages without a handshake, of both directions, prove it.
const wireGuardRun = 3

// wireGuard reports whether a datagram has the form of a message.
func (f *Flow) wireGuard(dir int, b []byte, size int) bool {
	if len(b) < 16 || b[0] == 0 || b[0] > 4 {
		return false
	}
	s, other := &f.sides[dir], &f.sides[1-dir]
	reserved := b[1]|b[2]|b[3] == 0
	switch {
	case b[0] == 1 && size == wgInitiation:
		s.session, s.greeted = uint64(le32(b[4:])), WireGuard
		if reserved {
			f.hint(WireGuard)
			if len(b) == size && zero(b[wgMAC2:]) { // mac2 is zero unless the other side is under load
				f.prove(WireGuard)
			}
		}
		return true
	case b[0] == 2 && size == wgResponse:
		return f.wireGuardReply(other, le32(b[8:]), reserved)
	case b[0] == 3 && size == wgCookie:
		return f.wireGuardReply(other, le32(b[4:]), reserved)
	case b[0] == 4 && size >= wgLeast && size%16 == 0 && reserved && b[14]|b[15] == 0:
		s.count(WireGuard, le32(b[4:]), le32(b[8:]))
		if f.runs(WireGuard) >= wireGuardRun {
			f.prove(WireGuard)
		}
		return true
	}
	return false
}

// wireGuardReply takes a message that names its receiver.
func (f *Flow) wireGuardReply(to *side, receiver uint32, reserved bool) bool {
	if to.greeted == WireGuard && to.session == uint64(receiver) {
		f.prove(WireGuard)
		return true
	}
	if reserved {
		f.hint(WireGuard)
	}
	return reserved
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
