package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWords: what is mistyped is answered in the words of the command line, with what was
// likely meant.
func TestWords(t *testing.T) {
	in := captureFile(t)
	for _, c := range []struct{ message, args string }{
		{`unknown command "extrct" for "pinyon"; did you mean "extract"?`, "extrct x"},
		{`unknown command "chek" for "pinyon filter"; did you mean "check"?`, "filter chek x"},
		{"unknown flag --featurs; did you mean --features?", "extract --featurs tls"},
		{"unknown flag --snaplen; ", "extract --snaplen 5"},
		{"connect, dump, listen, live, serve would take it", "extract --snaplen 5"},
		{`--features: unknown feature group "tsl"`, "extract IN --features tsl"},
		{`; did you mean "tls"?`, "extract IN --features tsl"},
		{`--feature: unknown feature "duraton"; did you mean "duration"?`, "extract IN --feature duraton"},
		{`--profile: unknown profile "JJ-COR"`, "extract IN --profile JJ-COR"},
		{"--timeout: 0 is not allowed", "extract IN --timeout 0"},
		{`--timeout: got "x"; want a number`, "extract IN --timeout x"},
		{`--count: got "-1"; want a whole number of 0 or more`, "live lo --count -1"},
		{`did you mean "parquet"?`, "extract IN -f parqet"},
		{`did you mean "ip.src"?`, "dump -r IN -e ip.scr"},
		{`did you mean "extra.tls"?`, "schema --group extra.tsl"},
		{"an argument is missing; want pinyon extract INPUT...", "extract"},
		{`cite takes no argument; got "x"`, "cite x"},
		{"got 2 arguments; want pinyon validate", "validate a b"},
		{"no column is left; groups: tls; features: duration", "extract IN --features tls --feature duration"},
	} {
		args := strings.Fields(strings.ReplaceAll(c.args, "IN", in))
		status, _, stderr := runPinyon(t, args...)
		if status != exitUsage || !strings.Contains(stderr, c.message) || strings.Contains(stderr, "pinyon: pinyon") {
			t.Errorf("%s: status %d, %s", c.args, status, stderr)
		}
	}
	if status, _, stderr := runPinyon(t, "live", "nosuchdevice"); status == exitDevice && !strings.HasPrefix(stderr, "pinyon: no such interface: nosuchdevice") {
		t.Errorf("%s", stderr)
	}
}

// TestOrigin: a value that is not allowed is an error of whoever gave it.
func TestOrigin(t *testing.T) {
	in := captureFile(t)
	bad := write(t, "bad.yaml", []byte("flow_timeout: 0\n"))
	want(t, exitUsage, bad+":1: flow_timeout: 0 is not allowed", "extract", in, "-c", bad)
	want(t, exitUsage, "--timeout: -1 is not allowed", "extract", in, "-c", bad, "--timeout=-1")
	want(t, 0, "3 flows", "extract", in, "-c", bad, "--timeout=1", "-o", os.DevNull)
	t.Setenv("PINYON_FLOW_TIMEOUT", "-5")
	want(t, exitUsage, "PINYON_FLOW_TIMEOUT: -5 is not allowed", "extract", in)
}

// TestLayers: of several configuration files a later one goes over those before, key by key.
func TestLayers(t *testing.T) {
	in := captureFile(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml": "specific_features: [total_packets, total_bytes]\n",
		"b.json": `{"specific_features": ["total_bytes"]}`,
		"c.yaml": "specific_features: null\nfeatures: [flow_meta, tcp]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	header := func(args ...string) string {
		line, _, _ := strings.Cut(want(t, 0, "", append([]string{"extract", in}, args...)...), "\n")
		return line
	}
	if got := header("-c", "a.yaml"); got != "total_packets,total_bytes" {
		t.Errorf("one file: %s", got)
	}
	if got := header("-c", "a.yaml", "-c", "b.json"); got != "total_bytes" {
		t.Errorf("two files: %s", got)
	}
	if got := header("-c", "b.json", "-c", "a.yaml"); got != "total_packets,total_bytes" {
		t.Errorf("the other way: %s", got)
	}
	if got := header("-c", "a.yaml", "-c", "c.yaml"); strings.Count(got, ",") < 10 || strings.Contains(got, "tls_") {
		t.Errorf("null stands for the default: %s", got)
	}
}

