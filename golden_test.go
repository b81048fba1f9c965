package pinyon_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pinyon"
	"pinyon/column"
	"pinyon/internal/corpus"
	"pinyon/sink/csv"
)

// updating reports whether golden files are to be rewritten; the flag is TestDocs'.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// captures are the files of testdata, in order.
func captures(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, glob := range []string{"*.pcap", "*.pcapng", "*.gz", "*.zst"} {
		m, err := filepath.Glob("testdata/" + glob)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m...)
	}
	if len(names) < 40 {
		t.Fatalf("only %d captures", len(names))
	}
	return names
}

// tuple is a 5-tuple, its ends in the order of netip.AddrPort.Compare.
type tuple struct {
	proto int
	a, b  netip.AddrPort
}

// sums are packets, bytes, payload and TCP flags of both directions.
type sums [8]int64

func tupleSums(t *testing.T, name, decap string) map[tuple]sums {
	t.Helper()
	cfg := pinyon.DefaultConfig()
	cfg.Decap = decap
	table, err := pinyon.Extract(context.Background(), name, cfg)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := make(map[tuple]sums)
	for _, r := range table.All() {
		src := netip.AddrPortFrom(netip.MustParseAddr(r.Text("src_ip")), uint16(r.Int("src_port")))
		dst := netip.AddrPortFrom(netip.MustParseAddr(r.Text("dst_ip")), uint16(r.Int("dst_port")))
		k, dirs := tuple{int(r.Int("protocol")), src, dst}, [2]string{"fwd", "bwd"}
		if dst.Compare(src) < 0 {
			k.a, k.b, dirs = dst, src, [2]string{"bwd", "fwd"}
		}
		s := got[k]
		for i, d := range dirs {
			s[i] += r.Int("packets_" + d)
			s[2+i] += r.Int("bytes_" + d)
			s[4+i] += r.Int("payload_bytes_" + d)
			s[6+i] |= r.Int("tcp_flags_" + d)
		}
		got[k] = s
	}
	return got
}

// readSums reads what tshark said of a capture.
func readSums(t *testing.T, name string) map[tuple]sums {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := make(map[tuple]sums)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		c := strings.Split(sc.Text(), "\t")
		if strings.HasPrefix(sc.Text(), "#") || c[0] == "proto" {
			continue
		}
		if len(c) != 13 {
			t.Fatalf("%s: %d columns", name, len(c))
		}
		n := make([]int64, len(c))
		for i := range c {
			n[i], _ = strconv.ParseInt(c[i], 10, 64)
		}
		k := tuple{int(n[0]), netip.AddrPortFrom(netip.MustParseAddr(c[1]), uint16(n[2])), netip.AddrPortFrom(netip.MustParseAddr(c[3]), uint16(n[4]))}
		want[k] = sums(n[5:13])
	}
	return want
}

// TestAgainstTshark holds packets, bytes, payload and TCP flags of every 5-tuple of the
// recorded captures against what tshark counted, outermost and innermost headers.
func TestAgainstTshark(t *testing.T) {
	tuples := 0
	for _, name := range captures(t) {
		base, _, _ := strings.Cut(name, ".pcap")
		for decap, file := range map[string]string{"none": base + ".tshark.tsv", "inner": base + ".inner.tshark.tsv"} {
			if _, err := os.Stat(file); err != nil && decap == "inner" {
				file = base + ".tshark.tsv" // the same where nothing is tunnelled
			}
			got, want := tupleSums(t, name, decap), readSums(t, file)
			tuples += len(want)
			for k, w := range want {
				if g, ok := got[k]; !ok || g != w {
					t.Errorf("%s, decap %s: %v: got %v; tshark has %v", name, decap, k, g, w)
				}
			}
			for k := range got {
				if _, ok := want[k]; !ok {
					t.Errorf("%s, decap %s: %v: tshark has no such flow", name, decap, k)
				}
			}
		}
	}
	if tuples < 100 {
		t.Errorf("only %d 5-tuples compared", tuples)
	}
}

