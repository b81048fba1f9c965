// Package packetlist is a group of columns that carries the packets of each flow, packed into one
// text, to a program that computes columns of its own from them; the Python package is one. It is
// not for files: no reader but such a program knows the form.
package packetlist

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"pinyon/extract"
	"pinyon/feature"
	"pinyon/flow"
)

// Name is the group's, and its columns begin with it.
const Name = "packet_list"

// Options bound what is carried.
type Options struct {
	Packets int   // of each flow, the first ones
	Payload int   // bytes of each packet's payload
	Memory  int64 // bytes of the packets of all flows that are open
}

// New declares the group. Its column packet_list is the flow's packets in base64 (RFC 4648), each one
// little-endian: time in nanoseconds since 1970-01-01 UTC (64 bits), bytes from the IP header
// onward (32), bytes of payload (32), TCP flags (16), 1 if the responder sent it, else 0 (16), bytes of
// payload that follow (32), and these. Its column packet_list_beyond counts the packets that bounds
// left out.
func New(o Options) (extract.Custom, error) {
	if o.Packets < 1 || o.Payload < 0 || o.Memory < 1 {
		return extract.Custom{}, fmt.Errorf("packetlist: %d packets with %d bytes of payload in %d bytes", o.Packets, o.Payload, o.Memory)
	}
	held := new(atomic.Int64)
	return extract.Custom{
		Name: Name,
		Features: []feature.Desc{
			{Name: Name, Kind: feature.Text, Doc: "Packets of the flow, packed."},
			{Name: Name + "_beyond", Kind: feature.Int, Unit: feature.PacketsUnit, Doc: "Packets of the flow that are not among them."},
		},
		New: func() extract.Accumulator { return &list{o: &o, held: held} },
	}, nil
}

// header is the bytes of a packet before its payload.
const header = 8 + 4 + 4 + 2 + 2 + 4

// list is the packets of a flow.
type list struct {
	o      *Options
	held   *atomic.Int64 // bytes of all lists
	data   []byte
	n      int
	beyond int64
}

// Packet takes a packet, unless a bound is reached.
func (l *list) Packet(o *flow.Obs) {
	payload := o.Payload[:min(len(o.Payload), l.o.Payload)]
	size := int64(header + len(payload))
	if l.n == l.o.Packets {
		l.beyond++
		return
	}
	if l.held.Add(size) > l.o.Memory {
		l.held.Add(-size)
		l.beyond++
		return
	}
	l.n++
	b := binary.LittleEndian.AppendUint64(l.data, uint64(o.Time))
	b = binary.LittleEndian.AppendUint32(b, o.TotalLen)
	b = binary.LittleEndian.AppendUint32(b, o.PayloadLen)
	b = binary.LittleEndian.AppendUint16(b, o.TCPFlags)
	b = binary.LittleEndian.AppendUint16(b, uint16(o.Dir))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	l.data = append(b, payload...)
}

// End gives the list away.
func (l *list) End(_ *flow.Head, v extract.Values) {
	v.Text(0, base64.StdEncoding.EncodeToString(l.data))
	v.Int(1, l.beyond)
	l.held.Add(-int64(len(l.data)))
}
