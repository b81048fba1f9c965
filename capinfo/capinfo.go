// Package capinfo describes a capture: format, interfaces, times, packets, protocols, damage.
package capinfo

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pinyon/packet"
	"pinyon/pcap"
)

// Info is what a pass over a capture finds.
type Info struct {
	Path        string            `json:"path"`
	Format      string            `json:"format"`
	Compression string            `json:"compression,omitempty"`
	BigEndian   bool              `json:"big_endian"`
	FormatVer   string            `json:"format_version"`
	Interfaces  []Interface       `json:"interfaces"`
	Packets     uint64            `json:"packets"`
	IPPackets   uint64            `json:"ip_packets"`
	Bytes       uint64            `json:"bytes"`      // on the wire
	First       string            `json:"first_time"` // least and greatest timestamp; RFC 3339
	Last        string            `json:"last_time"`
	Duration    float64           `json:"duration"` // seconds
	Rate        *float64          `json:"packets_per_second"`
	IPv4        uint64            `json:"ipv4"`
	IPv6        uint64            `json:"ipv6"`
	Protocols   []Protocol        `json:"protocols"`
	NonIP       map[string]uint64 `json:"non_ip"`
	Truncated   uint64            `json:"truncated"` // captured shorter than on the wire
	Dropped     map[string]uint64 `json:"undecodable"`
	Backwards   uint64            `json:"timestamps_backwards"`
	// UnknownInterface counts records of interfaces that were not declared,
	// UnsupportedSections sections of an unknown major version: nobody gets to see them.
	UnknownInterface    uint64  `json:"unknown_interface"`
	UnsupportedSections uint64  `json:"unsupported_sections"`
	Damage              *Damage `json:"damage"` // nil if the capture could be read to its end
}

// An Interface is one that the capture declares.
type Interface struct {
	Name       string `json:"name,omitempty"`
	LinkType   uint16 `json:"link_type"`
	LinkName   string `json:"link_name"`
	Snaplen    uint32 `json:"snaplen"` // 0: no limit
	Resolution string `json:"timestamp_resolution"`
}

// A Protocol is a protocol's share of the IP packets.
type Protocol struct {
	Number  uint8   `json:"number"`
	Name    string  `json:"name"`
	Packets uint64  `json:"packets"`
	Percent float64 `json:"percent"`
}

// Scan reads a capture to its end, or to where it is damaged.
func Scan(path string, r *pcap.Reader) *Info {
	s := &Info{Path: path, Interfaces: []Interface{}, NonIP: map[string]uint64{}, Dropped: map[string]uint64{}, Protocols: []Protocol{}}
	var f packet.Frame
	var p packet.Packet
	var dec packet.Decoder
	var protocols [256]uint64
	var first, last, before int64
	for {
		err := r.Next(&f)
		if err == io.EOF {
			break
		}
		if err != nil {
			s.Damage = &Damage{Input: path, Error: strings.TrimPrefix(err.Error(), "pcap: ")}
			var pe *pcap.Error
			if errors.As(err, &pe) {
				s.Damage.Record, s.Damage.Offset = pe.Record, pe.Offset
			}
			break
		}
		if s.Packets == 0 {
			first, last, before = f.TS, f.TS, f.TS
		}
		if f.TS < before {
			s.Backwards++
		}
		first, last, before = min(first, f.TS), max(last, f.TS), f.TS
		s.Packets++
		s.Bytes += uint64(f.Wire)
		if int(f.Wire) > len(f.Data) {
			s.Truncated++
		}
		if !dec.Decode(&f, &p) {
			continue
		}
		s.IPPackets++
		protocols[p.Proto]++
		if p.IPVersion == 6 {
			s.IPv6++
		} else {
			s.IPv4++
		}
	}
	c := r.Counts()
	s.UnknownInterface, s.UnsupportedSections = c.UnknownInterface, c.UnsupportedSections
	s.headers(r.Info())
	s.times(first, last)
	s.decoded(&protocols, &dec)
	return s
}

func (s *Info) headers(info pcap.Info) {
	s.Format, s.Compression, s.BigEndian = info.Format, info.Compression, info.BigEndian
	s.FormatVer = fmt.Sprintf("%d.%d", info.Major, info.Minor)
	for _, i := range info.Interfaces {
		s.Interfaces = append(s.Interfaces, Interface{
			Name: i.Name, LinkType: i.Link, LinkName: LinkName(i.Link), Snaplen: i.Snaplen, Resolution: i.Resolution.String(),
		})
	}
}

func (s *Info) times(first, last int64) {
	if s.Packets == 0 {
		return
	}
	s.First, s.Last = timeText(first), timeText(last)
	s.Duration = float64(uint64(last)-uint64(first)) / 1e9
	if s.Duration > 0 {
		rate := float64(s.Packets) / s.Duration
		s.Rate = &rate
	}
}

func (s *Info) decoded(protocols *[256]uint64, dec *packet.Decoder) {
	for n, count := range protocols {
		if count > 0 {
			s.Protocols = append(s.Protocols, Protocol{uint8(n), ProtocolName(uint8(n)), count, 100 * float64(count) / float64(s.IPPackets)})
		}
	}
	slices.SortStableFunc(s.Protocols, func(a, b Protocol) int { return cmp.Compare(b.Packets, a.Packets) })
	for name, n := range dec.Counts.NonIP() {
		s.NonIP[name] += n
	}
	for reason, n := range dec.Counts.All() {
		if reason.Dropped() && reason != packet.NonIP && n > 0 {
			s.Dropped[reason.String()] = n
		}
	}
}

func timeText(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// ProtocolName is the name of a protocol behind IP, by IANA, or proto- and its number.
func ProtocolName(n uint8) string {
	if name := packet.ProtoName(n); name != "" {
		return name
	}
	return fmt.Sprintf("proto-%d", n)
}

// LinkName is a link type as tcpdump names it.
func LinkName(l uint16) string {
	if name := packet.LinkName(l); name != "" {
		return name
	}
	return "unknown"
}

// Damage is where and why reading a capture ended early.
type Damage struct {
	Input  string `json:"input"`
	Error  string `json:"error"`
	Record uint64 `json:"record,omitempty"` // from 1
	Offset int64  `json:"offset,omitempty"` // bytes, of the decompressed capture
}
