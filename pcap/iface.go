package pcap

import (
	"bytes"
	"math"
)

// Options of an interface description block that are read.
const (
	optionEnd        = 0
	optionName       = 2  // if_name, UTF-8
	optionResolution = 9  // if_tsresol, 1 byte
	optionOffset     = 14 // if_tsoffset, 8 bytes: seconds
)

// Names are for people; a file full of them must not fill the memory.
const (
	maxName  = 255     // bytes kept of one
	maxNames = 1 << 20 // bytes kept of all in a section
)

// An iface is a declared interface.
type iface struct {
	clock clock
	link  uint16
	snap  uint32 // 0 is no limit
	over  uint32 // captured lengths above it exceed snap
	name  string
}

// addInterface reads an interface description block:
//
//	type 4 | length 4 | link type 2 | reserved 2 | snap length 4 | options
//
// An option that is cut ends the options, one of a wrong length is passed over.
func (r *Reader) addInterface(at int64, b []byte) {
	s := &r.section
	if len(s.ifaces) == maxInterfaces {
		r.damaged(at, "more than %d interfaces", maxInterfaces)
		return
	}
	r.pos += len(b)
	i := iface{link: r.u16(b[8:]), snap: r.u32(b[12:]), over: math.MaxUint32}
	if i.snap != 0 {
		i.over = i.snap
	}
	resolution, offset := Microseconds, int64(0)
	for o := b[16 : len(b)-4]; len(o) >= 4; {
		code, n := r.u16(o), int(r.u16(o[2:]))
		if code == optionEnd || n > len(o)-4 {
			break
		}
		v := o[4 : 4+n]
		switch {
		case code == optionName && s.names+n <= maxNames:
			name, _, _ := bytes.Cut(v[:min(n, maxName)], []byte{0})
			i.name = string(bytes.ToValidUTF8(name, []byte("\ufffd")))
			s.names += len(i.name)
		case code == optionResolution && n == 1:
			resolution = Resolution(v[0])
		case code == optionOffset && n == 8:
			offset = int64(r.u64(v))
		}
		o = o[min(4+(n+3)&^3, len(o)):]
	}
	i.clock = newClock(resolution, offset)
	s.ifaces = append(s.ifaces, i)
}
