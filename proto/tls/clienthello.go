package tls

import (
	"pinyon/internal/cursor"
	"pinyon/proto"
)

// A ClientHello is a parsed ClientHello message (RFC 8446 section 4.1.2, RFC 6347 section
// 4.2.1 for the cookie). Every slice borrows the message.
type ClientHello struct {
	Version      uint16 // legacy_version
	Random       []byte // 32 bytes
	SessionID    []byte // at most 32 bytes
	Cookie       []byte // DTLS only
	CipherSuites List
	Compression  []byte

	HasExtensions bool       // there is an extensions length field
	Extensions    Extensions // in wire order

	Length    int  // declared length of the message in bytes, header not counted
	Complete  bool // the whole message was there
	Malformed bool // lengths inside contradict each other

	// What the extensions say; zero for those absent. Of several of one type the first counts.
	HasServerName       bool   // extension 0, whatever its body
	ServerName          []byte // first host_name as sent
	ALPN                Protocols
	SupportedVersions   List
	SupportedGroups     List
	SignatureAlgorithms List
	PointFormats        []byte
	KeyShares           KeyShares
	PSKModes            []byte
	ECH                 ECH
	ESNI                bool   // extension 0xFFCE
	Draft               uint16 // 0x7F00 and the draft of TLS 1.3 in extension 0xFF02; 0 if absent
	SessionTicket       bool   // extension 35, empty or not
	PreSharedKey        bool   // extension 41
	EarlyData           bool   // extension 42
	ExtendedMaster      bool   // extension 23
	PaddingLen          int    // bytes of extension 21

	v2 []byte // cipher specs of an SSLv2-format hello, three bytes each
}

// Parse reads a message that starts with its four-byte handshake header; it may end
// anywhere. DTLS messages are reassembled first and carry the same header. Parse reports
// whether version, random and session id were there: without them h says nothing.
// Nothing is copied.
func (h *ClientHello) Parse(msg []byte, dtls bool) bool {
	*h = ClientHello{ECH: ECH{Type: -1, ConfigID: -1}}
	c := cursor.New(msg)
	if c.U8() != typeClientHello {
		return false
	}
	h.Length = int(c.U24())
	body := c.Part(h.Length)
	h.Complete = !c.Failed()

	c = cursor.New(body)
	h.Version = c.U16()
	h.Random = c.Bytes(32)
	id := c.Vector8()
	h.SessionID = id.Rest()
	if c.Failed() || len(h.SessionID) > 32 {
		return false
	}
	if dtls {
		cookie := c.Vector8()
		h.Cookie = cookie.Rest()
	}
	n := int(c.U16())
	h.Malformed = n%2 != 0
	h.CipherSuites = List(c.Part(n))
	comp := c.Vector8()
	h.Compression = comp.Rest()
	if !c.Failed() && c.Len() > 0 {
		n = int(c.U16())
		h.HasExtensions = !c.Failed()
		h.Extensions = Extensions(c.Part(n))
		h.readExtensions()
	}
	if c.Failed() || !h.Extensions.whole() {
		h.Malformed = h.Malformed || h.Complete
	}
	return true
}

func (h *ClientHello) readExtensions() {
	var draftShares []byte
	var seen uint64 // types below 64 met
	for typ, body := range h.Extensions.All() {
		if typ < 64 {
			if seen>>typ&1 != 0 {
				continue
			}
			seen |= 1 << typ
		}
		switch typ {
		case ExtServerName:
			h.HasServerName = true
			h.ServerName = serverName(body)
		case ExtSupportedGroups:
			h.SupportedGroups = list16(body)
		case ExtECPointFormats:
			h.PointFormats = list8(body)
		case ExtSignatureAlgorithms:
			h.SignatureAlgorithms = list16(body)
		case ExtALPN:
			h.ALPN = list16(body)
		case ExtPadding:
			h.PaddingLen = len(body)
		case ExtExtendedMaster:
			h.ExtendedMaster = true
		case ExtSessionTicket:
			h.SessionTicket = true
		case ExtPreSharedKey:
			h.PreSharedKey = true
		case ExtEarlyData:
			h.EarlyData = true
		case ExtSupportedVersions:
			h.SupportedVersions = list8(body)
		case ExtPSKModes:
			h.PSKModes = list8(body)
		case ExtKeyShare:
			h.KeyShares = list16(body)
		case ExtKeyShareDraft:
			draftShares = list16(body)
		case ExtECH:
			if !h.ECH.Present {
				h.ECH = parseECH(body)
			}
		case ExtESNI:
			h.ESNI = true
		case ExtDraftVersion:
			if c := cursor.New(body); c.U8() == 0 {
				h.Draft = 0x7f00 | uint16(c.U8())
			}
		}
	}
	if draftShares != nil && seen>>ExtKeyShare&1 == 0 {
		h.KeyShares = draftShares
	}
}

