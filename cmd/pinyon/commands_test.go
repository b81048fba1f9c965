package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/capinfo"
	"pinyon/dataset"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/packet"
	"pinyon/pcap"
)

func TestInfo(t *testing.T) {
	in := captureFile(t)
	text := want(t, 0, "", "info", in)
	for _, part := range []string{"pcap 2.4", "EN10MB (1), 10^-9 s, snaplen", "packets         19,", "1970-01-01T00:01:40.000000000Z", "IPv4 19, IPv6 0", "TCP                18  94.74%", "UDP                 1   5.26%"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	var i capinfo.Info
	if err := json.Unmarshal([]byte(want(t, 0, "", "info", in, "--json")), &i); err != nil {
		t.Fatal(err)
	}
	if i.Packets != 19 || i.IPv4 != 19 || len(i.Interfaces) != 1 || i.Rate == nil || i.Damage != nil || len(i.Protocols) != 2 {
		t.Errorf("%+v", i)
	}
	whole := captureBytes(t)
	cut := write(t, "cut.pcap", whole[:len(whole)-5])
	if text := want(t, exitIncomplete, "", "info", cut); !strings.Contains(text, "record 19 at ") {
		t.Error(text)
	}
	bare := write(t, "bare.pcap", whole[:24])
	if text := want(t, 0, "", "info", bare); !strings.Contains(text, "no packet has an IP header") {
		t.Error(text)
	}
	want(t, exitError, "nowhere", "info", "nowhere")
	want(t, exitError, "not a capture", "info", write(t, "x", []byte("just words\n")))
	want(t, exitError, "not a capture", "info", write(t, "x", nil))
	want(t, exitError, "unexpected EOF", "info", write(t, "x.jsonl", []byte(`{"src_ip":"1.2.3.4"`)))
}

// undeclared is a pcapng file of three frames, the last of an interface that it does not declare.
func undeclared(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcap.NewNGWriter(&b, pcap.NGOptions{})
	w.AddInterface(pcap.InterfaceOptions{Link: packet.LinkEthernet, Name: "a\x1b[2J\nb"})
	for i := range int64(3) {
		if err := w.Write(&packet.Frame{Data: []byte("0123456789abcdef"), Wire: 16, Link: packet.LinkEthernet, TS: i}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	const block = 28 + 16 + 4 // an enhanced packet of 16 bytes
	binary.LittleEndian.PutUint32(b.Bytes()[b.Len()-block+8:], 7)
	return b.Bytes()
}

// TestSkipped: records that nobody gets to see are told of.
func TestSkipped(t *testing.T) {
	const words = "1 records of undeclared interfaces, 0 sections of an unknown version"
	in := write(t, "undeclared.pcapng", undeclared(t))
	want(t, 0, "skipped: "+words, "dump", "-r", in)
	if text := want(t, 0, "", "info", in); !strings.Contains(text, "\nskipped         "+words+"\n") {
		t.Error(text)
	}
	var i capinfo.Info
	if err := json.Unmarshal([]byte(want(t, 0, "", "info", in, "--json")), &i); err != nil || i.UnknownInterface != 1 || i.Packets != 2 {
		t.Errorf("%v: %+v", err, i)
	}
	if out := want(t, 0, "2 of 2 frames match\nskipped: "+words, "filter", "test", "", "-r", in, "--count"); out != "2\n" {
		t.Errorf("got %q", out)
	}
	want(t, 0, "skipped: 2 records", "filter", "test", "", "-r", in, "-r", in)
	whole := write(t, "whole.pcapng", mixedCapture(t))
	if text := want(t, 0, "", "info", whole); strings.Contains(text, "skipped") {
		t.Error(text)
	}
}

// TestInfoPlain: names from inside a file do nothing to a terminal.
func TestInfoPlain(t *testing.T) {
	text := want(t, 0, "", "info", write(t, "x.pcapng", undeclared(t)))
	if strings.ContainsRune(text, 0x1b) || !strings.Contains(text, `"a\x1b[2J\nb": EN10MB (1)`) {
		t.Errorf("%q", text)
	}
	text = want(t, 0, "", "info", write(t, "x.jsonl", []byte(`{"src_ip":"1.2.3.4","b\u001b[2J\nc":null}`+"\n")))
	if strings.ContainsRune(text, 0x1b) || !strings.Contains(text, `"b\x1b[2J\nc"`) {
		t.Errorf("%q", text)
	}
}

func TestValidateExpected(t *testing.T) {
	in := captureFile(t)
	rows := want(t, 0, "", "extract", in, "-f", "json-array", "--profile", "JJ-CORE", "--no-include-flow-id")
	expect := func(rows string) string { return write(t, "want.json", []byte(`{"flows": `+rows+`}`)) }
	if out := want(t, 0, "", "validate", in, "--expected", expect(rows)); !strings.Contains(out, "3 flows agree") {
		t.Error(out)
	}
	// Another order of flows is no difference.
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(rows), &list); err != nil {
		t.Fatal(err)
	}
	list[0], list[2] = list[2], list[0]
	turned, _ := json.Marshal(list)
	want(t, 0, "", "validate", in, "--expected", expect(string(turned)))

	for _, c := range []struct{ old, new, part string }{
		{`"total_packets":13`, `"total_packets":12`, "value: 10.0.0.5 51000 192.0.2.10 443 6: total_packets: expected 12, extracted 13"},
		{`"dst_port":443`, `"dst_port":444`, "missing flow: 10.0.0.5 51000 192.0.2.10 444 6\n"},
		{`"total_packets":`, `"packets_total":`, "missing column: packets_total\n"},
		{`"num_hdrs"`, `"num_hdr"`, "extra column: num_hdrs\n"},
		{`"hdr_desc":"ETH-IP-TCP"`, `"hdr_desc":null`, "hdr_desc: expected <nil>, extracted ETH-IP-TCP"},
	} {
		path := expect(strings.ReplaceAll(rows, c.old, c.new))
		if out := want(t, exitError, "", "validate", in, "--expected", path, "-v"); !strings.Contains(out, c.part) {
			t.Errorf("%s: no %q in %s", c.new, c.part, out)
		}
	}
	off := expect(strings.ReplaceAll(rows, `"duration":0.491`, `"duration":0.4911`))
	want(t, exitError, "", "validate", in, "--expected", off)
	want(t, 0, "", "validate", in, "--expected", off, "--tolerance", "1e-3")
	want(t, 0, "", "validate", in, "--expected", off, "--rtol", "1e-3")
	var report struct {
		OK      bool
		Count   int `json:"differences"`
		Details []dataset.Difference
	}
	if err := json.Unmarshal([]byte(want(t, exitError, "", "validate", in, "--expected", off, "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.OK || report.Count != 1 || report.Details[0].Column != "duration" {
		t.Errorf("%+v", report)
	}
	want(t, exitError, "no array", "validate", in, "--expected", write(t, "x.json", []byte("{}")))
	want(t, exitUsage, "nowhere", "validate", in, "--expected", "nowhere")
}

func TestValidateSchema(t *testing.T) {
	in := captureFile(t)
	for _, args := range []string{"--qualified-names", "--bidir-split", "--bidir-split --bidir-style jj", "--include-trace --missing null"} {
		out := filepath.Join(t.TempDir(), "x.csv")
		want(t, 0, "", append([]string{"extract", in, "-o", out}, strings.Fields(args)...)...)
		want(t, 0, "", "validate", "--schema", "v1.0", out)
	}
	for _, c := range []struct{ text, part string }{
		{"src_ip,bogus\n1.2.3.4,5\n", "bogus: unknown"},
		{"src_ip,src_ip\na,b\n", "src_ip: twice"},
		{"dst_ip,src_ip\na,b\n", "src_ip: out of order"},
		{"src_ip,src_port\na,b\n", `src_port: 1 values are no int64, the first in row 1: "b"`},
		{`{"src_ip":5}` + "\n", "src_ip: 1 values are no string"},
	} {
		if out := want(t, exitError, "", "validate", "--schema", "v1.0", write(t, "x", []byte(c.text))); !strings.Contains(out, c.part) {
			t.Errorf("%q: %s", c.text, out)
		}
	}
}

func TestProfiles(t *testing.T) {
	var all map[string]struct {
		Count    int `json:"feature_count"`
		Features []string
	}
	if err := json.Unmarshal([]byte(want(t, 0, "", "profiles", "list", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, p := range feature.Profiles {
		if c := all[string(p)]; c.Count != len(c.Features) {
			t.Errorf("%s: %d, %d", p, c.Count, len(c.Features))
		}
		total += all[string(p)].Count
	}
	for _, d := range extract.All() {
		if d.Optional {
			total++
		}
	}
	if total != len(extract.All()) {
		t.Errorf("%d of %d columns", total, len(extract.All()))
	}
	want(t, 0, "", "profiles", "list")
	want(t, 0, "", "profiles", "validate")
	if out := want(t, 0, "", "profiles", "show", "JJ-CORE", "--group", "timing"); !strings.Contains(out, "  iat_mean\n") || strings.Contains(out, "src_ip") {
		t.Error(out)
	}
	var ids []string
	if err := json.Unmarshal([]byte(want(t, 0, "", "profiles", "show", "JJ-CORE", "--json")), &ids); err != nil || len(ids) != all["JJ-CORE"].Count {
		t.Errorf("%d ids, %v", len(ids), err)
	}
	want(t, exitError, "unknown profile", "profiles", "show", "bogus")
	want(t, exitError, "no columns", "profiles", "show", "JJ-CORE", "--group", "bogus")
}

func TestSmallCommands(t *testing.T) {
	for _, c := range []struct{ part, args string }{
		{`"version": "v1.0"`, "schema"},
		{`"missing": "null"`, "schema --missing null"},
		{"name,type,description,unit,group\n", "schema -f csv"},
		{"## timing\n", "schema -f markdown"},
		{"## icmp\n", "features --group icmp"},
		{`CREATE TABLE "t"`, "schema -f sql --db-table t"},
		{`"total_features"`, "schema --full"},
		{`"dtype"`, "schema --minimal"},
		{"@software{pinyon", "cite"},
		{"(Version ", "cite -f apa"},
		{"cff-version: 1.2.0", "cite -f cff"},
		{"file processing  OK", "status"},
		{`"file_processing": true`, "status --json"},
	} {
		if out := want(t, 0, "", strings.Fields(c.args)...); !strings.Contains(out, c.part) {
			t.Errorf("%s: no %q in %q", c.args, c.part, out)
		}
	}
	devices, err := net.Interfaces()
	if err != nil {
		t.Skip(err)
	}
	out := want(t, 0, "", "status")
	for _, d := range devices {
		if !strings.Contains(out, "- "+d.Name+" (") {
			t.Errorf("no %s in %s", d.Name, out)
		}
	}
	path := filepath.Join(t.TempDir(), "s.json")
	want(t, 0, "", "schema", "-o", path)
	if !json.Valid([]byte(read(t, path))) {
		t.Error("schema -o writes no JSON")
	}
}
