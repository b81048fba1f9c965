package tls

// MaxHandshake is how many handshake bytes of one direction are interpreted.
const MaxHandshake = 64 << 10

// Handshake message types (IANA "TLS HandshakeType").
const (
	typeClientHello        uint8 = 1
	typeServerHello        uint8 = 2
	typeHelloVerifyRequest uint8 = 3
	typeNewSessionTicket   uint8 = 4
	typeHelloRetryRequest  uint8 = 6 // of TLS 1.3 drafts before 22
	typeCertificate        uint8 = 11
	typeServerKeyExchange  uint8 = 12
	typeCertificateRequest uint8 = 13
	typeServerHelloDone    uint8 = 14
	typeCertificateVerify  uint8 = 15
	typeClientKeyExchange  uint8 = 16
	typeFinished           uint8 = 20
	typeCertificateStatus  uint8 = 22
)

// A Mark says where bytes came from. It means nothing to this package and is handed back
// with what was found in them.
type Mark struct {
	Index int   // packets of the conversation before the one that carried the bytes
	Time  int64 // its time, ns
}

// Kind says which part of an Event may be read.
type Kind uint8

// The kinds of events.
const (
	KindRecord  Kind = iota + 1 // Record: a record header is complete
	KindMessage                 // Message: a handshake message in clear is complete
	KindAlert                   // Level, Description: an alert in clear is complete
)

// A Record is the header of a TLS or DTLS record.
type Record struct {
	Type    uint8
	Version uint16
	Length  int   // bytes of the body
	Offset  int64 // stream offset of the header's first byte; 0 in DTLS
	First   Mark  // of the header's first byte
}

// A Message is a handshake message in clear.
type Message struct {
	Type    uint8
	V2      bool   // an SSLv2-format ClientHello: Bytes start with its two-byte record header
	Bytes   []byte // with the four-byte header of TLS; borrowed until the next call of Next
	First   Mark   // of the header's first byte
	Last    Mark   // of the byte that completed it
	Packets int    // packets that carried bytes of it
}

// An Event is what a Stream or Datagrams found. It is reused: only the part that Kind names
// may be read.
type Event struct {
	Kind               Kind
	Record             Record
	Message            Message
	Level, Description uint8
	At                 Mark // of the byte that completed what was found
}