// Usable reports whether the message was whole and made sense: counts and fingerprints need
// that.
func (h *ClientHello) Usable() bool { return h.Complete && !h.Malformed && h.v2 == nil }

// IsV2 reports whether the hello came in the format of SSL 2.0 (RFC 5246 appendix E.2):
// only Version, SessionID, Random (the challenge) and SuiteCount are set then.
func (h *ClientHello) IsV2() bool { return h.v2 != nil }

// SuiteCount is the number of suites offered less GREASE, those of an SSLv2-format hello
// included; signalling values count.
func (h *ClientHello) SuiteCount() int {
	if h.v2 != nil {
		return len(h.v2) / 3
	}
	return h.CipherSuites.Count()
}

// MaxVersion is the newest version of supported_versions less GREASE, else the legacy
// version: for drafts of TLS 1.3 before the 16th the draft, if the client names it.
func (h *ClientHello) MaxVersion() uint16 {
	if v := h.SupportedVersions.Newest(); v != 0 {
		return v
	}
	if h.Version == VersionTLS13 && h.Draft != 0 {
		return h.Draft
	}
	return h.Version
}

// GREASE reports whether a value reserved by RFC 8701 is among suites, extensions, groups or
// versions.
func (h *ClientHello) GREASE() bool {
	if h.CipherSuites.HasGREASE() || h.SupportedGroups.HasGREASE() || h.SupportedVersions.HasGREASE() {
		return true
	}
	for t := range h.Extensions.All() {
		if IsGREASE(t) {
			return true
		}
	}
	return false
}

// OffersPostQuantum reports whether a key share or supported group is post-quantum.
func (h *ClientHello) OffersPostQuantum() bool {
	for i := range h.SupportedGroups.Len() {
		if IsPostQuantum(h.SupportedGroups.At(i)) {
			return true
		}
	}
	for g := range h.KeyShares.All() {
		if IsPostQuantum(g) {
			return true
		}
	}
	return false
}

// AllSuitesUnassigned reports whether suites were offered and none of them, GREASE left
// out, is in the IANA registry: what only imitates TLS often draws them at random.
func (h *ClientHello) AllSuitesUnassigned() bool {
	n := 0
	for i := range h.CipherSuites.Len() {
		v := h.CipherSuites.At(i)
		if IsGREASE(v) {
			continue
		}
		if _, ok := Suite(v); ok {
			return false
		}
		n++
	}
	return n > 0
}

// ParseV2 reads an SSLv2-format ClientHello from its two-byte record header on, and reports
// whether it was whole and made sense.
//
//	1 | length (15) | type 1 | version (2) | cipher specs length (2) | session id length (2) |
//	challenge length (2) | cipher specs | session id | challenge
func (h *ClientHello) ParseV2(rec []byte) bool {
	*h = ClientHello{ECH: ECH{Type: -1, ConfigID: -1}}
	if startV2(rec) != proto.Mine {
		return false
	}
	c := cursor.New(rec)
	h.Length = int(c.U16() & 0x7fff)
	c = cursor.New(c.Bytes(h.Length))
	c.Skip(1)
	h.Version = c.U16()
	specs, id, challenge := int(c.U16()), int(c.U16()), int(c.U16())
	h.v2 = c.Bytes(specs)
	h.SessionID = c.Bytes(id)
	h.Random = c.Bytes(challenge)
	h.Complete = !c.Failed()
	return h.Complete
}
