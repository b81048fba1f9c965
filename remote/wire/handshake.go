package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Hello opens the handshake.
type Hello struct {
	Nonce   [32]byte
	Name    string // of the token, which is not secret
	Version string // of the program, for logs
}

// Challenge is the server's answer. Its proof shows the client that the server knows the token
// before the client says anything that depends on it.
type Challenge struct {
	Nonce [32]byte
	Proof [32]byte
}

// Proof shows the server that the client knows the token, and says what it wants.
type Proof struct {
	Proof [32]byte
	// Want is the subscription as bytes, which the proof covers.
	Want []byte
}

// A Subscription is what a client wants to get.
type Subscription struct {
	Zstd       bool     // the client can unpack Zstandard
	Snaplen    uint64   // bytes of a packet at most; 0 is all that the server has
	Filter     string   // pcap-filter(7); it narrows what the token allows
	Interfaces []string // names of devices of the server; none is all
	// Session and Next go on with a session of before: Next is the first sequence number that
	// did not arrive. A Session of zeros begins a new one.
	Session [16]byte
	Next    uint64
}

// Welcome says what the client gets.
type Welcome struct {
	Instance   [16]byte // of the server's run: another one after a restart
	Session    [16]byte // for going on after the link was cut
	Resumed    bool     // the session of the subscription goes on
	Payload    bool     // frames are whole; otherwise they end behind their transport header
	Zstd       bool     // batches may be packed
	Next       uint64   // the first sequence number that the server knows to come
	Base       int64    // ns since 1970, to which the first record of every batch is relative
	Now        int64    // the server's clock, ns since 1970
	Snaplen    uint64   // bytes of a packet at most
	Rate       uint64   // bytes a second that the server sends at most; 0 is no limit
	Filter     string   // in force: what the token and the client ask for together
	Version    string   // of the server's program
	Interfaces []Interface
}

// An Interface is a device of the server.
type Interface struct {
	Name    string
	Link    uint16 // LINKTYPE_
	Snaplen uint32
}

func (*Hello) Type() Type     { return TypeHello }
func (*Challenge) Type() Type { return TypeChallenge }
func (*Proof) Type() Type     { return TypeProof }
func (*Welcome) Type() Type   { return TypeWelcome }

func (h *Hello) appendBody(dst []byte) []byte {
	dst = append(dst, h.Nonce[:]...)
	dst = appendText(dst, h.Name, maxName)
	return appendText(dst, h.Version, maxName)
}

func (h *Hello) parse(r *reader) {
	copy(h.Nonce[:], r.bytes(32))
	h.Name, h.Version = r.text(maxName), r.text(maxName)
}

func (c *Challenge) appendBody(dst []byte) []byte {
	return append(append(dst, c.Nonce[:]...), c.Proof[:]...)
}

func (c *Challenge) parse(r *reader) {
	copy(c.Nonce[:], r.bytes(32))
	copy(c.Proof[:], r.bytes(32))
}

func (p *Proof) appendBody(dst []byte) []byte {
	return append(append(dst, p.Proof[:]...), p.Want...)
}

func (p *Proof) parse(r *reader) {
	copy(p.Proof[:], r.bytes(32))
	p.Want = r.bytes(len(r.b))
}

// Append appends the subscription as a Proof carries it.
func (s *Subscription) Append(dst []byte) []byte {
	dst = append(dst, bit(s.Zstd, 0))
	dst = binary.AppendUvarint(dst, s.Snaplen)
	dst = appendText(dst, s.Filter, MaxFilter)
	names := s.Interfaces[:min(len(s.Interfaces), MaxInterfaces)]
	dst = append(dst, byte(len(names)))
	for _, name := range names {
		dst = appendText(dst, name, maxName)
	}
	dst = append(dst, s.Session[:]...)
	return binary.AppendUvarint(dst, s.Next)
}

