package ssh

import "pinyon/proto"

// A Session holds the facts of one TCP flow. The zero value is ready; Reset makes it new
// and keeps its memory, which stays below 64 KiB a direction. Directions are 0, the flow's
// initiator, and 1. Methods that name a column give its value at any time, for what was
// read so far.
type Session struct {
	// Limit is how many bytes of a direction are read; 0 is 64 KiB. Reset keeps it.
	Limit int
	// BareACKs counts segments without payload whose flags are exactly ACK, by direction.
	BareACKs [2]int64

	sides   [2]side
	syn     int8 // direction of the SYN plus one; 0 unknown
	kexFrom int8 // direction that asked for the key exchange plus one; 0 unknown
	auth    auth
	sizes   [2]histogram
}

type state uint8

const (
	atLine state = iota // before the end of the identification line
	atPacket
	atCipher // behind NEWKEYS
	stopped
)

// A side is what one direction told.
type side struct {
	state    state
	speaks1  bool // protocol 1.x and not 1.99
	preLines int32
	preBytes int32
	read     int64 // bytes of the stream taken

	line    [maxLine]byte // identification line, its end removed once it is complete
	lineLen int32         // of the line being read; beyond maxLine only counted
	banner  []byte        // of line; nil before
	version span          // of banner
	words   span

	packet packetState
	init   kexInit
	kex    int64 // messages 20-49
	keysAt int64 // stream offset behind NEWKEYS; valid in atCipher
	sealed int64 // segments behind it

	reply   [2]hostKey // of message 31 and of message 33
	sent34  bool
	partial []byte // body of a key exchange reply that is not complete
}

type span struct{ from, to uint8 }

// Reset forgets the flow.
func (s *Session) Reset() {
	for i := range s.sides {
		d := &s.sides[i]
		*d = side{init: kexInit{body: d.init.body[:0]}, partial: d.partial[:0]}
		s.sizes[i].reset()
	}
	s.BareACKs, s.syn, s.kexFrom, s.auth = [2]int64{}, 0, 0, auth{}
}

// SYN tells which direction sent the SYN, or received the SYN-ACK. It is to be called before
// Feed, if at all.
func (s *Session) SYN(dir int) { s.syn = int8(dir) + 1 }

// Client is the client's direction: the sender of the SYN; without one, of the first key
// exchange request (message 30, 32 or 34) or who was sent the answer (31 or 33); else the
// initiator.
func (s *Session) Client() int {
	if s.syn != 0 {
		return int(s.syn) - 1
	}
	if s.kexFrom != 0 {
		return int(s.kexFrom) - 1
	}
	return 0
}

// Feed takes the next bytes of a direction's stream. It neither keeps nor changes b.
func (s *Session) Feed(dir int, b []byte) proto.Verdict {
	d := &s.sides[dir]
	limit := int64(s.Limit)
	if limit <= 0 {
		limit = maxStream
	}
	b = b[:min(int64(len(b)), limit-d.read)]
	for len(b) > 0 && d.state < atCipher {
		var n int
		if d.state == atLine {
			n = d.readLine(b, s.syn == 0 || int(s.syn) != dir+1)
		} else {
			n = s.readPacket(dir, b)
		}
		d.read += int64(n)
		b = b[n:]
		if d.state == atCipher && d.keysAt == 0 {
			d.keysAt = d.read
		}
	}
	d.read += int64(len(b))
	return d.verdict()
}

func (d *side) verdict() proto.Verdict {
	switch {
	case d.banner != nil:
		return proto.Mine
	case d.state == stopped:
		return proto.NotMine
	}
	return proto.NeedMore
}

// client and server are the sides whose identification counts: only a server may send
// lines before its own. The result is nil without one.
func (s *Session) client() *side {
	if d := &s.sides[s.Client()]; d.banner != nil && d.preLines == 0 {
		return d
	}
	return nil
}

func (s *Session) server() *side {
	if d := &s.sides[1-s.Client()]; d.banner != nil {
		return d
	}
	return nil
}

// speaks2 reports whether d's packets are those of SSH-2: its own protocol is not 1.x, and
// it does not fall back to 1.x for the other side.
func (d *side) speaks2(other *side) bool {
	return d != nil && !d.speaks1 && (other == nil || !other.speaks1 || string(d.protocol()) != "1.99")
}
