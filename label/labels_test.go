package label

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestLabels: a record goes before the input's path, and that before the default; the report is that
// of the latest run, whatever the number of goroutines.
func TestLabels(t *testing.T) {
	record := func(port uint16, label string) Record {
		return Record{Label: label, Flow: Flow{SrcPort: port}, Given: SrcPort}
	}
	l := NewLabels(New([]Record{record(1, "x"), record(2, "y"), record(2, "z"), record(9, "far")}, 0), regexp.MustCompile(`pcaps/(\w+)/`), "none")
	for run := range 2 {
		l.Begin([]string{"pcaps/scan/a.pcap", "other.pcap"})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 100 {
					for _, c := range []struct {
						port  uint16
						input int
						want  string
					}{{1, 0, "x"}, {2, 1, "z"}, {3, 0, "scan"}, {3, 1, "none"}, {4, 7, "none"}} {
						if got := l.Of(&Flow{SrcPort: c.port, DstPort: 500}, c.input); got != c.want {
							t.Errorf("%+v: %q", c, got)
						}
					}
				}
			})
		}
		all.Wait()
		want := &Report{Matched: 800, ByPath: 400, Unmatched: 800, Contradicting: 1, Unused: 1,
			Flows: map[string]uint64{"x": 400, "z": 400, "scan": 400, "none": 800}}
		if got := l.Report(); !reflect.DeepEqual(got, want) {
			t.Errorf("run %d: %+v", run, got)
		}
	}
	whole := NewLabels(nil, regexp.MustCompile(`[a-z]+$`), "")
	whole.Begin([]string{"1/abc"})
	if got := whole.Of(&Flow{}, 0); got != "abc" {
		t.Errorf("a match without groups: %q", got)
	}
}

// TestLoad: of records in several files the last one's hold, files are told with the hash of their
// bytes, and another form is known by its first bytes.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := put("a.csv", "label,src_port\nx,1\n,\n")
	b := put("b", `{"label":"y","src_port":1}`+strings.Repeat("\n", 100000))
	c := put("c", "MAGIC and more")
	other := Format{Name: "other", Magic: "MAGIC", Read: func(name string, f *os.File, size int64, m *Mapping) (*Records, error) {
		head := make([]byte, size)
		if n, err := f.ReadAt(head, 0); n != int(size) || string(head) != "MAGIC and more" {
			t.Errorf("%d bytes, %v", n, err)
		}
		return &Records{List: []Record{{Label: "z"}}, Skipped: 3}, nil
	}}
	records, files, err := Load([]string{a, b, c}, nil, other)
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{a, b, c} {
		content, _ := os.ReadFile(path)
		sum := sha256.Sum256(content)
		want := File{Name: path, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), Records: 1}
		switch i {
		case 0:
			want.Blank = 1
		case 2:
			want.Skipped = 3
		}
		if files[i] != want {
			t.Errorf("%+v, want %+v", files[i], want)
		}
	}
	s := New(records, 0)
	if got, _ := s.Match(&Flow{SrcPort: 1}); got != "y" || len(records) != 3 || s.Contradicting != 1 {
		t.Errorf("%q of %d records, %d contradicting", got, len(records), s.Contradicting)
	}
	if _, _, err := Load([]string{filepath.Join(dir, "none")}, nil); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestAnonymized: hashes stand for addresses where the mapping says so, and nowhere else.
func TestAnonymized(t *testing.T) {
	in := "label,src_ip,dst_ip\nx,0546412d61ba57f1,192.0.2.1\n"
	if _, err := Read("a.csv", strings.NewReader(in), nil); err == nil {
		t.Error("a hash is an address without being asked for")
	}
	got, err := Read("a.csv", strings.NewReader(in), &Mapping{Anonymized: true})
	if err != nil {
		t.Fatal(err)
	}
	h := Hash{0x05, 0x46, 0x41, 0x2d, 0x61, 0xba, 0x57, 0xf1}
	if f := got.List[0].Flow; f.Src != h.Addr() || f.Dst != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("%+v", f)
	}
}

// BenchmarkMatch matches flows against a million records of as many 5-tuples, each with a time.
func BenchmarkMatch(b *testing.B) {
	const n = 1 << 20
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{Label: []string{"a", "b"}[i&1], Given: every, Timed: true, From: int64(i), To: int64(i) + 1000,
			Flow: Flow{Src: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Dst: netip.AddrFrom4([4]byte{192, 0, 2, 1}), SrcPort: uint16(i), DstPort: 443, Protocol: 6}}
	}
	s := New(records, 0)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		f := records[i*7919%n].Flow
		f.Src, f.Dst, f.SrcPort, f.DstPort = f.Dst, f.Src, f.DstPort, f.SrcPort
		f.Start = records[i*7919%n].From
		f.End = f.Start + 5
		if _, ok := s.Match(&f); !ok {
			b.Fatal("no match")
		}
		i++
	}
}
