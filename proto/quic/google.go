package quic

import (
	"encoding/binary"
	"math/bits"
)

// Versions of Google QUIC by their two digits. Those that speak its own handshake begin with
// Q, those with TLS inside with T.
const (
	google34 = 34 // no entropy and no FEC any more
	google39 = 39 // numbers in network order
	google44 = 44 // long and short headers
	google46 = 46 // with the layout of draft-ietf-quic-transport-17
	google49 = 49 // and with lengths
	google50 = 50 // header protection and Initial keys

	googleFirst = 9
	googleLast  = 51
)

// googleNumber is the digits of version v of Google QUIC, such as 46 of Q046; 0 if it is no
// such version.
func googleNumber(v uint32) int {
	if v>>24 != 'Q' && v>>24 != 'T' || v>>16&0xff != '0' || !digit(v>>8) || !digit(v) {
		return 0
	}
	if n := 10*int(v>>8&15) + int(v&15); n >= googleFirst && n <= googleLast {
		return n
	}
	return 0
}

func digit(v uint32) bool { return uint8(v) >= '0' && uint8(v) <= '9' }

// hashSize is the bytes ahead of a payload that is not encrypted: a hash of the packet.
const hashSize = 12

// parsePublic reads the header of a packet of Google QUIC before Q044 that names a version:
// those of the client until it heard from the server, and the server's refusal of a version.
//
//	flags (8): 0 0 number length (2) 1 nonce (1) 0 1
//	connection id (64) | version (32) | packet number (8, 16, 32 or 48)
func parsePublic(b []byte) (h header, ok bool) {
	if len(b) < 13 || b[0]&0xcb != 0x09 {
		return h, false
	}
	h.version = be32(b[9:])
	if n := googleNumber(h.version); n == 0 || n >= google44 {
		return h, false
	}
	h.kind, h.dcid, h.number = kindPublic, b[1:9], 13
	h.clear = h.number + int([4]uint8{1, 2, 4, 6}[b[0]>>4&3])
	return h, true
}

// public takes a packet of Google QUIC before Q044.
func (c *Conn) public(s *Scratch, h *header, d *Datagram) {
	if c.first.version == 0 {
		c.first = attemptOf(h)
		c.firstIn = int8(d.Dir)
	}
	c.publicSeen = true
	c.proof |= proofGoogle
	if c.opened && int(c.client) != d.Dir {
		c.ended = true // the server refuses a version
		return
	}
	c.unhidden(s, h, d.Payload, d)
}

// unhidden reads a packet of Google QUIC before Q050 whose payload is in clear, which its hash
// tells. b is what was captured of it; if that is not all, the hash cannot be checked and a
// handshake message has to begin where one does.
func (c *Conn) unhidden(s *Scratch, h *header, b []byte, d *Datagram) {
	side := &c.side[d.Dir]
	if len(b) < h.clear+hashSize || c.made == maxKeys || (side.done || side.whole) && !c.ended {
		return
	}
	payload := b[h.clear+hashSize:]
	frames := unflagged(h.version, payload)
	client, ok := true, true
	if len(b) < d.Size {
		ok = startsHello(h, frames)
	} else {
		client, ok = authentic(b[:h.clear], payload, b[h.clear:])
	}
	if !ok || client != (!c.opened || int(c.client) == d.Dir) {
		c.made++
		return
	}
	if client && (!c.opened || c.ended && h.version != c.open.version) {
		again := c.opened
		c.opened, c.client, c.ended = true, int8(d.Dir), false
		c.proof |= proofOpened
		c.open = attemptOf(h)
		c.open.number = uint8(h.clear - h.number)
		if again {
			c.restart(s)
		}
	}
	c.frames(s, h, frames, h.clear-h.number, d)
}

// unflagged is the frames of a payload: before Q034 they stand behind flags of entropy (1), of
// a group of packets that can restore each other (2), whose first packet's distance follows in a
// byte, and of the packet that restores (4), which has no frames.
func unflagged(version uint32, payload []byte) []byte {
	if googleNumber(version) >= google34 || len(payload) < 2 {
		return payload
	}
	switch flags := payload[0]; {
	case flags&4 != 0:
		return nil
	case flags&2 != 0:
		return payload[2:]
	}
	return payload[1:]
}

// startsHello reports whether the frames of a packet that may be cut begin with the first bytes
// of a handshake.
func startsHello(h *header, frames []byte) bool {
	r := newFrameReader(h.version, frames, h.clear-h.number)
	return r.next() == frameCrypto && r.offset == 0 && (len(r.data) > 4 && r.data[0] == 1 || isTagged(r.data))
}

// authentic checks the hash of a packet: the lower 96 bits of FNV-1a of 128 bits over header
// and payload and, from Q037 on, who sent it. client is whether that may be the client.
func authentic(head, payload, want []byte) (client, ok bool) {
	h := fnvStart.add(head).add(payload)
	switch {
	case h.is(want), h.add([]byte("Client")).is(want):
		return true, true
	case h.add([]byte("Server")).is(want):
		return false, true
	}
	return false, false
}

// fnv128 is a state of FNV-1a of 128 bits, for which hash/fnv would allocate.
type fnv128 struct{ hi, lo uint64 }

var fnvStart = fnv128{0x6c62272e07bb0142, 0x62b821756295c58d}

// add multiplies by 2^88 + 0x13b after each byte.
func (f fnv128) add(b []byte) fnv128 {
	hi, lo := f.hi, f.lo
	for _, v := range b {
		lo ^= uint64(v)
		carry, low := bits.Mul64(lo, 0x13b)
		hi = hi*0x13b + carry + lo<<24
		lo = low
	}
	return fnv128{hi, lo}
}

// is compares the lower 96 bits, which packets carry in little-endian order.
func (f fnv128) is(want []byte) bool {
	return binary.LittleEndian.Uint64(want) == f.lo && binary.LittleEndian.Uint32(want[8:]) == uint32(f.hi)
}
