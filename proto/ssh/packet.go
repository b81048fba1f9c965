package ssh

import (
	"crypto/sha256"

	"pinyon/internal/cursor"
)

// Message numbers (RFC 4250, section 4.1; RFC 4419).
const (
	msgKexInit    = 20
	msgNewKeys    = 21
	msgKexFirst   = msgKexInit
	msgKexLast    = 49
	msgKexRequest = 30 // KEXDH_INIT, KEX_ECDH_INIT
	msgKexReply   = 31 // its answer; or the group of a group exchange
	msgGexInit    = 32
	msgGexReply   = 33
	msgGexRequest = 34
)

// packetState is a binary packet being read (RFC 4253, section 6):
//
//	uint32 packet_length │ byte padding_length │ payload │ padding
//
// The payload's first byte is the message number.
type packetState struct {
	head    [6]byte
	have    uint8 // bytes of head
	number  uint8 // 0 for a packet without payload
	payload int32 // payload bytes to come, the message number apart
	left    int32 // bytes of the packet to come, padding included
}

// readPacket takes bytes of one packet, at most to its end.
func (s *Session) readPacket(dir int, b []byte) int {
	d := &s.sides[dir]
	p := &d.packet
	n := 0
	if p.have < 6 {
		n = copy(p.head[p.have:], b)
		if p.have += uint8(n); p.have < 6 {
			return n
		}
		// 5 is the smallest length, so that all six bytes are the packet's own.
		c := cursor.New(p.head[:])
		length, padding := c.U32(), c.U8()
		if length < minPacket || length > maxPacket || uint32(padding) >= length {
			d.state = stopped
			return n
		}
		p.payload, p.left, p.number = int32(length)-1-int32(padding), int32(length)-2, 0
		if p.payload > 0 {
			p.payload--
			p.number = c.U8()
		}
		s.begin(dir)
	}
	part := b[n:min(len(b), n+int(p.left))]
	body := part[:min(len(part), int(p.payload))]
	p.payload -= int32(len(body))
	p.left -= int32(len(part))
	d.take(body)
	if p.left == 0 {
		d.end()
		*p = packetState{}
	}
	return n + len(part)
}

// begin notes who asks for the exchange, or answers, which tells the roles.
func (s *Session) begin(dir int) {
	d := &s.sides[dir]
	switch d.packet.number {
	case msgKexRequest, msgGexInit, msgGexRequest:
		d.sent34 = d.sent34 || d.packet.number == msgGexRequest
		if s.kexFrom == 0 {
			s.kexFrom = int8(dir) + 1
		}
	case msgKexInit:
		d.init.seen++
	case msgKexReply, msgGexReply:
		d.partial = d.partial[:0]
		if s.kexFrom == 0 {
			s.kexFrom = int8(1-dir) + 1
		}
	}
}

// take keeps the part of a message's body that facts are read from.
func (d *side) take(body []byte) {
	switch p := &d.packet; p.number {
	case msgKexInit:
		if d.init.seen == 1 {
			d.init.take(body)
		}
	case msgKexReply, msgGexReply:
		k := &d.reply[(p.number-msgKexReply)/2]
		if k.ok || len(body) == 0 {
			return
		}
		if len(d.partial) > 0 || p.payload > 0 {
			d.partial = append(d.partial, body...)
			body = d.partial
		}
		if p.payload > 0 {
			return
		}
		c := cursor.New(body)
		if blob := c.Bytes(int(c.U32())); len(blob) > 0 {
			k.ok, k.sum = true, sha256.Sum256(blob)
		}
	}
}

// end counts a complete message.
func (d *side) end() {
	n := d.packet.number
	if n >= msgKexFirst && n <= msgKexLast {
		d.kex++
	}
	if n == msgNewKeys {
		d.state = atCipher
	}
}

// A hostKey is the SHA-256 of a reply's first field.
type hostKey struct {
	ok  bool
	sum [sha256.Size]byte
}