// ParseSubscription reads what a Proof wants.
func ParseSubscription(want []byte) (s Subscription, err error) {
	r := reader{b: want}
	flags := r.byte()
	s.Zstd = flags&1 != 0
	s.Snaplen = r.below(MaxCapLen)
	s.Filter = r.text(MaxFilter)
	for range r.list(MaxInterfaces) {
		s.Interfaces = append(s.Interfaces, r.text(maxName))
	}
	copy(s.Session[:], r.bytes(16))
	s.Next = r.uint()
	if r.bad || len(r.b) > 0 || flags > 1 {
		return Subscription{}, malformed(TypeProof, "the subscription")
	}
	return s, nil
}

// list reads the length of a list.
func (r *reader) list(limit byte) int {
	n := r.byte()
	if n > limit {
		r.fail()
		return 0
	}
	return int(n)
}

func bit(on bool, n uint) byte {
	if on {
		return 1 << n
	}
	return 0
}

func (w *Welcome) appendBody(dst []byte) []byte {
	dst = append(append(dst, w.Instance[:]...), w.Session[:]...)
	dst = append(dst, bit(w.Resumed, 0)|bit(w.Payload, 1)|bit(w.Zstd, 2))
	dst = binary.AppendUvarint(dst, w.Next)
	dst = appendTime(appendTime(dst, w.Base), w.Now)
	dst = binary.AppendUvarint(dst, w.Snaplen)
	dst = binary.AppendUvarint(dst, w.Rate)
	dst = appendText(dst, w.Filter, 2*MaxFilter)
	dst = appendText(dst, w.Version, maxName)
	list := w.Interfaces[:min(len(w.Interfaces), MaxInterfaces)]
	dst = append(dst, byte(len(list)))
	for _, i := range list {
		dst = appendText(dst, i.Name, maxName)
		dst = binary.AppendUvarint(dst, uint64(i.Link))
		dst = binary.AppendUvarint(dst, uint64(i.Snaplen))
	}
	return dst
}

func (w *Welcome) parse(r *reader) {
	copy(w.Instance[:], r.bytes(16))
	copy(w.Session[:], r.bytes(16))
	flags := r.byte()
	if flags > 7 {
		r.fail()
	}
	w.Resumed, w.Payload, w.Zstd = flags&1 != 0, flags&2 != 0, flags&4 != 0
	w.Next = r.uint()
	w.Base, w.Now = r.time(), r.time()
	w.Snaplen, w.Rate = r.below(MaxCapLen), r.uint()
	w.Filter, w.Version = r.text(2*MaxFilter), r.text(maxName)
	for range r.list(MaxInterfaces) {
		w.Interfaces = append(w.Interfaces, Interface{r.text(maxName), uint16(r.below(1<<16 - 1)), uint32(r.below(MaxCapLen))})
	}
}

// A Binding ties a handshake to its channel: 32 bytes of keying material that both ends of a TLS
// connection export (RFC 8446, section 7.5) under BindingLabel without a context. Without TLS it
// is zero.
type Binding [32]byte

// BindingLabel is the label of the exporter.
const BindingLabel = "EXPORTER-pinyon-remote-2"

// ServerProof is what a server puts into its Challenge: HMAC-SHA256 under the token.
func ServerProof(token []byte, b *Binding, h *Hello, nonce *[32]byte) [32]byte {
	return prove(token, "pinyon remote 2 server", b, h, nonce, nil)
}

// ClientProof is what a client puts into its Proof; want is the subscription.
func ClientProof(token []byte, b *Binding, h *Hello, nonce *[32]byte, want []byte) [32]byte {
	return prove(token, "pinyon remote 2 client", b, h, nonce, want)
}

func prove(token []byte, label string, b *Binding, h *Hello, nonce *[32]byte, want []byte) (proof [32]byte) {
	m := hmac.New(sha256.New, token)
	m.Write(append([]byte(label), 0))
	m.Write(b[:])
	m.Write(h.Nonce[:])
	m.Write(nonce[:])
	m.Write(appendText(nil, h.Name, maxName))
	m.Write(want)
	m.Sum(proof[:0])
	return proof
}
