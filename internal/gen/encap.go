package gen

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"
	"os"
	"path/filepath"
)

// An Encapsulated is a capture of one family of encapsulations: link type and frames, in which
// each way of encapsulating carries packets of its own source port, so that a reader that
// misses one shows which.
type Encapsulated struct {
	Name   string
	Link   uint32
	Frames [][]byte
}

// Encapsulations are captures of every encapsulation and extension header that is rare in real
// captures, or missing there. The headers are put together here by their definitions.
func Encapsulations() []Encapsulated {
	var all []Encapsulated
	for _, f := range families {
		c := Encapsulated{Name: f.name, Link: f.link}
		port := uint16(1000)
		for _, wrap := range f.ways {
			for _, version := range []int{4, 6} {
				for _, ip := range f.inner(version, port) {
					if frame := wrap(ip); frame != nil {
						c.Frames = append(c.Frames, frame)
					}
				}
				port++
			}
		}
		all = append(all, c)
	}
	return all
}

// Write writes the capture, its frames a millisecond apart.
func (e *Encapsulated) Write(out io.Writer) error {
	w := newWriter(out, e.Link)
	for i, f := range e.Frames {
		w.Frame(start+int64(i)*1e6, f)
	}
	return w.Flush()
}

// WriteEncapsulations writes NAME.pcap of every family into dir.
func WriteEncapsulations(dir string) error {
	for _, e := range Encapsulations() {
		var b bytes.Buffer
		if err := e.Write(&b); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name+".pcap"), b.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// A way puts headers around an IP packet, or returns nil if it carries no such packet.
type way func(ip []byte) []byte

type family struct {
	name  string
	link  uint32
	inner func(version int, port uint16) [][]byte
	ways  []way
}

// exchange is a datagram, its answer and a segment with data.
func exchange(version int, port uint16) [][]byte {
	a := Host{MAC: [6]byte{2, 0, 0, 0, 1, 1}, Addr: netip.MustParseAddr("10.1.0.1"), Port: port, TTL: 64}
	b := Host{MAC: [6]byte{2, 0, 0, 0, 1, 2}, Addr: netip.MustParseAddr("10.1.0.2"), Port: 7, TTL: 57}
	if version == 6 {
		a.Addr, b.Addr = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	}
	ask := UDP{IP: IP{Src: &a, Dst: &b, ID: port, DF: true}, Payload: noise[:20]}
	answer := UDP{IP: IP{Src: &b, Dst: &a}, Payload: noise[:40]}
	data := TCP{IP: IP{Src: &a, Dst: &b, ID: port + 1, DF: true}, Flags: psh | ack, Seq: 7, Ack: 8, Window: 502, Payload: noise[:60]}
	return [][]byte{ask.Append(nil)[etherLen:], answer.Append(nil)[etherLen:], data.Append(nil)[etherLen:]}
}

// teredoExchange is exchange between a Teredo client and another host of IPv6.
func teredoExchange(version int, port uint16) [][]byte {
	if version == 4 {
		return nil
	}
	client := Host{Addr: netip.MustParseAddr("2001:0:4136:e378:8000:63bf:3fff:fdd2"), Port: port, TTL: 64}
	peer := Host{Addr: netip.MustParseAddr("2001:db8::2"), Port: 7, TTL: 57}
	ask := UDP{IP: IP{Src: &client, Dst: &peer}, Payload: noise[:20]}
	answer := UDP{IP: IP{Src: &peer, Dst: &client}, Payload: noise[:40]}
	return [][]byte{ask.Append(nil)[etherLen:], answer.Append(nil)[etherLen:]}
}

// segments are TCP alone, whose payload tshark tells as it bounds it.
func segments(version int, port uint16) [][]byte { return exchange(version, port)[2:] }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func u16(n int) []byte    { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func isIPv6(ip []byte) bool { return ip[0]>>4 == 6 }

// etherOf is the EtherType of a packet.
func etherOf(ip []byte) []byte {
	if isIPv6(ip) {
		return u16(0x86dd)
	}
	return u16(0x0800)
}

// stations are the link addresses of every frame, and others those of frames in tunnels.
var (
	stations = []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}
	others   = []byte{2, 0, 0, 0, 9, 2, 2, 0, 0, 0, 9, 1}
)

// ether is a frame whose type field, and what stands behind it, are given.
func ether(parts ...[]byte) []byte { return append(bytes.Clone(stations), join(parts...)...) }

// bridged is a packet in an Ethernet frame, inside something else.
func bridged(ip []byte) []byte { return join(others, etherOf(ip), ip) }

// tagged is bridged with a VLAN tag.
func tagged(ip []byte) []byte { return join(others, u16(0x8100), u16(5), etherOf(ip), ip) }

// outer is an Ethernet frame with an IPv4 packet of the given protocol.
func outer(proto byte, parts ...[]byte) []byte {
	h := outer4(proto, parts...)
	return ether(u16(0x0800), h)
}

func outer4(proto byte, parts ...[]byte) []byte {
	b := join(parts...)
	h := join([]byte{0x45, 0}, u16(ipv4Len+len(b)), u16(9), u16(0x4000), []byte{64, proto, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2})
	binary.BigEndian.PutUint16(h[10:], fold(sum(0, h)))
	return append(h, b...)
}

// outer6 is the same over IPv6.
func outer6(next byte, parts ...[]byte) []byte {
	b := join(parts...)
	h := join([]byte{0x60, 0, 0, 0}, u16(len(b)), []byte{next, 64})
	h = append(h, netip.MustParseAddr("2001:db8::a").AsSlice()...)
	h = append(h, netip.MustParseAddr("2001:db8::b").AsSlice()...)
	return ether(u16(0x86dd), h, b)
}

// datagram is a UDP header without checksum, and what follows it.
func datagram(sport, dport int, parts ...[]byte) []byte {
	b := join(parts...)
	return join(u16(sport), u16(dport), u16(udpLen+len(b)), u16(0), b)
}

// put is b with other bytes from at on.
func put(b []byte, at int, v []byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], v)
	return b
}