// rows runs captures through the CSV sink, all columns on.
func rows(t testing.TB, workers int, names ...string) []byte {
	t.Helper()
	cfg := pinyon.DefaultConfig()
	cfg.NumWorkers = workers
	cfg.IncludeTrace, cfg.IncludeRawSequences, cfg.IncludeSPLT, cfg.MaxSequenceLength = true, true, true, 4
	cfg.Missing = "null"
	p, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(types(p.Schema()))
	s, err := csv.New(&b, p.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.ProcessAll(context.Background(), pinyon.Files(names...), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Err(); err != nil {
		t.Error(err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// types is a line above the header with the type of every column, so that a change of the
// schema shows in the difference.
func types(s *column.Schema) string {
	words := make([]string, len(s.Fields))
	for i := range s.Fields {
		words[i] = s.Fields[i].Kind.String()
	}
	return "#types " + strings.Join(words, ",") + "\n"
}

// TestGolden compares every column of some captures with what was there before, and asks
// for the same bytes from 1, 2 and 8 workers.
func TestGolden(t *testing.T) {
	for _, name := range []string{"http1", "tls13", "dns_udp", "mptcp", "ping6", "udp_frag4", "zero_window", "rst", "vlan", "sll2", "ecn", "v6_options", "loss_sender"} {
		capture, golden := "testdata/"+name+".pcap", "testdata/golden/"+name+".csv"
		got := rows(t, 1, capture)
		for _, workers := range []int{2, 8} {
			if !bytes.Equal(rows(t, workers, capture), got) {
				t.Errorf("%s: %d workers give other bytes than 1", name, workers)
			}
		}
		if updating() {
			if err := os.MkdirAll("testdata/golden", 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %s; go test -run Golden -update rewrites it", golden, difference(got, want))
		}
	}
}

// difference names the first cell that differs.
func difference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	if len(g) != len(w) {
		return fmt.Sprintf("%d lines; want %d", len(g), len(w))
	}
	for i := range g {
		a, b := strings.Split(g[i], ","), strings.Split(w[i], ",")
		for j := range a {
			if j >= len(b) || a[j] != b[j] {
				return fmt.Sprintf("line %d, cell %d: %.60s; want %.60s", i+1, j+1, a[j], strings.Join(b[min(j, len(b)):], ","))
			}
		}
	}
	return "same cells, other bytes"
}

// TestSameBytesTogether runs all recorded captures as one run of many inputs.
func TestSameBytesTogether(t *testing.T) {
	all := captures(t)
	want := rows(t, 1, all...)
	for _, workers := range []int{2, 8} {
		if !bytes.Equal(rows(t, workers, all...), want) {
			t.Errorf("%d workers give other bytes than 1", workers)
		}
	}
}

// TestCorpusSample asks for the same bytes from 1, 2 and 8 workers on every 20th capture of
// a corpus; scripts/workers.sh does so for all.
func TestCorpusSample(t *testing.T) {
	dir := corpus.Dir()
	if dir == "" {
		t.Skip("no corpus beside the repository")
	}
	n := 0
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if n++; n%20 != 0 {
			return nil
		}
		want, wantErr := corpusRows(t, 1, name)
		for _, workers := range []int{2, 8} {
			got, err := corpusRows(t, workers, name)
			if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s: %d workers differ from 1 (%v, %v)", name, workers, err, wantErr)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// corpusRows is rows for captures that may be damaged.
func corpusRows(t *testing.T, workers int, name string) ([]byte, error) {
	t.Helper()
	cfg := pinyon.DefaultConfig()
	cfg.NumWorkers = workers
	p, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	s, err := csv.New(&b, p.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Process(context.Background(), pinyon.File(name), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	in := &res.Inputs[0]
	if c := res.Counters(); c.Records != c.PacketsInRows+c.Dropped {
		t.Errorf("%s: %d records; %d packets in rows and %d left out", name, c.Records, c.PacketsInRows, c.Dropped)
	}
	return b.Bytes(), in.Err
}
