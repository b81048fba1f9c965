package tls

// maxRecords is how many records a Session lists, maxHistory how many events it tells.
const (
	maxRecords = 32
	maxHistory = 64
)

// A recordFact is a record of the list, small.
type recordFact struct {
	time   int64
	index  int
	length uint16
	typ    uint8
	dir    uint8
}

// A RecordFact is one of the first records of a conversation.
type RecordFact struct {
	Type   uint8
	Length int   // bytes, negative from server to client
	Time   int64 // ns, of the packet with the header's first byte
}

// Records is the number of records listed: the first 32 of the conversation, in the order
// of the packets that their headers start in.
func (s *Session) Records() int { return s.nrecords }

// Record is entry i of the list, from 0.
func (s *Session) Record(i int) RecordFact {
	r := &s.records[i]
	f := RecordFact{Type: r.typ, Length: int(r.length), Time: r.time}
	if s.client >= 0 && r.dir != uint8(s.client) {
		f.Length = -f.Length
	}
	return f
}

// list puts a record in its place. A direction that waited for a lost segment comes late.
func (s *Session) list(dir int, r *Record) {
	i := s.nrecords
	for i > 0 && s.records[i-1].index > r.First.Index {
		i--
	}
	if i == maxRecords {
		return
	}
	copy(s.records[i+1:], s.records[i:])
	s.records[i] = recordFact{r.First.Time, r.First.Index, uint16(r.Length), r.Type, uint8(dir)}
	s.nrecords = min(s.nrecords+1, maxRecords)
}

// note adds an event to the history; a run of application data in one direction is one.
func (s *Session) note(dir int, letter uint8) {
	if dir == 1 {
		letter |= 0x80
	}
	if letter&0x7f == 'd' && s.lastHistory == letter {
		return
	}
	s.lastHistory = letter
	if s.nhistory < maxHistory {
		s.history[s.nhistory] = letter
		s.nhistory++
	}
}

// AppendHistory appends one letter for each event, at most 64, the client's in upper case:
// c ClientHello, s ServerHello, j HelloRetryRequest, x Certificate, k ServerKeyExchange,
// r CertificateRequest, n ServerHelloDone, y CertificateVerify, g ClientKeyExchange,
// f Finished, t NewSessionTicket, u CertificateStatus, i ChangeCipherSpec, d application
// data (a run once), l alert. Messages count in clear only.
func (s *Session) AppendHistory(dst []byte) []byte {
	for _, h := range s.history[:s.nhistory] {
		letter := h & 0x7f
		if h>>7 == uint8(s.client) {
			letter -= 'a' - 'A'
		}
		dst = append(dst, letter)
	}
	return dst
}

// letterOf is the history's letter for a handshake message type, 0 if it has none.
func letterOf(typ uint8) uint8 {
	switch typ {
	case typeClientHello:
		return 'c'
	case typeServerHello:
		return 's'
	case typeNewSessionTicket:
		return 't'
	case typeCertificate:
		return 'x'
	case typeServerKeyExchange:
		return 'k'
	case typeCertificateRequest:
		return 'r'
	case typeServerHelloDone:
		return 'n'
	case typeCertificateVerify:
		return 'y'
	case typeClientKeyExchange:
		return 'g'
	case typeFinished:
		return 'f'
	case typeCertificateStatus:
		return 'u'
	}
	return 0
}
