package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/pcap"
)

// TestMain is the command itself in the processes that tests start.
func TestMain(m *testing.M) {
	for _, name := range []string{"PINYON_CONFIG", "PINYON_FLOW_TIMEOUT", "PINYON_MAX_FLOWS", "PINYON_NUM_WORKERS", "JOYFULJAY_FLOW_TIMEOUT", "JOYFULJAY_MAX_FLOWS", "JOYFULJAY_NUM_WORKERS"} {
		os.Unsetenv(name)
	}
	if os.Getenv("PINYON_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// runPinyon runs the command in this process.
func runPinyon(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return runWith(t, strings.NewReader(""), args...)
}

func runWith(t *testing.T, stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(append([]string{"pinyon"}, args...), stdin, &out, &err)
	return status, out.String(), err.String()
}

// want runs the command and demands a status and a part of what it prints on standard error.
func want(t *testing.T, status int, message string, args ...string) (stdout string) {
	t.Helper()
	got, stdout, stderr := runPinyon(t, args...)
	if got != status || !strings.Contains(stderr, message) {
		t.Errorf("pinyon %s: status %d, want %d with %q; stderr:\n%s", strings.Join(args, " "), got, status, message, stderr)
	}
	return stdout
}

// captureBytes is the three check flows as a capture, one after the other: 3 flows, 19 packets.
func captureBytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	after := int64(0)
	for _, frames := range [][]packet.Frame{vectors.V1x(), vectors.V2(), vectors.V3()} {
		for i := range frames {
			frames[i].TS += after
			if err := w.Write(&frames[i]); err != nil {
				t.Fatal(err)
			}
		}
		after += 1e9
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// captureFile writes captureBytes to a file in a directory of its own.
func captureFile(t testing.TB) string {
	t.Helper()
	return write(t, "in.pcap", captureBytes(t))
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// filesIn are the names in a directory, hidden ones included.
func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRoot(t *testing.T) {
	if status, out, err := runPinyon(t); status != 0 || err != "" || !strings.Contains(out, "extract") || strings.Contains(out, "packets in, columns out") {
		t.Errorf("no command: status %d, stderr %q, stdout %q", status, err, out)
	}
	if status, out, _ := runPinyon(t, "--version"); status != 0 || !strings.HasPrefix(out, "pinyon, version ") {
		t.Errorf("--version: status %d, %q", status, out)
	}
	var out, err bytes.Buffer
	if status := run([]string{"/usr/bin/jj", "--version"}, nil, &out, &err); status != 0 || !strings.HasPrefix(out.String(), "jj, version ") {
		t.Errorf("jj --version: status %d, %q", status, out.String())
	}
}

func TestUsage(t *testing.T) {
	in := captureFile(t)
	for _, c := range []struct {
		message string
		args    string
	}{
		{"unknown command", "extra"},
		{"unknown flag", "extract --bogus"},
		{"unknown flag", "extract --out x " + in}, // no abbreviation
		{"an argument is missing; want pinyon extract INPUT...", "extract"},
		{"got 2 arguments; want pinyon info", "info a b"},
		{"log format", "status --log-format xml"},
		{"unknown format", "extract -f xml " + in},
		{"no brokers", "extract -f kafka " + in},
		{"no topic", "extract -f kafka --kafka-brokers localhost:1 " + in},
		{"want kafka://", "extract -f kafka -o x.csv " + in},
		{"no place for -f csv", "extract -f csv -o kafka://localhost:1/t " + in},
		{"unknown scheme mysql", "extract -o mysql://h/db " + in},
		{"if-exists: got \"keep\"", "extract -o sqlite:// --db-if-exists keep " + in},
		{"no column \"bogus\"", "extract -o sqlite:// --db-index bogus " + in},
		{"no output has such an option", "extract -o - --db-meta " + in},
		{`"tcpp" at 0`, "extract --filter tcpp " + in},
		{"do not tell directions", "extract --filter inbound " + in},
		{`"bogus"`, "extract --features bogus " + in},
		{`"bogus"`, "extract --feature bogus " + in},
		{`"bogus"`, "extract --profile bogus " + in},
		{"timing", "extract --features burst " + in},
		{"no column is left", "extract --features icmp --feature iat_mean " + in},
		{"--timeout", "extract --timeout 0 " + in},
		{"want a number", "extract --timeout soon " + in},
		{"--sampling-rate", "extract --sampling-rate 1.5 " + in},
		{"want true or false", "extract --ips=perhaps " + in},
		{"provenance", "extract --provenance here " + in},
		{"only jsonl", "extract --provenance header " + in},
		{"summary", "extract --summary xml " + in},
		{"one character", "extract --csv-delimiter :: " + in},
		{"booleans", "extract --bool-style c " + in},
		{"--bidir-split", "extract --bidir-style jj " + in},
		{"bidir-split", "extract --bidir-split --bidir-style c " + in},
		{"FORMAT=TARGET", "extract --tee x " + in},
		{"salt already", "extract --random-salt --anonymization-salt x " + in},
		{"two outputs", "extract --tee jsonl=- " + in},
		{"given twice", "extract - -"},
		{"no such file", "extract -c none.yaml " + in},
		{".json", "extract -c none.ini " + in},
		{"compression", "extract -f arrow --compression bogus " + in},
		{"unknown form", "schema -f xml"},
		{"unknown feature group", "schema --group bogus"},
		{"none of the others", "schema --full --minimal"},
		{"zero or null", "schema --missing x"},
		{"citation", "cite -f x"},
		{"--expected", "validate " + in},
		{"unknown schema", "validate --schema v9 " + in},
	} {
		if out := want(t, exitUsage, c.message, strings.Fields(c.args)...); out != "" {
			t.Errorf("pinyon %s printed %q", c.args, out)
		}
	}
}

func TestVerbose(t *testing.T) {
	in := captureFile(t)
	for _, args := range [][]string{{"-v", "extract", in}, {"extract", in, "-v"}, {"extract", "-vv", in}} {
		want(t, 0, "level=INFO", args...)
	}
	want(t, 0, `"level":"INFO"`, "extract", "-v", "--log-format", "json", in)
	if _, _, stderr := runPinyon(t, "extract", in); strings.Contains(stderr, "level=") {
		t.Errorf("silent run logs: %s", stderr)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := want(t, 0, "", "completion", shell); !strings.Contains(out, "pinyon") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	for _, c := range []struct{ word, args string }{
		{"timing", "extract --features t"},
		{"iat_mean", "extract --feature iat_"},
		{"JJ-EXTENDED", "extract --profile JJ"},
		{"parquet", "extract -f p"},
		{"oldest", "extract --flow-eviction-strategy o"},
		{"JJ-CORE", "profiles show J"},
		{"icmp", "schema --group i"},
		{"size,timing", "extract --features size,ti"},
		{"src_ip,duration", "extract --feature src_ip,dur"},
		{"JJ-CORE,JJ-EXTENDED", "extract --profile JJ-CORE,JJ"},
		{"ip.src,ip.dst", "dump -e ip.src,ip."},
		{"timestamp,src_ip", "packets query ip x --columns timestamp,src"},
	} {
		if out := want(t, 0, "", append([]string{"__complete"}, strings.Fields(c.args)...)...); !strings.Contains(out, c.word+"\n") {
			t.Errorf("%s: no %s in %q", c.args, c.word, out)
		}
	}
	if out := want(t, 0, "", "__complete", "extract", "--features", "timing,ti"); strings.Contains(out, "timing,timing") {
		t.Errorf("a word that is there already: %q", out)
	}
}
