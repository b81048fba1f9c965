package capture

import (
	"time"

	"pinyon/packet"
)

// A Packet is what callbacks get: a frame, valid until the callback returns, and what
// decoding makes of it.
type Packet struct {
	packet.Frame
	decoded packet.Packet
	decoder *packet.Decoder
	state   decodeState
}

type decodeState uint8

const (
	notDecoded decodeState = iota
	isIP
	isNotIP
)

// NewPacket makes a Packet that decodes with d.
func NewPacket(d *packet.Decoder) *Packet { return &Packet{decoder: d} }

// Reset makes p hold a frame that was not decoded yet.
func (p *Packet) Reset() { p.state = notDecoded }

// Decoded is the frame decoded, at the first call. ok says whether it is an IP packet; of
// another one only link-layer fields that Has names can be read.
func (p *Packet) Decoded() (d *packet.Packet, ok bool) {
	if p.state == notDecoded {
		p.state = isNotIP
		if p.decoder.Decode(&p.Frame, &p.decoded) {
			p.state = isIP
		}
	}
	return &p.decoded, p.state == isIP
}

// IsDecoded reports whether Decoded was called since.
func (p *Packet) IsDecoded() bool { return p.state != notDecoded }

// Time is the capture time.
func (p *Packet) Time() time.Time { return time.Unix(0, p.TS).UTC() }

// Timeval is the capture time in seconds and microseconds.
func (p *Packet) Timeval() (sec, usec int64) { return p.TS / 1e9, p.TS % 1e9 / 1000 }

// Length is the length on the wire in bytes, which Data may fall short of.
func (p *Packet) Length() int { return int(p.Wire) }

// Summary is one line about the packet, as packet.Packet and packet.Frame make it.
func (p *Packet) Summary() string {
	if d, ok := p.Decoded(); ok {
		return d.Summary()
	}
	return p.Frame.Summary()
}
