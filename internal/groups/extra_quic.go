package groups

import (
	"slices"
	"strconv"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/cursor"
	"pinyon/proto/quic"
	"pinyon/proto/tls"
)

// Transport parameters that have columns (RFC 9000 section 18.2), and one of Google's.
const (
	paramMaxIdleTimeout  = 0x01
	paramMaxUDPPayload   = 0x03
	paramInitialMaxData  = 0x04
	paramActiveCIDLimit  = 0x0e
	paramGoogleUserAgent = 0x3129
)

// Extensions that carry them: of RFC 9001, and of its drafts.
const (
	extTransportParams      = 0x39
	extTransportParamsDraft = 0xffa5
)

// What the client's Initial packets and transport parameters show, packets by type, and the
// order of the handshake. RFC 9000, 9001, 9368.
var quicExtra = []Feature{
	text("quic_alpn_offered", `Application protocols offered, reserved ones left out, joined by commas; one inside a name is \x2c.`, func(dst []byte, r *Row) ([]byte, bool) {
		switch {
		case r.quicCH.tagged:
			return appended(dst, tls.Escape(dst, r.quicCH.tags.ALPN))
		case !r.quicCH.ok:
			return dst, false
		}
		return appended(dst, r.quicCH.ALPN.AppendText(dst))
	}).null(),
	text("quic_dcid", "Destination connection id of the client's first packet.", func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, r.quic().AppendDCID(dst)) }).null(),
	initialCount("quic_server_scid_len", feature.Bytes, "Length of the source connection id of the server's first Initial.", 1, func(p quic.Initial) int64 { return int64(p.SCIDLen) }),
	initialCount("quic_version_server", feature.None, "Version of the server's first Initial.", 1, func(p quic.Initial) int64 { return int64(p.Version) }),
	text("quic_vn_versions", "Versions of the first Version Negotiation packet, hex.", func(dst []byte, r *Row) ([]byte, bool) {
		return appended(dst, appendVersions(dst, r.quic().Versions()))
	}).null(),
	initialCount("quic_token_len", feature.Bytes, "Length of the token in the client's first Initial.", 0, func(p quic.Initial) int64 { return int64(p.Token) }),
	quicCount("quic_retry_token_len", feature.Bytes, "Length of the token in the server's Retry.", func(c *quic.Conn) int64 {
		n, ok := c.Retry()
		return valueIf(ok, int64(n))
	}).null(),
	initialCount("quic_client_initial_size", feature.Bytes, "UDP payload of the client's first Initial.", 0, func(p quic.Initial) int64 { return int64(p.Size) }),
	count("quic_crypto_frames", feature.Count, "CRYPTO frames that made up the client's hello; before Q048 STREAM frames.", func(r *Row) int64 {
		length := r.quicCH.tags.Length
		switch {
		case r.quicCH.ok:
			length = helloLen(&r.quicCH.ClientHello)
		case !r.quicCH.tagged || length == 0:
			return none
		}
		c := r.quic()
		n, _ := c.CryptoFrames(c.Client(), 0, length)
		return int64(n)
	}).null(),
	quicCount("quic_handshake_packets", feature.Count, "Handshake packets of both sides.", func(c *quic.Conn) int64 { return int64(c.Handshakes()) }),
	quicCount("quic_0rtt_packets", feature.Count, "0-RTT packets.", func(c *quic.Conn) int64 { return int64(c.ZeroRTTs()) }),
	quicCount("quic_short_packets", feature.Count, "Packets with short headers, of both sides.", func(c *quic.Conn) int64 { return int64(c.Shorts()) }),
	text("quic_transport_params", "Ids of the client's transport parameters, hex, ascending, reserved ones left out.", func(dst []byte, r *Row) ([]byte, bool) {
		return appended(dst, appendParamIDs(dst, r.transportParams()))
	}).null(),
	paramCount("quic_tp_max_idle_timeout", feature.Milliseconds, "Idle time after which the client gives up.", paramMaxIdleTimeout),
	paramCount("quic_tp_initial_max_data", feature.Bytes, "What the server may send on all streams at first.", paramInitialMaxData),
	paramCount("quic_tp_max_udp_payload", feature.Bytes, "Largest UDP payload that the client takes.", paramMaxUDPPayload),
	paramCount("quic_tp_active_cid_limit", feature.Count, "Connection ids of the server that the client keeps.", paramActiveCIDLimit),
	text("quic_user_agent", "User agent in a transport parameter of Google's, or of Google QUIC's own handshake.", func(dst []byte, r *Row) ([]byte, bool) {
		if r.quicCH.tagged {
			return appended(dst, tls.Escape(dst, r.quicCH.tags.UserAgent))
		}
		v, _ := findParam(r.transportParams(), paramGoogleUserAgent)
		return appended(dst, tls.Escape(dst, v))
	}).null().private(),
	quicCount("quic_spin_transitions_fwd", feature.Count, "Changes of the spin bit in forward packets.", func(c *quic.Conn) int64 { return int64(c.SpinChanges(flow.Fwd)) }),
	quicCount("quic_spin_transitions_bwd", feature.Count, "Changes of the spin bit in backward packets.", func(c *quic.Conn) int64 { return int64(c.SpinChanges(flow.Bwd)) }),
	quicCount("quic_close_code", feature.None, "Error code with which an Initial closes the connection.", func(c *quic.Conn) int64 {
		code, ok := c.CloseCode()
		return valueIf(ok, int64(code))
	}).missing(-1),
	initialCount("quic_hello_rtt_us", feature.Microseconds, "Time from the client's last Initial before it to the server's first.", 1, func(p quic.Initial) int64 {
		return valueIf(p.RTT >= 0, p.RTT/1000)
	}),
	text("quic_history", "A letter for each packet, the client's in upper case: i initial, h handshake, z 0-RTT, r retry, v version negotiation, c close, s hello complete, o short headers; 64 at most.", func(dst []byte, r *Row) ([]byte, bool) {
		return appended(dst, r.quic().AppendHistory(dst))
	}).null(),
}

