package pipe

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pinyon/remote/wire"
)

// A Type says what a frame is.
type Type uint8

// The types of frames, with the side that sends each.
const (
	TypeRequest Type = iota + 64 // the caller: Request
	TypeReply                    // this side: Reply, one for every request
	TypeSchema                   // this side: an Arrow schema, before the first ROWS of its form
	TypeRows                     // this side: an Arrow record batch of packets, before the reply of their read
	typeEnd
)

// MaxRequest is the most bytes of a request's body.
const MaxRequest = 1 << 20

// ErrFormat is the error of bytes that are no request; use errors.Is.
var ErrFormat = errors.New("pipe: malformed frame")

// appendFrame appends a header and a body to dst.
func appendFrame(dst []byte, t Type, body []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	return append(append(dst, byte(t), 0, 0, 0), body...)
}

// readRequest reads one request. At the end of r it is io.EOF.
func readRequest(r io.Reader, q *Request) error {
	var head [wire.HeaderSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if Type(head[4]) != TypeRequest || head[5]|head[6]|head[7] != 0 || n > MaxRequest {
		return fmt.Errorf("%w: a header of type %d with %d bytes", ErrFormat, head[4], n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return io.ErrUnexpectedEOF
	}
	*q = Request{}
	if err := json.Unmarshal(body, q); err != nil {
		return fmt.Errorf("%w: %v", ErrFormat, err)
	}
	return nil
}
