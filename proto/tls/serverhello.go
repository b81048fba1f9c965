package tls

import (
	"encoding/binary"
	"strings"

	"pinyon/internal/cursor"
)

// retryRandom is the random that makes a ServerHello a HelloRetryRequest (RFC 8446 section
// 4.1.3): SHA-256 of "HelloRetryRequest".
const retryRandom = "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91" +
	"\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C"

// A ServerHello is a parsed ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3).
// Every slice borrows the message.
type ServerHello struct {
	Version     uint16 // legacy_version
	Random      []byte // 32 bytes
	SessionID   []byte // at most 32 bytes
	CipherSuite uint16
	Compression uint8

	HasExtensions bool
	Extensions    Extensions // in wire order

	Length    int  // declared length of the message in bytes, header not counted
	Complete  bool // the whole message was there
	Malformed bool // lengths inside contradict each other
	Retry     bool // a HelloRetryRequest

	SupportedVersion uint16 // extension 43, 0 if absent
	ALPN             []byte // protocol chosen, nil if absent
	HasKeyShare      bool
	Group            uint16 // of the key share, or the group a retry request selects
	Public           []byte // the server's public value; nil in a retry request
	PreSharedKey     bool   // extension 41: a PSK was accepted
	ExtendedMaster   bool   // extension 23
}

// Parse reads a message that starts with its four-byte handshake header; it may end
// anywhere. Parse reports whether everything before the extensions was there: without it
// h says nothing. Nothing is copied.
//
// A legacy version of 0x7F00-0x7F15 is a draft of TLS 1.3 whose hello has neither session
// id nor compression byte; so may one of 1.3 itself.
func (h *ServerHello) Parse(msg []byte) bool {
	*h = ServerHello{}
	c := cursor.New(msg)
	if c.U8() != typeServerHello {
		return false
	}
	h.Length = int(c.U24())
	body := c.Part(h.Length)
	h.Complete = !c.Failed()

	c = cursor.New(body)
	h.Version = c.U16()
	h.Random = c.Bytes(32)
	h.Retry = string(h.Random) == retryRandom
	if h.Version >= 0x7f00 && h.Version <= 0x7f15 || h.Version == VersionTLS13 && fitsDraft(c.Rest(), h.Length-2-32) {
		h.CipherSuite = c.U16()
	} else {
		id := c.Vector8()
		h.SessionID = id.Rest()
		h.CipherSuite = c.U16()
		h.Compression = c.U8()
	}
	if c.Failed() || len(h.SessionID) > 32 {
		return false
	}
	if c.Len() > 0 {
		n := int(c.U16())
		h.HasExtensions = !c.Failed()
		h.Extensions = Extensions(c.Part(n))
		h.readExtensions()
	}
	if c.Failed() || !h.Extensions.whole() {
		h.Malformed = h.Complete
	}
	return true
}

// fitsDraft reports whether what follows the random, of which n bytes were sent, is a suite and
// extensions without a session id: drafts of TLS 1.3 before the 16th have the version of 1.3 where
// RFC 8446 has that of 1.2.
func fitsDraft(b []byte, n int) bool {
	c := cursor.New(b)
	c.Skip(2)
	return n == 2 || int(c.U16()) == n-4 && !c.Failed()
}

func (h *ServerHello) readExtensions() {
	var share, draftShare []byte
	var draft bool
	for typ, body := range h.Extensions.All() {
		c := cursor.New(body)
		switch typ {
		case ExtSupportedVersions:
			h.SupportedVersion = c.U16()
		case ExtALPN:
			h.ALPN = Protocols(list16(body)).First()
		case ExtKeyShare:
			h.HasKeyShare, share = true, body
		case ExtKeyShareDraft:
			draft, draftShare = true, body
		case ExtPreSharedKey:
			h.PreSharedKey = true
		case ExtExtendedMaster:
			h.ExtendedMaster = true
		}
	}
	if draft && !h.HasKeyShare && Is13(h.Selected()) {
		h.HasKeyShare, share = true, draftShare
	}
	c := cursor.New(share)
	h.Group = c.U16()
	if !h.Retry {
		h.Public = c.Bytes(int(c.U16()))
	}
}

// Usable reports whether the message was whole and made sense: fingerprints need that.
func (h *ServerHello) Usable() bool { return h.Complete && !h.Malformed }

// Selected is the version chosen: that of supported_versions, else the legacy version.
func (h *ServerHello) Selected() uint16 {
	if h.SupportedVersion != 0 {
		return h.SupportedVersion
	}
	return h.Version
}

// Downgrade is 12 or 11 if the random ends in the sign that the server could have spoken
// TLS 1.3 but settled for 1.2, or for 1.1 and below (RFC 8446 section 4.1.3); 0 otherwise.
func (h *ServerHello) Downgrade() int {
	if len(h.Random) != 32 || !strings.HasPrefix(string(h.Random[24:]), "DOWNGRD") {
		return 0
	}
	switch binary.BigEndian.Uint64(h.Random[24:]) & 0xff {
	case 1:
		return 12
	case 0:
		return 11
	}
	return 0
}
