package quic

import "strconv"

// Versions with a name of their own.
const (
	Version1      = 0x00000001 // RFC 9000
	Version2      = 0x6b3343cf // RFC 9369
	version2Draft = 0x709a50c4
	versionQ50    = 'Q'<<24 | '0'<<16 | '5'<<8 | '0'
	versionT50    = 'T'<<24 | '0'<<16 | '5'<<8 | '0'
	versionT51    = 'T'<<24 | '0'<<16 | '5'<<8 | '1'
	mvfst22       = 0xfaceb001
	mvfst27       = 0xfaceb002
	mvfstExp      = 0xfaceb00e
	mvfstAlias    = 0xfaceb010 // to 0xfaceb013
	mvfst1        = 0xfacefeed
)

// suite numbers the Initial secrets: rows of salts.
type suite uint8

const (
	suite1       suite = iota // version 1, drafts 33 and 34
	suite29                   // drafts 29 to 32
	suite23                   // drafts 23 to 28
	suite22                   // draft 22
	suite2                    // version 2
	suite2Draft               // its draft
	suiteQ50                  // Google's Q050
	suiteT50                  // T050
	suiteT51                  // T051
	suiteUnknown              // not in the table
)

// suiteOf is the row of version v. Reserved versions have that of the sender's newest
// version: suite1, or for old senders suite29.
func suiteOf(v uint32) suite {
	switch {
	case v == Version1, v == mvfst1, v == 0xff000021, v == 0xff000022:
		return suite1
	case v >= 0xff00001d && v <= 0xff000020:
		return suite29
	case v >= 0xff000017 && v <= 0xff00001c, v == mvfst27, v == mvfstExp, v&^3 == mvfstAlias:
		return suite23
	case v == 0xff000016, v == mvfst22:
		return suite22
	case v == Version2:
		return suite2
	case v == version2Draft:
		return suite2Draft
	case v == versionQ50:
		return suiteQ50
	case v == versionT50:
		return suiteT50
	case v == versionT51:
		return suiteT51
	case reserved(v):
		return suite1
	}
	return suiteUnknown
}

// reserved reports whether v is kept for forcing Version Negotiation (RFC 9000 section 15).
func reserved(v uint32) bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// AppendVersion appends the name of version v, such as "QUIC v1", "QUIC draft-29" or
// "gQUIC Q046"; nothing for 0.
func AppendVersion(dst []byte, v uint32) []byte {
	switch {
	case v == 0:
		return dst
	case v == Version1:
		return append(dst, "QUIC v1"...)
	case v == Version2:
		return append(dst, "QUIC v2"...)
	case v == version2Draft:
		return append(dst, "QUIC v2 (draft)"...)
	case v == mvfst22:
		return append(dst, "mvfst-22"...)
	case v == mvfst27:
		return append(dst, "mvfst-27"...)
	case v == mvfstExp:
		return append(dst, "mvfst-exp"...)
	case v>>8 == 0xff0000:
		return strconv.AppendUint(append(dst, "QUIC draft-"...), uint64(v&0xff), 10)
	case (v>>24 == 'Q' || v>>24 == 'T') && digit(v>>16) && digit(v>>8) && digit(v):
		return append(append(dst, "gQUIC "...), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	case reserved(v):
		return append(dst, "GREASE"...)
	}
	dst = append(dst, "Unknown (0x"...)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[v>>shift&15])
	}
	return append(dst, ')')
}
