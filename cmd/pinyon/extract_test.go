package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon/dataset"
	"pinyon/provenance"
	"pinyon/sink/files"
)

// extractLines are the rows of an extraction to standard output, without the header.
func extractLines(t *testing.T, args ...string) (header []string, rows [][]string) {
	t.Helper()
	out := want(t, 0, "", append([]string{"extract", captureFile(t)}, args...)...)
	for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if i == 0 {
			header = strings.Split(line, ",")
		} else {
			rows = append(rows, strings.Split(line, ","))
		}
	}
	return header, rows
}

func TestExtractStdout(t *testing.T) {
	in := captureFile(t)
	status, out, stderr := runPinyon(t, "extract", in)
	if status != 0 || strings.Count(out, "\n") != 4 {
		t.Fatalf("status %d, stdout %q", status, out)
	}
	if stderr != "3 flows from 19 packets (19 records) -> standard output\n" {
		t.Errorf("stderr %q", stderr)
	}
	if _, same, _ := runWith(t, bytes.NewReader(captureBytes(t)), "extract", "-"); same != out {
		t.Error("standard input gives other rows than a file")
	}
	for _, workers := range []string{"1", "2", "0"} {
		if out2 := want(t, 0, "", "extract", in, "--streaming", "-w", workers); out2 != out {
			t.Errorf("-w %s gives other bytes", workers)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct{ header, args string }{
		{"src_ip,total_bytes", "--feature src_ip,flow_meta.total_bytes"},
		{"src_ip,total_bytes", "--feature total_bytes --feature src_ip"},
		{"flow_meta.src_ip,flow_meta.total_bytes", "--qualified-names --feature src_ip,total_bytes"},
		{"fwd_iat_mean,fwd_entropy,total_bytes", "--bidir-split --feature iat_fwd_mean,entropy_initiator,total_bytes"},
		{"total_total_bytes,iat_fwd_mean,fwd_entropy", "--bidir-split --bidir-style jj --feature iat_fwd_mean,entropy_initiator,total_bytes"},
	} {
		header, rows := extractLines(t, strings.Fields(c.args)...)
		slices.Sort(header)
		wantHeader := strings.Split(c.header, ",")
		slices.Sort(wantHeader)
		if !slices.Equal(header, wantHeader) || len(rows) != 3 {
			t.Errorf("%s: %v, %d rows", c.args, header, len(rows))
		}
	}
	for _, c := range []struct {
		column, args string
		there        bool
	}{
		{"flow_id", "", true},
		{"flow_id", "--no-include-flow-id", false},
		{"flow_id", "--include-flow-id=false", false},
		{"flow_id", "--no-include-flow-id --include-flow-id", true},
		{"src_ip", "--no-ips", false},
		{"src_port", "--no-ports", false},
		{"iat_sequence", "--include-sequences", true},
		{"splt", "--include-splt", true},
		{"start_ns", "--include-trace", true},
		{"iat_mean", "--features flow_meta,size", false},
		{"iat_mean", "--features flow_meta --features timing", true},
		{"entropy_initiator", "--profile JJ-CORE", false},
		{"entropy_initiator", "--profile JJ-CORE,JJ-EXTENDED", true},
		{"entropy_initiator", "--profile JJ-CORE --profile JJ-EXTENDED", true},
		{"icmp_stat", "--features tranalyzer", true},
	} {
		header, _ := extractLines(t, strings.Fields(c.args)...)
		if slices.Contains(header, c.column) != c.there {
			t.Errorf("%s: %s there: %v", c.args, c.column, !c.there)
		}
	}
}

func TestProfileFile(t *testing.T) {
	own := write(t, "own.txt", []byte("# mine\n\ntiming.iat_mean\ntotal_bytes\n"))
	header, _ := extractLines(t, "--profile-file", own)
	if strings.Join(header, " ") != "flow_id total_bytes iat_mean" {
		t.Errorf("header %v", header)
	}
	if header, _ := extractLines(t, "--profile-file", own, "--profile", "JJ-EXTENDED"); !slices.Contains(header, "entropy_initiator") || !slices.Contains(header, "iat_mean") {
		t.Errorf("header %v", header)
	}
	in := captureFile(t)
	want(t, exitUsage, ":2: ", "extract", in, "--profile-file", write(t, "x", []byte("iat_mean\ntiming.iat_mean\n")))
	want(t, exitUsage, `:1: unknown feature "x"`, "extract", in, "--profile-file", write(t, "x", []byte("x\n")))
	want(t, exitUsage, "no feature", "extract", in, "--profile-file", write(t, "x", nil))
}

func TestTextOptions(t *testing.T) {
	for _, c := range []struct{ part, args string }{
		{"10.0.0.5;192.0.2.10", "--csv-delimiter ; --feature src_ip,dst_ip"},
		{"10.0.0.5\t192.0.2.10", "--csv-delimiter tab --feature src_ip,dst_ip"},
		{"10.0.0.5\t192.0.2.10\n", "-f tsv --feature src_ip,dst_ip"},
		{"src_ip\r\n10.0.0.5\r\n", "--csv-crlf --feature src_ip"},
		{"10.0.0.5\n10.0.0.5\n", "--no-header --feature src_ip"},
		{"6,True\n", "--bool-style python --feature protocol,tcp_is_tcp"},
		{"17,NA\n", "--null NA --missing null --feature protocol,tcp_syn_count"},
		{"17,\n", "--missing null --feature protocol,tcp_syn_count"},
		{"17,0\n", "--missing zero --feature protocol,tcp_syn_count"},
		{`{"src_ip":"10.0.0.5"}` + "\n", "-f json --feature src_ip"},
		{`{"type":"metadata","provenance":{`, "-f jsonl --provenance header --feature src_ip"},
		{"[\n{", "-f json-array --feature src_ip"},
		{"0546412d61ba57f1", "--anonymize-ips --feature src_ip"},
		{"e3e327c708856ac2", "--anonymize-ips --anonymization-salt pinyon --feature src_ip"},
	} {
		if out := want(t, 0, "", append([]string{"extract", captureFile(t)}, strings.Fields(c.args)...)...); !strings.Contains(out, c.part) {
			t.Errorf("%s: no %q in %q", c.args, c.part, out)
		}
	}
}

func TestSalt(t *testing.T) {
	in := captureFile(t)
	want(t, 0, "empty anonymization_salt", "extract", in, "--anonymize-ips")
	want(t, 0, "empty anonymization_salt", "extract", in, "--no-ips")
	for _, args := range [][]string{{"--anonymize-ips", "--random-salt"}, {"--no-ips", "--no-include-flow-id"}, {"--anonymize-ips", "--anonymization-salt", "x"}} {
		if _, _, stderr := runPinyon(t, append([]string{"extract", in}, args...)...); strings.Contains(stderr, "salt") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	salted := func() string {
		return want(t, 0, "", "extract", in, "--anonymize-ips", "--random-salt", "--feature", "src_ip")
	}
	if one, other := salted(), salted(); one == other {
		t.Error("two random salts give the same hashes")
	}
}

// TestFormats writes every format, by its name and by its extension, and reads it back.
func TestFormats(t *testing.T) {
	in := captureFile(t)
	for _, f := range sinks {
		if f.Stream == nil {
			continue // no file
		}
		for _, args := range [][]string{{"-f", f.Name, "-o", "out"}, {"-o", "out" + slices.Concat(f.Extensions, []string{""})[0]}} {
			if len(f.Extensions) == 0 && len(args) == 2 {
				continue
			}
			dir := t.TempDir()
			path := filepath.Join(dir, args[len(args)-1])
			args[len(args)-1] = path
			want(t, 0, "3 flows from 19 packets (19 records) -> "+path, append([]string{"extract", in, "--include-splt", "--include-sequences", "--missing", "null"}, args...)...)
			beside := 2 + len(f.Stream.Beside)
			if got := filesIn(t, dir); len(got) != beside {
				t.Errorf("%s: files %v", f.Name, got)
			}
			var info dataset.Table
			if err := json.Unmarshal([]byte(want(t, 0, "", "info", "--json", path)), &info); err != nil {
				t.Fatal(err)
			}
			if info.Format != f.Name || info.Rows != 3 || info.Missing == 0 {
				t.Errorf("%s: format %s, %d rows, missing %v", f.Name, info.Format, info.Rows, info.Missing)
			}
			if out := want(t, 0, "", "validate", "--schema", "v1.0", path); !strings.Contains(out, "3 rows") {
				t.Errorf("%s: %s", f.Name, out)
			}
		}
	}
	for _, name := range []string{"parquet", "npy"} {
		want(t, exitUsage, "needs a file", "extract", in, "-f", name)
	}
	out := filepath.Join(t.TempDir(), "x.parquet")
	want(t, 0, "note: writing csv", "extract", in, "-f", "csv", "-o", out)
	if !strings.HasPrefix(read(t, out), "flow_id,") {
		t.Error("-f did not win")
	}
}

func TestTee(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.parquet")
	out := want(t, 0, "standard output, "+a+", "+b, "extract", captureFile(t), "--tee", "jsonl="+a, "--tee", "parquet="+b)
	if strings.Count(out, "\n") != 4 || strings.Count(read(t, a), "\n") != 3 || len(filesIn(t, dir)) != 4 {
		t.Errorf("stdout %q, files %v", out, filesIn(t, dir))
	}
	want(t, exitUsage, "two outputs", "extract", captureFile(t), "-o", a, "--tee", "csv="+filepath.Join(dir, ".", "a.jsonl"))
}

func TestSummaryJSON(t *testing.T) {
	_, _, stderr := runPinyon(t, "extract", captureFile(t), "--summary", "json")
	var s summary
	if err := json.Unmarshal([]byte(stderr), &s); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if s.Flows != 3 || s.Packets != 19 || s.Records != 19 || len(s.Outputs) != 1 || s.Inputs != 1 || s.Counters == nil {
		t.Errorf("%+v", s)
	}
}

// TestSummaryLimits: what a limit did to values is said, in text and in JSON; without a limit
// nothing is.
func TestSummaryLimits(t *testing.T) {
	in := captureFile(t)
	for _, c := range []struct{ flag, value, line string }{
		{"--exact-samples", "1", "flows have gap percentiles from a sketch, not from every gap"},
		{"--max-concurrent-flows", "1", "flows ended early to make room for others"},
		{"--exact-samples", "1000", ""},
	} {
		_, _, text := runPinyon(t, "extract", in, c.flag, c.value)
		_, _, js := runPinyon(t, "extract", in, c.flag, c.value, "--summary", "json")
		var s summary
		if err := json.Unmarshal([]byte(js), &s); err != nil {
			t.Fatalf("%v: %s", err, js)
		}
		if c.line == "" {
			if s.Limited == nil || len(s.Limited) != 0 || strings.Contains(text, "limited:") {
				t.Errorf("%s %s: %q, %q", c.flag, c.value, text, s.Limited)
			}
			continue
		}
		if len(s.Limited) != 1 || !strings.HasSuffix(s.Limited[0], " "+c.line) || !strings.Contains(text, "limited: "+s.Limited[0]+"\n") {
			t.Errorf("%s %s: %q, %q", c.flag, c.value, text, s.Limited)
		}
	}
	c := provenance.Counters{Noted: map[string]uint64{"syn_held_forced": 5}}
	c.SketchedFlows, c.SizesDropped, c.BetweennessApproximated, c.ConnectionAbsent = 1, 2, 3, 4
	got := limited(&c)
	for i, n := range []string{"1 flows", "2 packets", "3 inputs", "4 inputs", "5 SYNs"} {
		if len(got) != 5 || !strings.HasPrefix(got[i], n) {
			t.Fatalf("limited %q", got)
		}
	}
}

func TestPrecedence(t *testing.T) {
	in := captureFile(t)
	file := write(t, "c.yaml", []byte("flow_timeout: 1\nmax_concurrent_flows: 7\n"))
	hash := func(args ...string) string {
		t.Helper()
		out := want(t, 0, "", append([]string{"extract", in, "-f", "jsonl", "--provenance", "header"}, args...)...)
		_, rest, _ := strings.Cut(out, `"config_hash":"`)
		h, _, ok := strings.Cut(rest, `"`)
		if !ok {
			t.Fatalf("no hash in %q", out)
		}
		return h
	}
	plain := func(timeout string, more ...string) string {
		return hash(append([]string{"--timeout", timeout}, more...)...)
	}
	if hash("-c", file) != plain("1", "--max-concurrent-flows", "7") {
		t.Error("the file does not count")
	}
	t.Setenv("PINYON_CONFIG", file)
	if hash() != plain("1", "--max-concurrent-flows", "7") {
		t.Error("PINYON_CONFIG does not count")
	}
	t.Setenv("PINYON_FLOW_TIMEOUT", "2")
	if hash() != plain("2", "--max-concurrent-flows", "7") {
		t.Error("the variable does not go before the file")
	}
	if hash("--flow-timeout", "3") != plain("3", "--max-concurrent-flows", "7") {
		t.Error("the flag does not go before the variable")
	}
	t.Setenv("PINYON_FLOW_TIMEOUT", "soon")
	want(t, exitUsage, "PINYON_FLOW_TIMEOUT", "extract", in)
	t.Setenv("PINYON_FLOW_TIMEOUT", "-1")
	want(t, exitUsage, "PINYON_FLOW_TIMEOUT", "extract", in)
	want(t, 0, "", "extract", in, "--timeout", "5") // validated once, after merging
	t.Setenv("PINYON_CONFIG", write(t, "c.json", []byte("{\n\"flow_timeut\": 1}")))
	want(t, exitUsage, ":2: flow_timeut: unknown key", "extract", in)
}

func TestProvenance(t *testing.T) {
	in := captureFile(t)
	out := filepath.Join(t.TempDir(), "x.csv")
	want(t, 0, "", "extract", in, "-o", out, "--hash-inputs", "--profile", "JJ-CORE")
	var p struct {
		Tool      string
		Profile   string
		Hash      string `json:"config_hash"`
		Generated string `json:"timestamp_generated"`
		Rows      uint64
		Inputs    []struct {
			Name, SHA256 string
			Size         int64
		}
		Counters struct{ Records, Dropped uint64 }
	}
	if err := json.Unmarshal([]byte(read(t, out+".provenance.json")), &p); err != nil {
		t.Fatal(err)
	}
	if p.Tool != "pinyon" || p.Profile != "JJ-CORE" || p.Rows != 3 || p.Counters.Records != 19 || !strings.HasSuffix(p.Generated, "Z") {
		t.Errorf("%+v", p)
	}
	if len(p.Inputs) != 1 || p.Inputs[0].Name != in || p.Inputs[0].Size != int64(len(captureBytes(t))) || len(p.Inputs[0].SHA256) != 64 {
		t.Errorf("%+v", p.Inputs)
	}
	for _, name := range []string{"parquet", "arrow", "arrow-file"} {
		a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
		want(t, 0, "", "extract", in, "-f", name, "-o", a)
		want(t, 0, "", "extract", in, "-f", name, "-o", b, "-w", "2")
		text := read(t, a)
		if text != read(t, b) {
			t.Errorf("%s: the same input gives other bytes", name)
		}
		if !strings.Contains(text, "pinyon.provenance") || strings.Contains(text, "timestamp_generated") {
			t.Errorf("%s: provenance is not as it should be", name)
		}
		want(t, 0, "", "extract", in, "-f", name, "-o", a, "--provenance", "none")
		if strings.Contains(read(t, a), "pinyon.provenance") {
			t.Errorf("%s: provenance in spite of none", name)
		}
	}
	dir := t.TempDir()
	want(t, 0, "", "extract", in, "-o", filepath.Join(dir, "x.jsonl"), "--provenance", "header")
	want(t, 0, "", "extract", in, "-o", filepath.Join(dir, "y.csv"), "--provenance", "none")
	if got := filesIn(t, dir); len(got) != 2 {
		t.Errorf("files %v", got)
	}
	if out := want(t, 0, "", "validate", "--schema", "v1.0", filepath.Join(dir, "x.jsonl")); !strings.Contains(out, "3 rows") {
		t.Error(out)
	}
	want(t, 0, "", "extract", in, "-o", os.DevNull)
	if _, err := os.Stat(os.DevNull + files.Suffix); err == nil {
		t.Error("sidecar beside a device")
	}
}
