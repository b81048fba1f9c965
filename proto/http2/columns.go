package http2

import "strconv"

// The methods of this file are columns, named after them.

// counts reports whether direction dir is read as HTTP/2: the client's with its preface,
// the server's beside it, and the server's alone, where nothing of a client was captured,
// once three frame headers were valid.
func (c *Conn) counts(dir int) bool {
	if c.client != 0 {
		return c.sides[c.client-1].preface
	}
	return !c.sides[1-dir].fed && c.sides[dir].frames >= 3
}

func (c *Conn) sum(f func(*side) int64) (n int64) {
	for dir := range c.sides {
		if c.counts(dir) {
			n += f(&c.sides[dir])
		}
	}
	return n
}

func (c *Conn) ofType(t int) (n int64) {
	for dir := range c.sides {
		if c.counts(dir) {
			n += c.sides[dir].types[t]
		}
	}
	return n
}

// Detected is http2_detected as far as cleartext tells: the whole preface or frames were
// read.
func (c *Conn) Detected() bool { return c.PrefaceSeen() || c.FrameCount() > 0 }

// ClientDir is the direction of the client, ok if one was read as such.
func (c *Conn) ClientDir() (dir int, ok bool) {
	return max(int(c.client)-1, 0), c.PrefaceSeen()
}

// PrefaceSeen is http2_preface_seen: all 24 bytes.
func (c *Conn) PrefaceSeen() bool { return c.client != 0 && c.sides[c.client-1].preface }

// FrameCount is http2_frame_count: valid frame headers of any type.
func (c *Conn) FrameCount() int64 { return c.sum(func(d *side) int64 { return d.frames }) }

// DataFrames is http2_data_frames.
func (c *Conn) DataFrames() int64 { return c.ofType(typeData) }

// HeadersFrames is http2_headers_frames.
func (c *Conn) HeadersFrames() int64 { return c.ofType(typeHeaders) }

// SettingsFrames is http2_settings_frames, acknowledgements included.
func (c *Conn) SettingsFrames() int64 { return c.ofType(typeSettings) }

// PushPromiseFrames is http2_push_promise_frames, of the server; a client may send none
// (RFC 9113, section 8.4).
func (c *Conn) PushPromiseFrames() (n int64) {
	for dir := range c.sides {
		if dir != int(c.client)-1 && c.counts(dir) {
			n += c.sides[dir].types[typePushPromise]
		}
	}
	return n
}

// GoAwayFrames is http2_goaway_frames.
func (c *Conn) GoAwayFrames() int64 { return c.ofType(typeGoAway) }

// WindowUpdateFrames is http2_window_update_frames.
func (c *Conn) WindowUpdateFrames() int64 { return c.ofType(typeWindowUpdate) }

// PingFrames is http2_ping_frames.
func (c *Conn) PingFrames() int64 { return c.ofType(typePing) }

// RSTStreamFrames is http2_rst_stream_frames.
func (c *Conn) RSTStreamFrames() int64 { return c.ofType(typeRSTStream) }

// PriorityFrames is http2_priority_frames.
func (c *Conn) PriorityFrames() int64 { return c.ofType(typePriority) }

// ContinuationFrames is http2_continuation_frames.
func (c *Conn) ContinuationFrames() int64 { return c.ofType(typeContinuation) }

// StreamsEstimate is http2_streams_estimate: streams with a HEADERS frame, and those the
// server promised.
func (c *Conn) StreamsEstimate() int64 {
	if !c.Detected() {
		return 0
	}
	return c.streams[0].count() + c.streams[1].count()
}

// ServerPush is http2_server_push.
func (c *Conn) ServerPush() bool { return c.PushPromiseFrames() > 0 }

// Multiplexed is http2_multiplexed: two streams or more.
func (c *Conn) Multiplexed() bool { return c.StreamsEstimate() >= 2 }

// AppendSettings is http2_settings: the client's first SETTINGS as id:value joined by
// semicolons, decimal, in the order sent; nothing unless it was read whole.
func (c *Conn) AppendSettings(dst []byte) []byte {
	if !c.PrefaceSeen() || !c.settingsRead {
		return dst
	}
	for i, b := 0, c.settings; len(b) >= 6; i, b = i+1, b[6:] {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(strconv.AppendUint(dst, uint64(b[0])<<8|uint64(b[1]), 10), ':')
		dst = strconv.AppendUint(dst, uint64(b[2])<<24|uint64(b[3])<<16|uint64(b[4])<<8|uint64(b[5]), 10)
	}
	return dst
}

// InitialWindowUpdate is http2_initial_window_update in bytes: the increment of the
// client's first WINDOW_UPDATE on stream 0.
func (c *Conn) InitialWindowUpdate() int64 {
	if !c.PrefaceSeen() {
		return 0
	}
	return int64(c.window)
}
