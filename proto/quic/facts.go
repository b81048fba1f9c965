package quic

import "encoding/hex"

// Confirmed reports whether the flow is QUIC: an Initial packet opened, or Version
// Negotiation answered one of its packets, or two long headers of a version that is read
// fit, or it is Google QUIC.
func (c *Conn) Confirmed() bool { return c.proof != 0 }

// Opened reports whether an Initial packet of the client opened.
func (c *Conn) Opened() bool { return c.opened }

// Client is the direction of the client, or -1 if nothing tells: no Initial packet opened,
// and no packet was answered by Version Negotiation.
func (c *Conn) Client() int {
	if c.opened {
		return int(c.client)
	}
	return int(c.asked) - 1
}

// of is what set the version: the client's first Initial that opened, of the last attempt
// that followed a Version Negotiation; else the first packet with a version.
func (c *Conn) of() *attempt {
	if c.opened {
		return &c.open
	}
	return &c.first
}

// Version is the flow's version: of the client's first Initial that opened, else of the
// first packet with one. 0 if there is none.
func (c *Conn) Version() uint32 { return c.of().version }

// DCIDLen and SCIDLen are the lengths in bytes of the destination and the source connection
// id of the packet that set Version.
func (c *Conn) DCIDLen() int { return int(c.of().dcidLen) }

// SCIDLen is the other one; see DCIDLen.
func (c *Conn) SCIDLen() int { return int(c.of().scidLen) }

// PacketNumberLen is the bytes of the packet number of the client's first Initial that
// opened; 0 if none did.
func (c *Conn) PacketNumberLen() int { return int(c.open.number) }

// AppendDCID appends the client's first DCID in hex; nothing if the client is not known, or
// its id longer than any version that is read allows.
func (c *Conn) AppendDCID(dst []byte) []byte {
	a := c.of()
	if !c.opened && int(c.firstIn) != c.Client() || a.dcidLen > maxID {
		return dst
	}
	return hex.AppendEncode(dst, a.dcid[:a.dcidLen])
}

// Initials counts the Initial packets of both sides, each of those that share a datagram.
func (c *Conn) Initials() int { return int(c.side[0].initial) + int(c.side[1].initial) }

// ZeroRTTs counts 0-RTT packets as Initials does.
func (c *Conn) ZeroRTTs() int { return int(c.side[0].zeroRTT) + int(c.side[1].zeroRTT) }

// Handshakes counts Handshake packets as Initials does.
func (c *Conn) Handshakes() int { return int(c.side[0].handshake) + int(c.side[1].handshake) }

// Shorts counts the short-header packets of both sides from the moment that the flow is
// known to be QUIC.
func (c *Conn) Shorts() int { return int(c.side[0].short) + int(c.side[1].short) }

// Retry reports whether the server sent a Retry packet, and the length in bytes of the
// token in the first one. Where the client is not known, either side's counts: only servers
// send it.
func (c *Conn) Retry() (token int, ok bool) {
	client := c.Client()
	for dir := range c.side {
		if d := &c.side[dir]; dir != client && d.retry > 0 {
			return int(d.retryToken), true
		}
	}
	return 0, false
}

// Spin reports whether both values of the spin bit came from one side.
func (c *Conn) Spin() bool { return c.side[0].spinSeen == 3 || c.side[1].spinSeen == 3 }

// SpinChanges counts the changes of the spin bit from one short header of a direction to
// the next.
func (c *Conn) SpinChanges(dir int) int { return int(c.side[dir].spinChanges) }

// An Initial is the first Initial packet of one side, opened or not.
type Initial struct {
	Version uint32
	SCIDLen int   // bytes
	Token   int   // bytes
	Size    int   // UDP payload of its datagram in bytes
	RTT     int64 // time since the other side's last Initial before it; -1 if there was none
}

// First is the first Initial packet of a direction; false if it sent none.
func (c *Conn) First(dir int) (Initial, bool) {
	d := &c.side[dir]
	i := Initial{d.first.version, int(d.first.scidLen), int(d.first.token), int(d.first.size), -1}
	if d.first.answered {
		i.RTT = d.first.rtt
	}
	return i, d.initial > 0
}

// CloseCode is the error code of the first CONNECTION_CLOSE in an opened Initial packet.
func (c *Conn) CloseCode() (code uint64, ok bool) { return c.code, c.closed }

// Versions are the first 64 versions of the first Version Negotiation packet, borrowed
// until Reset.
func (c *Conn) Versions() []uint32 { return c.versions }

// AppendHistory appends a letter per packet, the client's in upper case: I Initial,
// H Handshake, Z 0-RTT, R Retry, V Version Negotiation, C connection closed, S hello
// completed, O short headers, a run once. It ends after 64. A client that is not known is
// taken for direction 0.
func (c *Conn) AppendHistory(dst []byte) []byte {
	client := uint8(max(c.Client(), 0))
	for _, e := range c.history[:c.nhistory] {
		if e>>7 == client {
			dst = append(dst, e&0x7f)
		} else {
			dst = append(dst, e&0x7f|0x20)
		}
	}
	return dst
}

// Attempt counts how often the CRYPTO bytes were begun anew: after Version Negotiation, or
// when another connection started before the hello was whole. What was read of an earlier
// attempt is no longer the flow's.
func (c *Conn) Attempt() int { return int(c.attempt) }

// Crypto is what one side sent in CRYPTO frames of opened Initial packets, from the first
// byte to the first hole, at most 64 KiB: handshake messages of TLS 1.3. Borrowed until the
// next Datagram, DropCrypto or Reset.
func (c *Conn) Crypto(dir int) []byte {
	if s := c.side[dir].crypto; s != nil {
		return s.buf
	}
	return nil
}

// CryptoAt tells which datagram first brought byte off of Crypto: its index and time.
func (c *Conn) CryptoAt(dir, off int) (index uint32, time int64, ok bool) {
	if s := c.side[dir].crypto; s != nil && off >= 0 {
		for i := range s.spans {
			if p := &s.spans[i]; int(p.off) <= off && off < int(p.end) {
				return p.index, p.time, true
			}
		}
	}
	return 0, 0, false
}

// CryptoFrames counts the CRYPTO frames that first brought the bytes from up to, not
// including, to, and the datagrams these came in, at most 64.
func (c *Conn) CryptoFrames(dir, from, to int) (frames, datagrams int) {
	if s := c.side[dir].crypto; s != nil {
		return s.frames(from, to)
	}
	return 0, 0
}

// DropCrypto gives the CRYPTO bytes of one side back to s; the attempt brings no more.
func (c *Conn) DropCrypto(s *Scratch, dir int) {
	d := &c.side[dir]
	s.give(d.crypto)
	d.crypto, d.done = nil, true
}
