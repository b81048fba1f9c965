package main

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pinyon/internal/gen"
	"pinyon/pcap"
)

// TestLiveSmallRing: of frames that fill a ring as soon as an epoch holds its blocks, each is
// in the rows and the file once, or lost and counted.
func TestLiveSmallRing(t *testing.T) {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: 53, TTL: 64}
	const n = 4000
	var sent [][]byte
	for i := range n {
		payload := make([]byte, 9000)
		binary.BigEndian.PutUint64(payload, uint64(i+1))
		sent = append(sent, (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: payload}).Append(nil))
	}
	for _, c := range []struct{ buffer, workers string }{{"64KiB", "1"}, {"1MiB", "1"}, {"1MiB", "2"}, {"8MiB", "2"}} {
		ns := wire(t)
		dir := t.TempDir()
		save, rows := filepath.Join(dir, "s.pcap"), filepath.Join(dir, "x.csv")
		r := startLive(t, ns, "v1", "-d", "2", "-w", c.workers, "--buffer-size", c.buffer, "--save-pcap", save, "-o", rows,
			"--provenance", "none", "--feature", "src_ip,total_packets", "--summary", "json")
		send(t, ns, sent)
		status, said := r.end(t)
		s := summaryOf(t, said).Capture
		if status != exitOK || s.Received != n || s.Captured+s.Dropped+s.QueueDropped != n {
			t.Errorf("%+v: exit %d, %+v", c, status, s.Stats)
		}
		saved, last := uint64(0), uint64(0)
		in, err := pcap.Open(save)
		if err != nil {
			t.Fatal(err)
		}
		for f, err := range in.All() {
			if err != nil || len(f.Data) != 9042 {
				t.Fatalf("%+v: %d bytes, %v", c, len(f.Data), err)
			}
			if number := binary.BigEndian.Uint64(f.Data[42:]); number <= last {
				t.Fatalf("%+v: packet %d after %d", c, number, last)
			} else {
				saved, last = saved+1, number
			}
		}
		in.Close()
		text, err := os.ReadFile(rows)
		if err != nil {
			t.Fatal(err)
		}
		_, row, _ := strings.Cut(strings.TrimSpace(string(text)), "\n10.0.0.1,")
		if total, _ := strconv.ParseUint(row, 10, 64); saved != s.Captured || total != s.Captured {
			t.Errorf("%+v: %d frames, %d packets in rows, %d captured", c, saved, total, s.Captured)
		}
	}
}