// TestSchemaExtra: the further columns, all and by group, can be listed.
func TestSchemaExtra(t *testing.T) {
	count := func(group string) int {
		return strings.Count(want(t, 0, "", "schema", "--group", group, "-f", "csv"), "\n") - 1
	}
	all, parts := count("extra"), 0
	for _, g := range strings.Fields("flow_meta tcp tls quic http http2 ssh dns ipsec risk") {
		n := count("extra." + g)
		if n <= 0 || n > count(g) {
			t.Errorf("extra.%s: %d columns of %d", g, n, count(g))
		}
		parts += n
	}
	if all < 200 || parts != all {
		t.Errorf("extra has %d columns, its parts %d", all, parts)
	}
}

// TestLogJSON: under --log-format json every line on standard error is an object, warnings,
// notes, errors and results alike.
func TestLogJSON(t *testing.T) {
	in := captureFile(t)
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		level string
		args  []string
	}{
		{"WARN", []string{"extract", in, "-o", "x.csv", "--anonymize-ips"}},
		{"INFO", []string{"extract", in, "-o", "x.json", "-f", "csv"}},
		{"ERROR", []string{"extract", "nowhere", "-o", "x.csv"}},
		{"ERROR", []string{"extract", in, "--feature", "nosuch"}},
	} {
		_, _, stderr := runPinyon(t, append(c.args, "--log-format", "json")...)
		seen := false
		for line := range strings.Lines(stderr) {
			var v struct{ Time, Level, Msg string }
			if err := json.Unmarshal([]byte(line), &v); err != nil || v.Msg == "" || v.Time == "" {
				t.Errorf("%v: %q: %v", c.args, line, err)
			}
			seen = seen || v.Level == c.level
		}
		if !seen {
			t.Errorf("%v: no line of level %s in %s", c.args, c.level, stderr)
		}
	}
}

// TestOrder: columns come in the order in which they were asked for, if that is wanted.
func TestOrder(t *testing.T) {
	in := captureFile(t)
	header := func(args ...string) string {
		line, _, _ := strings.Cut(want(t, 0, "", append([]string{"extract", in, "--feature", "total_bytes,connection.conn_src_unique_dsts,flow_meta.dst_port", "--feature", "duration"}, args...)...), "\n")
		return line
	}
	all := header()
	asked := header("--order", "asked")
	if asked == all || strings.Split(asked, ",")[0] != "total_bytes" || !strings.HasSuffix(asked, ",duration") {
		t.Errorf("asked %q, schema %q", asked, all)
	}
	want(t, exitUsage, "--feature", "extract", in, "--order", "asked")
	want(t, exitUsage, "schema or asked", "extract", in, "--order", "random")
}

// TestEndStatus: a loss that --fail-on-loss asks for is the status after a signal too.
func TestEndStatus(t *testing.T) {
	for _, c := range []struct{ inputs, loss, signal, want int }{
		{exitOK, exitOK, 0, exitOK}, {exitOK, exitIncomplete, 0, exitIncomplete}, {exitError, exitIncomplete, 0, exitError},
		{exitOK, exitOK, exitTerminate, exitTerminate}, {exitOK, exitIncomplete, exitTerminate, exitIncomplete}, {exitIncomplete, exitOK, exitInterrupt, exitInterrupt},
	} {
		if got := endStatus(c.inputs, c.loss, c.signal); got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
}

// TestExplain: every name that a run prints or writes is explained, and one that is not known is
// answered with the nearest.
func TestExplain(t *testing.T) {
	for _, name := range explained() {
		var b strings.Builder
		if !explain(&b, name) || !strings.Contains(b.String(), ": ") {
			t.Errorf("%s: %q", name, b.String())
		}
	}
	for name, part := range map[string]string{
		"iat_mean": "column of timing", "timing": "group of", "extra.tls": "group of", "snaplen_cut": "(noted): ", "evicted": "(end reason): ",
		"flow_timeout": "The default is 60", "active-timeout": "active_timeout (key", "JJ-CORE": "profile of", "PINYON_MAX_FLOWS": "max_concurrent_flows",
	} {
		if out := want(t, 0, "", "explain", name); !strings.Contains(out, part) {
			t.Errorf("%s: %q", name, out)
		}
	}
	want(t, exitUsage, `did you mean "iat_mean"?`, "explain", "iat_maen")
	want(t, exitUsage, "an argument is missing", "explain")
}
