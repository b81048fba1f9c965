package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pinyon/dataset"
	"pinyon/packet"
	"pinyon/pcap"
)

// captureInfo is what a pass over a capture finds.
type captureInfo struct {
	Path        string            `json:"path"`
	Format      string            `json:"format"`
	Compression string            `json:"compression,omitempty"`
	BigEndian   bool              `json:"big_endian"`
	FormatVer   string            `json:"format_version"`
	Interfaces  []interfaceInfo   `json:"interfaces"`
	Packets     uint64            `json:"packets"`
	IPPackets   uint64            `json:"ip_packets"`
	Bytes       uint64            `json:"bytes"`      // on the wire
	First       string            `json:"first_time"` // least and greatest timestamp; RFC 3339
	Last        string            `json:"last_time"`
	Duration    float64           `json:"duration"` // seconds
	Rate        *float64          `json:"packets_per_second"`
	IPv4        uint64            `json:"ipv4"`
	IPv6        uint64            `json:"ipv6"`
	Protocols   []protocolInfo    `json:"protocols"`
	NonIP       map[string]uint64 `json:"non_ip"`
	Truncated   uint64            `json:"truncated"` // captured shorter than on the wire
	Dropped     map[string]uint64 `json:"undecodable"`
	Backwards   uint64            `json:"timestamps_backwards"`
	skipped
	Damage *inputFault `json:"damage"`
}

type interfaceInfo struct {
	Name       string `json:"name,omitempty"`
	LinkType   uint16 `json:"link_type"`
	LinkName   string `json:"link_name"`
	Snaplen    uint32 `json:"snaplen"` // 0: no limit
	Resolution string `json:"timestamp_resolution"`
}

// protocolInfo is a protocol's share of the IP packets.
type protocolInfo struct {
	Number  uint8   `json:"number"`
	Name    string  `json:"name"`
	Packets uint64  `json:"packets"`
	Percent float64 `json:"percent"`
}

func (a *app) infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Describe a capture or a feature file",
		Long: `Describe a capture: format, interfaces, times, packets, protocols, damage; or a file that
extract wrote (csv, tsv, jsonl, json-array, parquet, arrow): rows, columns, missing values.
The content decides which it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.info(args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) info(path string, asJSON bool) error {
	r, err := a.openCapture(path)
	if errors.Is(err, pcap.ErrFormat) && isRegular(path) {
		t, terr := dataset.Scan(path)
		if errors.Is(terr, dataset.ErrNoTable) {
			return err
		}
		if terr != nil {
			return terr
		}
		if asJSON {
			return a.printJSON(t)
		}
		return a.writeResult("-", []byte(tableText(t)))
	}
	if err != nil {
		return err
	}
	defer r.Close()
	s := scanCapture(path, r)
	if asJSON {
		err = a.printJSON(s)
	} else {
		err = a.writeResult("-", []byte(s.text()))
	}
	if err == nil && s.Damage != nil {
		err = &exit{status: exitIncomplete}
	}
	return err
}

// isRegular reports whether a path is a regular file, which can be read again.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (a *app) openCapture(path string) (*pcap.Reader, error) {
	if path == "-" {
		return pcap.NewReader(a.in)
	}
	return pcap.Open(path)
}

// scanCapture reads a capture to its end.
func scanCapture(path string, r *pcap.Reader) *captureInfo {
	s := &captureInfo{Path: path, Interfaces: []interfaceInfo{}, NonIP: map[string]uint64{}, Dropped: map[string]uint64{}, Protocols: []protocolInfo{}}
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
			s.Damage = &inputFault{Input: path, Error: strings.TrimPrefix(err.Error(), "pcap: ")}
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
	s.skipped = skippedBy(r.Counts())
	s.headers(r.Info())
	s.times(first, last)
	s.decoded(&protocols, &dec)
	return s
}

func (s *captureInfo) headers(info pcap.Info) {
	s.Format, s.Compression, s.BigEndian = info.Format, info.Compression, info.BigEndian
	s.FormatVer = fmt.Sprintf("%d.%d", info.Major, info.Minor)
	for _, i := range info.Interfaces {
		s.Interfaces = append(s.Interfaces, interfaceInfo{
			Name: i.Name, LinkType: i.Link, LinkName: linkName(i.Link), Snaplen: i.Snaplen, Resolution: i.Resolution.String(),
		})
	}
}

func (s *captureInfo) times(first, last int64) {
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

func timeText(ns int64) string { return string(appendTime(nil, ns)) }

func appendTime(b []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000Z")
}

func (s *captureInfo) decoded(protocols *[256]uint64, dec *packet.Decoder) {
	for n, count := range protocols {
		if count > 0 {
			s.Protocols = append(s.Protocols, protocolInfo{uint8(n), protocolName(uint8(n)), count, 100 * float64(count) / float64(s.IPPackets)})
		}
	}
	slices.SortStableFunc(s.Protocols, func(a, b protocolInfo) int { return cmp.Compare(b.Packets, a.Packets) })
	for name, n := range dec.Counts.NonIP() {
		s.NonIP[name] += n
	}
	for reason, n := range dec.Counts.All() {
		if reason.Dropped() && reason != packet.NonIP && n > 0 {
			s.Dropped[reason.String()] = n
		}
	}
}
