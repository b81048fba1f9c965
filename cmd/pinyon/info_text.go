package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pinyon/capinfo"
	"pinyon/dataset"
	"pinyon/internal/plain"
)

// sheet is lines of a name and a value, the values aligned.
type sheet struct{ b strings.Builder }

func (s *sheet) line(name, format string, args ...any) {
	fmt.Fprintf(&s.b, "%-15s %s\n", name, fmt.Sprintf(format, args...))
}

func captureText(c *capinfo.Info) string {
	var s sheet
	s.line("file", "%s", plain.Text(c.Path))
	format := c.Format + " " + c.FormatVer
	if c.BigEndian {
		format += ", big-endian"
	}
	if c.Compression != "" {
		format += ", packed with " + c.Compression
	}
	s.line("format", "%s", format)
	for i, f := range c.Interfaces {
		name := "interface"
		if len(c.Interfaces) > 1 {
			name = fmt.Sprintf("interface %d", i)
		}
		text := fmt.Sprintf("%s (%d), %s", f.LinkName, f.LinkType, f.Resolution)
		if f.Snaplen > 0 {
			text += fmt.Sprintf(", snaplen %d", f.Snaplen)
		} else {
			text += ", no snaplen"
		}
		if f.Name != "" {
			text = plain.Text(f.Name) + ": " + text
		}
		s.line(name, "%s", text)
	}
	s.line("packets", "%d, %d bytes on the wire", c.Packets, c.Bytes)
	if c.Packets > 0 {
		rate := "N/A"
		if c.Rate != nil {
			rate = fmt.Sprintf("%.2f", *c.Rate)
		}
		s.line("first", "%s", c.First)
		s.line("last", "%s", c.Last)
		s.line("duration", "%.2f s", c.Duration)
		s.line("packets/s", "%s", rate)
	}
	if c.Truncated > 0 {
		s.line("truncated", "%d packets captured shorter than on the wire", c.Truncated)
	}
	if c.Backwards > 0 {
		s.line("backwards", "%d packets earlier than the one before", c.Backwards)
	}
	if len(c.NonIP) > 0 {
		s.line("without IP", "%s", strings.Trim(kinds(c.NonIP), " ()"))
	}
	if len(c.Dropped) > 0 {
		s.line("undecodable", "%s", counts(c.Dropped))
	}
	if words := (&skipped{c.UnknownInterface, c.UnsupportedSections}).words(); words != "" {
		s.line("skipped", "%s", words)
	}
	if c.Damage != nil {
		s.line("damaged", "%s", plain.Line(c.Damage.Error))
	}
	if c.IPPackets == 0 {
		s.line("IP", "no packet has an IP header")
		return s.b.String()
	}
	s.line("IP", "%d packets: IPv4 %d, IPv6 %d", c.IPPackets, c.IPv4, c.IPv6)
	for i, p := range c.Protocols {
		name := ""
		if i == 0 {
			name = "protocols"
		}
		s.line(name, "%-10s %10d %6.2f%%", p.Name, p.Packets, p.Percent)
	}
	return s.b.String()
}

func tableText(t *dataset.Table) string {
	var s sheet
	s.line("file", "%s", plain.Text(t.Path))
	s.line("format", "%s", t.Format)
	if t.Version != "" {
		s.line("schema", "%s", plain.Text(t.Version))
	}
	s.line("rows", "%d", t.Rows)
	if t.Partial {
		s.line("partial", "rows are missing, for the run was interrupted")
	}
	s.line("columns", "%d", len(t.Columns))
	s.line("missing", "%.2f%% of values", 100*t.Missing)
	missing := slices.Clone(t.Columns)
	slices.SortStableFunc(missing, func(a, b dataset.Column) int { return cmp.Compare(b.Missing, a.Missing) })
	for i, c := range missing {
		if c.Missing == 0 {
			break
		}
		name := ""
		if i == 0 {
			name = "missing most"
		}
		if i == 10 {
			s.line("", "... (--json has all)")
			break
		}
		s.line(name, "%-32s %6.2f%%", plain.Text(c.Name), 100*float64(c.Missing)/float64(max(t.Rows, 1)))
	}
	return s.b.String()
}

// linkName is a link type as tcpdump names it.
func linkName(l uint16) string { return capinfo.LinkName(l) }
