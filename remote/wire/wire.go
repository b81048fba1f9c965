// Package wire is the second remote protocol of Pinyon as bytes: the frames that a capture server
// and its client exchange over a WebSocket, each in one binary message. docs/protocol.md describes
// it for other implementations. The package knows bytes only: who may connect, what is captured
// and how messages travel is the concern of others.
//
// Decoders never trust a length: they read within the body, bound every list, and refuse bytes
// that are left over. What they return borrows the body.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Subprotocol is the name of protocol 2 in the WebSocket handshake (RFC 6455, section 1.9).
const Subprotocol = "pinyon.v2"

// Limits of both sides.
const (
	HeaderSize = 8       // bytes before a body
	MaxMessage = 1 << 20 // bytes of a message, header included
	MaxBody    = MaxMessage - HeaderSize
	MaxHello   = 16 << 10 // bytes of a message before the client is known, and of any of a client

	BatchPackets = 256      // records of a BATCH at most
	BatchBytes   = 64 << 10 // bytes of its body, unless one record alone is larger
	BatchDelay   = 20 * time.Millisecond
	MaxCapLen    = 256 << 10 // captured bytes of a record

	maxName       = 255 // bytes of names, versions and texts of errors
	MaxFilter     = 8 << 10
	MaxInterfaces = 64
)

// A Type says what a frame is.
type Type uint8

// The types of frames, with the side that sends each.
const (
	TypeHello     Type = iota + 1 // client: its nonce and the name of its token
	TypeChallenge                 // server: its nonce, and proof that it knows the token
	TypeProof                     // client: proof that it knows the token, and what it wants
	TypeWelcome                   // server: what it gives
	TypeBatch                     // server: packets
	TypeStats                     // server: sums, once a second
	TypeGap                       // server: packets that the client does not get
	TypeError                     // either: why the connection ends
	TypeFilter                    // client: another narrowing filter
	TypeFilterOK                  // server: it is in force from a sequence number on
	TypeEnd                       // server: the capture is over; sums
	typeEnd
)

var typeNames = [typeEnd]string{"", "HELLO", "CHALLENGE", "PROOF", "WELCOME", "BATCH", "STATS", "GAP", "ERROR", "FILTER", "FILTER_OK", "END"}

// String is the name that docs/protocol.md uses.
func (t Type) String() string {
	if t > 0 && t < typeEnd {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// FlagZstd says that the body is its unpacked length as a varint and one Zstandard frame
// (RFC 8878). Only a BATCH may be packed.
const FlagZstd = 1

// ErrFormat is the error of bytes that are no frame of the protocol; use errors.Is.
var ErrFormat = errors.New("remote: malformed frame")

func malformed(t Type, what string) error { return fmt.Errorf("%w: %v: %s", ErrFormat, t, what) }

// Split takes a message apart. It checks the header; the body is borrowed.
func Split(message []byte) (t Type, flags byte, body []byte, err error) {
	if len(message) < HeaderSize || len(message) > MaxMessage {
		return 0, 0, nil, fmt.Errorf("%w: a message of %d bytes", ErrFormat, len(message))
	}
	t, flags, body = Type(message[4]), message[5], message[HeaderSize:]
	switch {
	case t == 0 || t >= typeEnd:
		return 0, 0, nil, fmt.Errorf("%w: %v", ErrFormat, t)
	case binary.BigEndian.Uint32(message) != uint32(len(body)):
		return 0, 0, nil, malformed(t, "its length is not that of the message")
	case message[6] != 0 || message[7] != 0 || flags&^FlagZstd != 0 || flags != 0 && t != TypeBatch:
		return 0, 0, nil, malformed(t, "unknown flags")
	}
	return t, flags, body, nil
}

// Begin appends the header of a frame whose body follows; Finish fills in its length.
func Begin(dst []byte, t Type, flags byte) []byte {
	return append(dst, 0, 0, 0, 0, byte(t), flags, 0, 0)
}

// Finish fills in the length of the only frame of message.
func Finish(message []byte) []byte {
	binary.BigEndian.PutUint32(message, uint32(len(message)-HeaderSize))
	return message
}

// A Frame is the body of a type.
type Frame interface {
	Type() Type
	appendBody(dst []byte) []byte
	parse(r *reader)
}

// Append appends a frame with its header to dst, which is empty.
func Append(dst []byte, f Frame) []byte {
	return Finish(f.appendBody(Begin(dst, f.Type(), 0)))
}

// Parse reads a body into f. What is not well formed is ErrFormat.
func Parse(f Frame, body []byte) error {
	r := reader{b: body}
	f.parse(&r)
	if !r.bad && len(r.b) > 0 {
		return malformed(f.Type(), fmt.Sprintf("%d bytes left over", len(r.b)))
	}
	if r.bad {
		return malformed(f.Type(), "a field is missing or out of range")
	}
	return nil
}

// A reader takes fields from the front of a body. After the first that is not there bad stays
// set and every field is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() { r.b, r.bad = nil, true }

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// below reads a number that is at most limit.
func (r *reader) below(limit uint64) uint64 {
	v := r.uint()
	if v > limit {
		r.fail()
		return 0
	}
	return v
}

func (r *reader) time() int64 {
	if v := r.bytes(8); v != nil {
		return int64(binary.BigEndian.Uint64(v))
	}
	return 0
}

func (r *reader) text(limit int) string {
	return string(r.bytes(int(r.below(uint64(limit)))))
}

func appendTime(dst []byte, ns int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(ns)) }

// appendText appends a text, cut to limit bytes.
func appendText(dst []byte, s string, limit int) []byte {
	s = s[:min(len(s), limit)]
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
