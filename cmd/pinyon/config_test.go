package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfig: what init writes is valid, convert changes forms without a loss, explain tells where
// values are from, faults have places, and nothing is overwritten or shown that must not be.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	ok := func(args ...string) string {
		t.Helper()
		status, out, errs := runPinyon(t, args...)
		if status != exitOK {
			t.Fatalf("%q: %d %s", args, status, errs)
		}
		return out
	}
	for _, form := range []string{"guide", "code", "flat"} {
		ok("config", "init", "--form", form, at(form+".yaml"))
		if out := ok("config", "validate", at(form+".yaml")); !strings.HasSuffix(out, ": valid\n") {
			t.Error(out)
		}
	}
	if status, _, errs := runPinyon(t, "config", "init", at("guide.yaml")); status != exitUsage || !strings.Contains(errs, "--force") {
		t.Error(status, errs)
	}
	ok("config", "convert", at("guide.yaml"), "--form", "code", "-o", at("1.yaml"))
	ok("config", "convert", at("1.yaml"), "-o", at("2.yaml"))
	if got, want := ok("config", "convert", at("2.yaml")), ok("config", "convert", at("guide.yaml")); got != want {
		t.Errorf("%s\n%s", got, want)
	}
	b := write("b.yaml", "capture:\n  snaplen: 64\n  filters: {ports: 80}\n")
	out := ok("config", "explain", at("guide.yaml"), b)
	if !strings.Contains(out, "64") || !strings.Contains(out, b+":2") || !strings.Contains(out, "\nfilter: port 80\n") {
		t.Error(out)
	}
	if out := ok("config", "explain", write("salt.yaml", "anonymization_salt: hunter2\n")); strings.Contains(out, "hunter2") {
		t.Error(out)
	}
	bad := write("bad.yaml", "sniffer:\n  snaplen: 0\n  filter: 'tcp ('\n")
	if status, _, errs := runPinyon(t, "config", "validate", bad); status != exitUsage || !strings.Contains(errs, bad+":2: sniffer.snaplen: ") || !strings.Contains(errs, bad+":3: sniffer.filter: ") {
		t.Error(status, errs)
	}
	if status, _, errs := runPinyon(t, "config", "validate", b, at("flat.yaml")); status != exitUsage || !strings.Contains(errs, "flat") {
		t.Error(status, errs)
	}
}
