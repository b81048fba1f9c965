package quic

const (
	// maxTries is how many datagrams of a flow are looked at before it has to be QUIC. A
	// handshake opens with the first or is recognised by the second long header.
	maxTries = 32
	// maxKeys is how many times a flow may have keys made, or the hash of a packet fail that
	// would be in clear. One handshake needs one or two.
	maxKeys = 64
	// keepKeys is the short-header packets of a side until the ciphers are given up: Initial
	// packets are over by then, or rare.
	keepKeys = 8
)

// A Datagram is the payload of one UDP packet.
type Datagram struct {
	Payload []byte // what was captured; borrowed for the call
	Size    int    // bytes on the wire, taken for no less than len(Payload)
	Dir     int    // 0 or 1: which of the two ends sent it
	Index   uint32 // number of the packet in its flow, for CryptoAt
	Time    int64  // nanoseconds, on any clock
}

// proof is what has shown that a flow is QUIC.
type proof uint8

const (
	proofOpened      proof = 1 << iota // an Initial packet opened
	proofNegotiation                   // Version Negotiation answered a packet of the flow
	proofTwo                           // two long headers of one version that is read
	proofGoogle                        // the version is one of Google QUIC
)

// A Conn is what is remembered of the QUIC in one UDP flow: usually one connection, at times
// several attempts. The zero value is ready; Reset makes it so again. Memory is bounded:
// half a kilobyte, four kilobytes of ciphers during the handshake, and the CRYPTO bytes.
// Not safe for use from several goroutines.
type Conn struct {
	proof  proof
	tries  uint8 // datagrams seen without proof
	made   uint8 // times keys were made, or a hash was wrong
	opened bool  // a client Initial opened: client is known, open valid
	ended  bool  // Version Negotiation came since
	client int8  // valid iff opened
	asked  int8  // the side whose packet Version Negotiation answered, + 1; 0: none
	closed bool  // code is valid

	publicSeen bool // packets with the header of Google QUIC before Q044

	open    attempt // of the client's first Initial that opened
	first   attempt // of the first packet with a version
	firstIn int8    // who sent that
	attempt uint32  // how often the hellos were begun anew

	key   *keys // opened last
	trial *keys // made last, not opened

	side [2]side
	code uint64 // of the first CONNECTION_CLOSE

	seen     [4]uint32 // versions of long headers that fit
	nseen    uint8
	ids      [4]idPair // of long headers
	nids     uint8
	nhistory uint8
	history  [64]uint8 // letters, top bit for direction 1

	versions []uint32 // of the first Version Negotiation
}

// An attempt is what a packet tells of the version and the connection ids.
type attempt struct {
	version uint32
	dcid    [maxID]byte // the first of dcidLen bytes
	dcidLen uint8
	scidLen uint8
	number  uint8 // bytes of the packet number; opened packets only
}

// An idPair is a hash of the two connection ids of a long-header packet, of up to 255 bytes
// each, with who sent it. Equal hashes of unequal ids would take a forged Version
// Negotiation for a true one, which its sender can have at less effort.
type idPair struct {
	dcid, scid uint64
	dir        int
}

// A side is what one end sent.
type side struct {
	initial, zeroRTT, handshake, retry, short uint32

	spinChanges uint32
	spinLast    uint8 // 0 or 1, valid iff spinSeen
	spinSeen    uint8 // 1 << value
	first       firstInitial
	lastInitial int64 // time; valid iff initial > 0
	retryToken  uint32
	crypto      *stream
	base        uint64 // offset of the first byte of crypto; not 0 only in Google QUIC
	whole       bool   // the first message of crypto is all there
	done        bool   // no more crypto is wanted
}

// firstInitial is a side's first Initial packet, opened or not; valid iff initial > 0.
type firstInitial struct {
	version  uint32
	scidLen  uint8
	answered bool // rtt is valid
	token    uint32
	size     uint32 // of its datagram
	rtt      int64  // time since the other side's last Initial
}

// Reset forgets the flow and gives what it holds back to s.
func (c *Conn) Reset(s *Scratch) {
	s.give(c.side[0].crypto)
	s.give(c.side[1].crypto)
	*c = Conn{versions: c.versions[:0]}
}

// Datagram takes the flow's next datagram. It returns false when the flow is not QUIC: the
// Conn may be reset and used for another, and Looks be asked no more.
func (c *Conn) Datagram(s *Scratch, d *Datagram) bool {
	if c.proof == 0 {
		if c.tries == maxTries {
			return false
		}
		c.tries++
	}
	c.walk(s, d)
	return c.proof != 0 || c.tries < maxTries
}

