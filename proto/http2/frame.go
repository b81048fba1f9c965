package http2

import "pinyon/internal/cursor"

// Frame types (RFC 9113, section 6; RFC 9218).
const (
	typeData           = 0x0
	typeHeaders        = 0x1
	typePriority       = 0x2
	typeRSTStream      = 0x3
	typeSettings       = 0x4
	typePushPromise    = 0x5
	typePing           = 0x6
	typeGoAway         = 0x7
	typeWindowUpdate   = 0x8
	typeContinuation   = 0x9
	typePriorityUpdate = 0x10
)

const (
	headerLen       = 9
	defaultMaxFrame = 16384 // SETTINGS_MAX_FRAME_SIZE unless announced, section 6.5.2
	largestMaxFrame = 1<<24 - 1
	settingMaxFrame = 0x5
	flagACK         = 0x1
	flagEndHeaders  = 0x4
	flagPadded      = 0x8
	flagPriority    = 0x20
)

// A header is that of a frame (RFC 9113, section 4.1):
//
//	length (24) │ type (8) │ flags (8) │ reserved (1) │ stream id (31)
type header struct {
	length uint32
	stream uint32
	typ    uint8
	flags  uint8
}

func parseHeader(b []byte) header {
	c := cursor.New(b)
	h := header{length: c.U24(), typ: c.U8(), flags: c.U8()}
	h.stream = c.U32() & (1<<31 - 1)
	return h
}

// valid reports whether a frame may stand in a direction whose receiver takes max bytes.
func (h header) valid(max uint32) bool {
	if h.length > max {
		return false
	}
	switch h.typ {
	case typeSettings, typePing, typeGoAway:
		return h.stream == 0
	case typeData, typeHeaders, typePriority, typeRSTStream, typePushPromise, typeContinuation:
		return h.stream != 0
	case typeWindowUpdate, typePriorityUpdate:
		return true
	}
	return true // types of extensions are counted in the total
}

// opensDirection reports a SETTINGS frame as the first of a direction must be, or the
// acknowledgement of the other side's, which some endpoints send ahead of it.
func (h header) opensDirection() bool {
	return h.typ == typeSettings && h.length%6 == 0 && (h.flags&flagACK == 0 || h.length == 0) && h.valid(defaultMaxFrame)
}
