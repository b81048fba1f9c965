package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"pinyon/internal/plain"
	"pinyon/packetstore"
)

// infosOf are what the system says of files that are there.
func infosOf(paths []string) (infos []fs.FileInfo) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			infos = append(infos, info)
		}
	}
	return infos
}

// packetSums is a summary of packets as JSON has it.
type packetSums struct {
	Files     int           `json:"files"`
	Packets   uint64        `json:"packets"`
	Bytes     uint64        `json:"bytes"`
	First     string        `json:"first,omitempty"` // RFC 3339
	Last      string        `json:"last,omitempty"`
	Duration  float64       `json:"duration_seconds"`
	Protocols []packetGroup `json:"protocols"`
	Addresses []packetGroup `json:"addresses"`
}

type packetGroup struct {
	Value   string `json:"value"`
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func groupsOf(list []packetstore.Group) []packetGroup {
	all := []packetGroup{}
	for _, g := range list {
		all = append(all, packetGroup{plain.Text(g.Value), g.Packets, g.Bytes})
	}
	return all
}

// sum is the command summary.
func (q *asking) sum(paths []string) error {
	if q.top < 0 {
		return usage("--top: got %d; want 0 or more", q.top)
	}
	s, where, err := q.open(paths)
	if err != nil {
		return err
	}
	sum, err := s.Summary(context.Background(), where)
	if err != nil {
		return err
	}
	v := &packetSums{Files: sum.Files, Packets: sum.Packets, Bytes: sum.Bytes, Protocols: groupsOf(sum.Protocols.Top(q.top)), Addresses: groupsOf(sum.Addresses.Top(q.top))}
	if sum.Packets > 0 {
		v.First, v.Last = stamp(sum.First), stamp(sum.Last)
		v.Duration = float64(sum.Last-sum.First) / 1e9
	}
	if q.json {
		err = q.printJSON(v)
	} else {
		err = q.writeResult("-", []byte(v.text()))
	}
	return q.end(s, err)
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func (v *packetSums) text() string {
	var s sheet
	s.line("files", "%d", v.Files)
	s.line("packets", "%d, %d bytes on the wire", v.Packets, v.Bytes)
	if v.Packets > 0 {
		s.line("first", "%s", v.First)
		s.line("last", "%s", v.Last)
		s.line("duration", "%.3f s", v.Duration)
	}
	list := func(name string, groups []packetGroup) {
		for _, g := range groups {
			s.line(name, "%-39s %12d packets %15d bytes", g.Value, g.Packets, g.Bytes)
			name = ""
		}
	}
	list("protocols", v.Protocols)
	list("addresses", v.Addresses)
	return s.b.String()
}

// stats is the command of that name.
func (q *asking) stats(paths []string) error {
	s, _, err := q.open(paths)
	if err != nil {
		return err
	}
	list, err := s.Columns(context.Background())
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %-20s %12s %12s %14s %14s  %s\n", "column", "type", "rows", "missing", "bytes", "plain", "from, to")
	for i := range list {
		c := &list[i]
		missing := fmt.Sprint(c.Missing)
		if c.Untold > 0 {
			missing = "untold"
		}
		fmt.Fprintf(&b, "%-14s %-20s %12d %12s %14d %14d  %s\n", c.Column.Name, c.Column.Type, c.Rows, missing, c.Bytes, c.Plain, c.Bounds())
	}
	return q.end(s, q.writeResult("-", []byte(b.String())))
}
