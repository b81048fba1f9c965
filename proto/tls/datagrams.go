package tls

import "pinyon/internal/cursor"

// Datagrams reads one direction of DTLS, datagram by datagram, in the order they arrive.
// The zero Datagrams is ready; Reset makes it ready again. Records of epoch 0 are in clear.
//
// Handshake fragments are put together by message number and offset; messages come out as
// they become complete, each number once.
type Datagrams struct {
	in   []byte // rest of the datagram; borrowed
	body []byte // rest of the record in clear being read; borrowed
	typ  uint8  // its type
	bare bool   // DTLS 1.3 was chosen: records may have the unified header
	cid  int    // bytes of the connection id in encrypted records, 0 without
	at   Mark
	asm  assembler
}

// Reset makes d ready for another conversation; buffers are kept.
func (d *Datagrams) Reset() {
	d.asm.reset()
	*d = Datagrams{asm: d.asm}
}

// Bare tells d that DTLS 1.3 was chosen: encrypted records have the header of RFC 9147
// section 4.
func (d *Datagrams) Bare() { d.bare = true }

// ConnectionID tells d that encrypted records hold a connection id of n bytes (RFC 9146).
func (d *Datagrams) ConnectionID(n int) { d.cid = n }

// Feed gives d a datagram's payload, which came from at. It is borrowed until Next has
// returned false. What is no DTLS record ends the datagram.
func (d *Datagrams) Feed(b []byte, at Mark) { d.in, d.body, d.at = b, nil, at }

// Partial is the hello that was under way when the conversation ended: its bytes so far up
// to the first hole, at least the header.
func (d *Datagrams) Partial() (m Message, ok bool) { return d.asm.partial() }

// Next finds the next event in the datagram and reports whether there was one. Records that
// hide their type (DTLS 1.3, connection ids) are told as application data, which they are
// outside TCP too.
func (d *Datagrams) Next(ev *Event) bool {
	for len(d.body) > 0 {
		if d.clear(ev) {
			return true
		}
	}
	if len(d.in) == 0 {
		return false
	}
	rec, ok := d.header()
	if !ok {
		d.in = nil
		return false
	}
	ev.Kind, ev.Record, ev.At = KindRecord, rec, d.at
	return true
}

// header reads a record header, and the body if it is in clear.
func (d *Datagrams) header() (rec Record, ok bool) {
	c := cursor.New(d.in)
	rec.First = d.at
	if d.bare && d.in[0]>>5 == 1 {
		rec.Type, rec.Version = RecordApplicationData, VersionDTLS12
		flags := c.U8()
		if flags&0x10 != 0 {
			if d.cid == 0 { // of unknown length
				return rec, false
			}
			c.Skip(d.cid)
		}
		c.Skip(1 + int(flags>>3&1))
		if rec.Length = c.Len(); flags&0x04 != 0 {
			rec.Length = int(c.U16())
		}
		ok = !c.Failed()
		c.Part(rec.Length)
		d.in = c.Rest()
		return rec, ok
	}
	rec.Type, rec.Version = c.U8(), c.U16()
	epoch := c.U16()
	c.Skip(6)
	hidden := rec.Type == recordCID && d.cid > 0
	if hidden {
		c.Skip(d.cid)
	}
	rec.Length = int(c.U16())
	if c.Failed() || !isDTLS(rec.Version) || rec.Length > maxRecord {
		return rec, false
	}
	switch {
	case hidden && epoch > 0:
		rec.Type = RecordApplicationData
	case rec.Type < RecordChangeCipherSpec, rec.Type > RecordHeartbeat && rec.Type != recordACK:
		return rec, false
	}
	body := c.Part(rec.Length)
	d.in = c.Rest()
	if epoch == 0 {
		d.body, d.typ = body, rec.Type
		if rec.Type == RecordAlert && rec.Length != 2 {
			d.body = nil
		}
	}
	return rec, true
}

// Content types outside TCP: records with a connection id (RFC 9146 section 4) and ACK
// records (RFC 9147 section 7).
const (
	recordCID uint8 = 25
	recordACK uint8 = 26
)

// clear reads the next thing from a record of epoch 0.
func (d *Datagrams) clear(ev *Event) bool {
	b := d.body
	d.body = nil
	switch {
	case d.typ == RecordAlert && len(b) == 2:
		ev.Kind, ev.Level, ev.Description, ev.At = KindAlert, b[0], b[1], d.at
		return true
	case d.typ == RecordHandshake:
		var ok bool
		d.body, ok = d.asm.fragment(b, d.at, &ev.Message)
		if ok {
			ev.Kind, ev.At = KindMessage, d.at
		}
		return ok
	}
	return false
}
