package tls

import (
	"iter"

	"pinyon/internal/cursor"
)

// Extension types this package reads (IANA "TLS ExtensionType Values").
const (
	ExtServerName          uint16 = 0
	ExtSupportedGroups     uint16 = 10
	ExtECPointFormats      uint16 = 11
	ExtSignatureAlgorithms uint16 = 13
	ExtALPN                uint16 = 16
	ExtPadding             uint16 = 21
	ExtExtendedMaster      uint16 = 23
	ExtSessionTicket       uint16 = 35
	ExtKeyShareDraft       uint16 = 40 // key_share of TLS 1.3 drafts before 23
	ExtPreSharedKey        uint16 = 41
	ExtEarlyData           uint16 = 42
	ExtSupportedVersions   uint16 = 43
	ExtPSKModes            uint16 = 45
	ExtKeyShare            uint16 = 51
	ExtConnectionID        uint16 = 54
	ExtECH                 uint16 = 0xfe0d
	ExtESNI                uint16 = 0xffce // encrypted_server_name of drafts before ECH
	ExtDraftVersion        uint16 = 0xff02 // draft of TLS 1.3 before the 16th, by NSS
)

// Extensions is an extension block without its length:
//
//	type (2) | length (2) | body | type ...
//
// Borrowed.
type Extensions []byte

// All yields type and body in wire order. The body of the last one may be cut; bytes that
// make no header end the walk.
func (e Extensions) All() iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		c := cursor.New(e)
		for c.Len() > 0 {
			typ, n := c.U16(), c.U16()
			if c.Failed() || !yield(typ, c.Part(int(n))) {
				return
			}
		}
	}
}

// Get is the body of the first extension of a type.
func (e Extensions) Get(typ uint16) (body []byte, ok bool) {
	for t, b := range e.All() {
		if t == typ {
			return b, true
		}
	}
	return nil, false
}

// Count is the number of extensions less GREASE.
func (e Extensions) Count() int {
	n := 0
	for t := range e.All() {
		if !IsGREASE(t) {
			n++
		}
	}
	return n
}

// Append appends the types in wire order, GREASE included.
func (e Extensions) Append(dst []uint16) []uint16 {
	for t := range e.All() {
		dst = append(dst, t)
	}
	return dst
}

// AppendHex appends the types less GREASE as hex4 numbers joined by commas, wire order.
func (e Extensions) AppendHex(dst []byte) []byte {
	first := true
	for t := range e.All() {
		if IsGREASE(t) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendHex4(dst, t)
	}
	return dst
}

// whole reports whether the block is a sequence of whole extensions.
func (e Extensions) whole() bool {
	c := cursor.New(e)
	for c.Len() > 0 {
		c.Skip(2)
		c.Vector16()
	}
	return !c.Failed()
}

// list16 is the part of a list behind its two-byte length that is there.
func list16(body []byte) []byte {
	c := cursor.New(body)
	return c.Part(int(c.U16()))
}

// list8 is the part of a list behind its one-byte length that is there.
func list8(body []byte) []byte {
	c := cursor.New(body)
	return c.Part(int(c.U8()))
}

// serverName is the first host_name (RFC 6066 section 3) that is wholly there.
func serverName(body []byte) []byte {
	c := cursor.New(list16(body))
	for c.Len() > 0 {
		typ := c.U8()
		name := c.Bytes(int(c.U16()))
		if typ == 0 {
			return name
		}
	}
	return nil
}

// ECH is what the encrypted_client_hello extension of a ClientHello shows (RFC 9849).
// A GREASE one looks the same on purpose.
type ECH struct {
	Present    bool
	Type       int // 0 outer, 1 inner; -1 if absent
	KDF, AEAD  uint16
	ConfigID   int // -1 if absent
	EncLen     int // bytes, as declared
	PayloadLen int // bytes, as declared
}

func parseECH(body []byte) ECH {
	e := ECH{Present: true, Type: -1, ConfigID: -1}
	c := cursor.New(body)
	typ := c.U8()
	if c.Failed() {
		return e
	}
	e.Type = int(typ)
	if typ != 0 {
		return e
	}
	e.KDF, e.AEAD = c.U16(), c.U16()
	if id := c.U8(); !c.Failed() {
		e.ConfigID = int(id)
	}
	e.EncLen = int(c.U16())
	c.Skip(e.EncLen)
	e.PayloadLen = int(c.U16())
	return e
}