// transportParams are the client's, as they stand in its hello:
//
//	id (varint) | length (varint) | value | id ...
//	length (16) | id (16) | length (16) | value | id ...     before draft 27
func (r *Row) transportParams() []byte {
	if !r.quicCH.ok {
		return nil
	}
	if b, ok := r.quicCH.Extensions.Get(extTransportParams); ok {
		return b
	}
	b, _ := r.quicCH.Extensions.Get(extTransportParamsDraft)
	return b
}

// A paramReader walks transport parameters. Before draft 27 they stood behind their length in 16
// bits, with ids and lengths of as many; what fits that to the last byte is read so.
type paramReader struct {
	c   cursor.Cursor
	old bool
}

func newParams(params []byte) paramReader {
	old := cursor.New(params)
	list := old.Vector16()
	for list.Len() > 0 && !list.Failed() {
		list.Skip(2)
		list.Vector16()
	}
	if len(params) > 2 && old.Empty() && list.Empty() {
		return paramReader{cursor.New(params[2:]), true}
	}
	return paramReader{c: cursor.New(params)}
}

// next reads one parameter; ok is false at the end, or where one is cut.
func (p *paramReader) next() (id uint64, value []byte, ok bool) {
	c := &p.c
	if c.Len() == 0 {
		return 0, nil, false
	}
	if p.old {
		id = uint64(c.U16())
		v := c.Vector16()
		return id, v.Rest(), true
	}
	id = c.Varint()
	n := c.Varint()
	if c.Failed() || n > uint64(c.Len()) {
		return 0, nil, false
	}
	return id, c.Bytes(int(n)), true
}

// findParam is the value of the first parameter with an id.
func findParam(params []byte, want uint64) (value []byte, ok bool) {
	p := newParams(params)
	for id, v, ok := p.next(); ok; id, v, ok = p.next() {
		if id == want {
			return v, true
		}
	}
	return nil, false
}

// appendParamIDs leaves out ids of the form 31n + 27, which are there to be ignored.
func appendParamIDs(dst, params []byte) []byte {
	var room [32]uint64
	ids := room[:0]
	p := newParams(params)
	for id, _, ok := p.next(); ok; id, _, ok = p.next() {
		if id%31 != 27 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, id, 16)
	}
	return dst
}

// appendVersions appends eight hex digits each.
func appendVersions(dst []byte, versions []uint32) []byte {
	const digits = "0123456789abcdef"
	for i, v := range versions {
		if i > 0 {
			dst = append(dst, ',')
		}
		for shift := 28; shift >= 0; shift -= 4 {
			dst = append(dst, digits[v>>shift&15])
		}
	}
	return dst
}

// initialCount is of the first Initial of the client (0) or the server (1).
func initialCount(name string, unit feature.Unit, doc string, side int, get func(quic.Initial) int64) Feature {
	return quicCount(name, unit, doc, func(c *quic.Conn) int64 {
		if c.Client() < 0 {
			return none
		}
		p, ok := c.First(c.Client() ^ side)
		if !ok {
			return none
		}
		return get(p)
	}).null()
}

func paramCount(name string, unit feature.Unit, doc string, id uint64) Feature {
	return count(name, unit, doc, func(r *Row) int64 {
		v, ok := findParam(r.transportParams(), id)
		c := cursor.New(v)
		n := c.Varint()
		return valueIf(ok && !c.Failed(), int64(n))
	}).missing(-1)
}
