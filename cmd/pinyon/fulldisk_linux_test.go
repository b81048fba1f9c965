package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pinyon/pcap"
)

// smallDisk is a file system of so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		t.Skip("no small file system can be mounted: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// many is so many UDP frames, a flow each, of a length.
func many(n, length int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		b := make([]byte, length)
		copy(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\x00")
		total := length - 14
		b[16], b[17] = byte(total>>8), byte(total)
		b[22], b[23] = 64, 17
		copy(b[26:], []byte{10, 0, byte(i >> 8), byte(i), 10, 1, 0, 1, 4, 0, 8, 0, byte((total - 20) >> 8), byte(total - 20)})
		list[i] = b
	}
	return list
}

// TestLiveFullDisk: whatever output no longer fits, the others are whole, of that one stays
// what is complete, and all frames and rows are accounted for.
func TestLiveFullDisk(t *testing.T) {
	const packets = 1200
	sent := many(packets, 600)
	for _, c := range []struct {
		name   string
		args   func(small, dir string) []string
		part   string // the partial file, in the small file system
		whole  []string
		counts string
	}{
		{"frames", func(small, dir string) []string {
			return []string{"--save-pcap", small + "/s.pcap", "-o", dir + "/x.csv", "--tee", "jsonl=" + dir + "/x.jsonl"}
		}, "s.partial.pcap", []string{"x.csv", "x.jsonl"}, "written, "},
		{"rows", func(small, dir string) []string {
			return []string{"--save-pcap", dir + "/s.pcap", "-o", small + "/x.csv"}
		}, "x.partial.csv", []string{"s.pcap"}, "rows by outputs"},
		{"a tee", func(small, dir string) []string {
			return []string{"-o", dir + "/x.csv", "--tee", "jsonl=" + small + "/x.jsonl"}
		}, "x.partial.jsonl", []string{"x.csv"}, "rows by outputs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ns := wire(t)
			small, dir := smallDisk(t, 400<<10), t.TempDir()
			r := startLive(t, ns, append(append([]string{"v1"}, c.args(small, dir)...), "--count", fmt.Sprint(packets), "--timeout", "0.2")...)
			for at := 0; at < packets; at += 100 {
				send(t, ns, sent[at:at+100])
				time.Sleep(100 * time.Millisecond) // so that rows leave meanwhile
			}
			status, said := r.end(t)
			if status != exitIncomplete || !strings.Contains(said, fmt.Sprintf("from %d packets", packets)) || !strings.Contains(said, c.counts) ||
				!strings.Contains(said, "no space left") || !strings.Contains(said, c.part) || strings.Contains(said, ".tmp-") {
				t.Errorf("exit %d: %s", status, said)
			}
			if got := filesIn(t, small); len(got) == 0 || strings.HasPrefix(got[0], ".") {
				t.Errorf("in the full file system: %q", got)
			}
			n := 0
			b, err := os.ReadFile(filepath.Join(small, c.part))
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "frames" {
				p, err := pcap.Open(filepath.Join(small, c.part))
				if err != nil {
					t.Fatal(err)
				}
				for _, err := range p.All() {
					if err != nil {
						t.Error(err)
					}
					n++
				}
				p.Close()
			} else if n = strings.Count(string(b), "\n"); b[len(b)-1] != '\n' {
				t.Errorf("the last line is cut: %q", b[len(b)-40:])
			}
			if n < 20 || n >= packets {
				t.Errorf("%d kept", n)
			}
			for _, name := range c.whole {
				if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
