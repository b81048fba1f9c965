package quic

import (
	"encoding/binary"

	"pinyon/internal/cursor"
)

// A handshake message of Google QUIC is a name and values by tag, which are four letters each:
//
//	name (32) | number of values (16, little-endian) | 0 (16)
//	tag (32) | end of its value (32, little-endian) | tag ...
//	value | value ...
//
// Values lie behind the last tag, and ends count from there.
const (
	tagHeader = 8
	tagEntry  = 8
	maxTags   = 128
)

// Names of messages.
const (
	clientTags = "CHLO"
	serverTags = "SHLO"
	rejectTags = "REJ\x00"
)

// isTagged reports whether b starts with the name of a message.
func isTagged(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	n := string(b[:4])
	return n == clientTags || n == serverTags || n == rejectTags
}

// taggedLen is the length of the message that b starts with, 0 if b does not tell.
func taggedLen(b []byte) int {
	if len(b) < tagHeader {
		return 0
	}
	n := int(binary.LittleEndian.Uint16(b[4:]))
	values := tagHeader + n*tagEntry
	if n == 0 || n > maxTags || len(b) < values {
		return 0
	}
	if end := binary.LittleEndian.Uint32(b[values-4:]); end <= maxCrypto {
		return values + int(end)
	}
	return 0
}

// Tag is the value of a tag in a handshake message of Google QUIC; false if the message does
// not have it, or not all of it. It is borrowed from msg.
func Tag(msg []byte, tag [4]byte) (value []byte, ok bool) {
	c := cursor.New(msg)
	c.Skip(4)
	var count [2]byte
	copy(count[:], c.Bytes(2))
	n := int(binary.LittleEndian.Uint16(count[:]))
	c.Skip(2)
	table := c.Bytes(n * tagEntry)
	if c.Failed() || n > maxTags {
		return nil, false
	}
	values := c.Rest()
	from := uint32(0)
	for ; len(table) > 0; table = table[tagEntry:] {
		to := binary.LittleEndian.Uint32(table[4:])
		if to < from || int64(to) > int64(len(values)) {
			return nil, false
		}
		if [4]byte(table) == tag {
			return values[from:to], true
		}
		from = to
	}
	return nil, false
}

// A ClientTags is what the client's first message of Google QUIC's own handshake says. Values
// are nil where there is no such tag, and borrowed.
type ClientTags struct {
	ServerName []byte // SNI
	UserAgent  []byte // UAID
	ALPN       []byte // of later versions: h3- and the version
	Length     int    // of the message in bytes
}

// Parse reads a message, which may be cut, and reports whether it is a client's hello.
func (t *ClientTags) Parse(msg []byte) bool {
	*t = ClientTags{}
	if !isTagged(msg) || string(msg[:4]) != clientTags {
		return false
	}
	t.Length = taggedLen(msg)
	t.ServerName, _ = Tag(msg, [4]byte{'S', 'N', 'I'})
	t.UserAgent, _ = Tag(msg, [4]byte{'U', 'A', 'I', 'D'})
	t.ALPN, _ = Tag(msg, [4]byte{'A', 'L', 'P', 'N'})
	return true
}
