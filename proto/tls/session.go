package tls

import (
	"slices"

	"pinyon/proto"
)

// A Session follows both directions of one TLS or DTLS conversation and keeps what they
// said in clear: the hellos, the key exchange, certificate lengths, alerts, the first
// records, a history. Who is client is seen from the hellos, not from the direction.
//
// The directions are 0 and 1. Bytes are borrowed for the duration of a call; of what was
// sent only the two hellos are copied, and the server's certificates if asked for. The
// zero Session is not ready: call Reset first.
type Session struct {
	// KeepCertificates asks for the server's Certificate message to be kept. Reset leaves
	// it as it is.
	KeepCertificates bool

	dtls   *[2]Datagrams // made when DTLS is met
	sides  [2]side
	client int8 // direction of the client, -1 while unknown

	clientHello []byte // message of record; empty if none
	serverHello []byte
	chain       []byte // the server's Certificate message, if kept
	v2          bool   // clientHello is in the format of SSL 2.0
	retried     bool   // a HelloRetryRequest was seen
	realServer  bool   // serverHello is no retry request
	verify      bool   // a HelloVerifyRequest came after the last ClientHello
	over        byte   // OverTCP, OverDTLS, 0 while not started
	hasChain    bool
	hasKex      bool
	stapled     bool
	asked       bool
	suite       uint16 // of serverHello
	version     uint16 // selected by serverHello, 0 without
	kex         KeyExchange
	clientMsg   Message // marks of clientHello; no bytes
	helloEnds   [2]Mark // last bytes of the first ClientHello and the newest one
	nhellos     int
	serverFirst Mark // first byte of serverHello
	chainAt     Mark
	certs       certCounts
	clientCerts int
	ticketLife  uint32
	ticketSeen  bool
	packets     int // that hold the first byte of a handshake record
	records     [maxRecords]recordFact
	nrecords    int
	history     [maxHistory]uint8
	nhistory    int
	lastHistory uint8
}

type certCounts struct{ n, total, first int }

// side is what is known of one direction.
type side struct {
	state   sideState
	tried   uint8 // segments in which the start was sought
	early   bool  // ChangeCipherSpec came before Certificate, ServerKeyExchange, ServerHelloDone
	full    bool  // one of those three or ClientKeyExchange was seen: the handshake is a full one
	ccs     bool
	ccsThen bool // a handshake record followed ChangeCipherSpec
	data    bool // an application data record was seen
	fatal   bool
	alert   int16 // description of the last alert in clear, -1 without
	start   int64 // stream offset of the start of TLS
	off     int64 // bytes before what is pending, while seeking
	pending []byte
	pieces  []piece // segments that make up pending
	counted [4]int  // packets last counted for handshake records, as Index+1
	stream  Stream
}

type sideState uint8

const (
	sideSeeking sideState = iota
	sideOn
	sideOff
)

// Reset makes s ready for a conversation. Buffers are kept for it.
func (s *Session) Reset() {
	n := Session{KeepCertificates: s.KeepCertificates, dtls: s.dtls, client: -1}
	n.clientHello, n.serverHello, n.chain = recycled(s.clientHello), recycled(s.serverHello), recycled(s.chain)
	for i := range s.sides {
		old := &s.sides[i]
		old.stream.Reset()
		n.sides[i] = side{alert: -1, stream: old.stream, pending: recycled(old.pending), pieces: old.pieces[:0]}
	}
	if s.dtls != nil {
		s.dtls[0].Reset()
		s.dtls[1].Reset()
	}
	*s = n
}

func recycled(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b[:0]
}

// Feed gives s the next bytes of a direction's TCP stream, without holes: one call for
// what each segment adds, at being that segment.
func (s *Session) Feed(dir int, b []byte, at Mark) {
	if len(b) == 0 || s.over == OverDTLS {
		return
	}
	switch d := &s.sides[dir]; d.state {
	case sideSeeking:
		s.seek(dir, b, at)
	case sideOn:
		s.read(dir, b, at)
	}
}

// FeedDatagram gives s the next UDP payload of a direction.
func (s *Session) FeedDatagram(dir int, b []byte, at Mark) {
	d := &s.sides[dir]
	if d.state == sideOff || s.over == OverTCP {
		return
	}
	if s.over == 0 {
		if StartDTLS(b) != proto.Mine {
			if d.tried++; d.tried == maxTries {
				d.state = sideOff
			}
			return
		}
		s.over = OverDTLS
		s.sides[0].state, s.sides[1].state = sideOn, sideOn
		if s.dtls == nil {
			s.dtls = new([2]Datagrams)
		}
	}
	var ev Event
	g := &s.dtls[dir]
	g.Feed(b, at)
	for g.Next(&ev) {
		s.event(dir, &ev)
	}
}

func (s *Session) read(dir int, b []byte, at Mark) {
	var ev Event
	d := &s.sides[dir]
	d.stream.Feed(b, at)
	for d.stream.Next(&ev) {
		s.event(dir, &ev)
	}
	if d.stream.Broken() {
		d.state = sideOff
	}
}

// Finish takes in what was under way when the conversation ended: a hello or certificate
// list that was cut. Feed may follow, but counts stay those of the cut message.
func (s *Session) Finish() {
	for dir := range s.sides {
		m, ok := s.sides[dir].stream.Partial()
		if !ok && s.over == OverDTLS {
			m, ok = s.dtls[dir].Partial()
		}
		if ok {
			s.cut(dir, &m)
		}
	}
}

// Release gives up the memory that holds a message in pieces. Useful when a conversation
// goes on for long; the session can go on too.
func (s *Session) Release() {
	for i := range s.sides {
		if st := &s.sides[i].stream; len(st.buf) == 0 {
			st.buf = nil
		}
	}
}

// Ended reports whether nothing more is to be learnt from a direction: the start was not
// found, or the stream ceased to be TLS. Feeding it is harmless.
func (s *Session) Ended(dir int) bool { return s.sides[dir].state == sideOff }

func (s *Session) event(dir int, ev *Event) {
	switch ev.Kind {
	case KindRecord:
		s.record(dir, &ev.Record)
	case KindMessage:
		s.message(dir, &ev.Message)
	case KindAlert:
		d := &s.sides[dir]
		d.alert = int16(ev.Description)
		d.fatal = d.fatal || ev.Level == 2
	}
}

func (s *Session) record(dir int, r *Record) {
	d := &s.sides[dir]
	s.list(dir, r)
	switch r.Type {
	case RecordChangeCipherSpec:
		if !d.ccs {
			d.ccs, d.early = true, !d.full
		}
		s.note(dir, 'i')
	case RecordAlert:
		s.note(dir, 'l')
	case RecordHandshake:
		d.ccsThen = d.ccsThen || d.ccs
		s.countPacket(d, r.First.Index+1)
	case RecordApplicationData:
		d.data = true
		s.note(dir, 'd')
	}
}

// countPacket counts packets once each. In stream order a packet's bytes lie together, but
// for what others sent before within it: hence more than one is remembered.
func (s *Session) countPacket(d *side, id int) {
	if slices.Contains(d.counted[:], id) {
		return
	}
	copy(d.counted[1:], d.counted[:])
	d.counted[0] = id
	s.packets++
}