// walk goes through the packets of a datagram.
func (c *Conn) walk(s *Scratch, d *Datagram) {
	b, wire := d.Payload, max(d.Size, len(d.Payload))
	if c.proof == 0 || c.publicSeen {
		if h, ok := parsePublic(b); ok {
			c.public(s, &h, d)
			return
		}
		if c.publicSeen && len(b) > 0 && b[0]&0x80 == 0 {
			return // the header has nothing more to tell
		}
	}
	for len(b) > 0 {
		if b[0]&0x80 == 0 {
			if c.proof&^proofGoogle != 0 && !zeros(b) {
				c.short(b[0], d.Dir)
			}
			return
		}
		h, ok := parseLong(b, wire)
		if !ok {
			return
		}
		c.long(s, &h, b, d)
		if h.size == 0 || h.size >= len(b) {
			return
		}
		b, wire = b[h.size:], wire-h.size
	}
}

// zeros reports whether b is padding behind the last packet. A packet may start with a zero
// byte as well, if its sender greases the fixed bit (RFC 9287), but goes on otherwise.
func zeros(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// short takes a short-header packet (RFC 9000 section 17.3). The spin bit is not protected.
func (c *Conn) short(first uint8, dir int) {
	d := &c.side[dir]
	spin := first >> 5 & 1
	if d.spinSeen != 0 && spin != d.spinLast {
		d.spinChanges++
	}
	d.spinLast = spin
	d.spinSeen |= 1 << spin
	if d.short++; d.short == keepKeys {
		c.key.drop()
		c.trial.drop()
	}
	c.event('O', dir)
}

// long takes the long-header packet at the start of b.
func (c *Conn) long(s *Scratch, h *header, b []byte, d *Datagram) {
	if h.kind == kindNegotiation {
		c.negotiation(h, d.Dir)
		return
	}
	c.remember(h, d.Dir)
	if googleNumber(h.version) > 0 {
		c.proof |= proofGoogle
	}
	side := &c.side[d.Dir]
	switch h.kind {
	case kindOther:
		return
	case kindRetry:
		if side.retry == 0 {
			side.retryToken = uint32(h.token)
		}
		side.retry++
		c.event('R', d.Dir)
		return
	}
	c.fits(h.version)
	switch h.kind {
	case kindInitial:
		c.initial(s, h, b, d)
	case kindZeroRTT:
		side.zeroRTT++
		c.event('Z', d.Dir)
	case kindHandshake:
		side.handshake++
		c.event('H', d.Dir)
	}
}

// initial takes an Initial packet: counts it, and opens it if all of it was captured.
func (c *Conn) initial(s *Scratch, h *header, b []byte, d *Datagram) {
	side, other := &c.side[d.Dir], &c.side[1-d.Dir]
	if side.initial == 0 {
		side.first = firstInitial{
			version: h.version,
			scidLen: uint8(len(h.scid)),
			token:   uint32(h.token),
			size:    uint32(max(d.Size, len(d.Payload))),
		}
		if other.initial > 0 {
			side.first.answered, side.first.rtt = true, d.Time-other.lastInitial
		}
	}
	side.initial++
	side.lastInitial = d.Time
	c.event('I', d.Dir)
	if h.clear > 0 {
		c.unhidden(s, h, b, d)
		return
	}
	if h.size > len(b) {
		return
	}
	if frames, number, ok := c.unprotect(s, h, b[:h.size], d.Dir); ok {
		c.frames(s, h, frames, number, d)
	}
}

// frames takes the frames of a packet, whose number had a length in bytes.
func (c *Conn) frames(s *Scratch, h *header, frames []byte, number int, d *Datagram) {
	r := newFrameReader(h.version, frames, number)
	for {
		switch r.next() {
		case frameCrypto:
			c.crypto(s, &r, d)
		case frameClose:
			if !c.closed {
				c.closed, c.code = true, r.code
			}
			c.event('C', d.Dir)
		default:
			return
		}
	}
}

// crypto takes a CRYPTO frame.
func (c *Conn) crypto(s *Scratch, r *frameReader, d *Datagram) {
	side := &c.side[d.Dir]
	if side.done || len(r.data) == 0 {
		return
	}
	if side.crypto == nil {
		side.crypto = s.stream()
		if isTagged(r.data) {
			side.base = r.offset // the messages before were not captured
		}
	}
	if r.offset < side.base {
		return
	}
	side.crypto.add(r.offset-side.base, r.data, d.Index, d.Time)
	if !side.whole && side.crypto.hello() > 0 {
		side.whole = true
		c.event('S', d.Dir)
	}
}

// event adds a letter to the history; a run of short headers is one.
func (c *Conn) event(letter uint8, dir int) {
	letter |= uint8(dir) << 7
	n := int(c.nhistory)
	if n == len(c.history) || letter&0x7f == 'O' && n > 0 && c.history[n-1] == letter {
		return
	}
	c.history[n] = letter
	c.nhistory++
}
