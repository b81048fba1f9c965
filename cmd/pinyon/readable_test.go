package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// hostile is a name that moves the cursor, begins a line of its own and is not all UTF-8.
const hostile = "a\x1b[31m\nwarning: b\x7f\u009b\u202e"

// noEscapes demands that what a command printed can be shown on a terminal, with no line that the
// name made.
func noEscapes(t *testing.T, args []string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for i, r := range text {
			if !strconv.IsPrint(r) && r != '\n' && r != '\t' {
				t.Errorf("pinyon %q prints %q: %q", args, r, text[max(0, i-80):min(len(text), i+80)])
				break
			}
		}
		if strings.Contains("\n"+text, "\nwarning: b") {
			t.Errorf("pinyon %q: the name made a line: %q", args, text)
		}
	}
}

// TestHostileNames gives every command, and every flag that takes a text, a name that a terminal
// would obey.
func TestHostileNames(t *testing.T) {
	t.Chdir(t.TempDir())
	home, _ := os.Getwd()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	for _, name := range []string{hostile, hostile + ".pcap", "cut" + hostile + ".pcap"} {
		b := captureBytes(t)
		if strings.HasPrefix(name, "cut") {
			b = b[:len(b)-5]
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Skip("names of files cannot hold such bytes here: ", err)
		}
	}
	run := func(args ...string) (status int) {
		t.Helper()
		status, out, err := runPinyon(t, args...)
		if slices.Contains(args, "to-pcap") {
			out = "" // which is a capture
		}
		noEscapes(t, args, out, err)
		return status
	}
	dir := hostile + ".d"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, hostile+".pcap"), captureBytes(t)[:60], 0o600); err != nil {
		t.Fatal(err)
	}
	csv := hostile + ".csv"
	for _, args := range [][]string{
		{"extract", hostile + ".pcap", "-o", csv},
		{"extract", hostile + ".pcap", "-o", hostile + ".txt", "-f", "csv", "--summary", "json"},
		{"info", hostile + ".pcap"}, {"info", "--json", hostile + ".pcap"}, {"info", csv}, {"info", "--json", csv},
		{"validate", "--schema", "v1.0", csv}, {"validate", "--schema", "v1.0", "--json", csv},
		{"convert", csv, "-o", hostile + ".jsonl"}, {"dump", "-r", hostile + ".pcap", "-w", hostile + ".parquet"},
		{"packets", "summary", hostile + ".parquet"}, {"packets", "summary", "--json", hostile + ".parquet"}, {"packets", "stats", hostile + ".parquet"},
		{"filter", "test", "ip", "-r", hostile, "-r", hostile + ".pcap"}, {"listen", "-r", hostile + ".pcap"},
	} {
		if status := run(args...); status != exitOK {
			t.Errorf("pinyon %q: status %d", args, status)
		}
	}
	for _, args := range [][]string{
		{"extract", dir}, {"extract", "cut" + hostile + ".pcap"}, {"extract", "--summary", "json", "cut" + hostile + ".pcap"},
		{"info", "cut" + hostile + ".pcap"}, {"info", "--json", "cut" + hostile + ".pcap"}, {"dump", "-r", "cut" + hostile + ".pcap"},
		{"filter", "test", "ip", "-r", "cut" + hostile + ".pcap"}, {"extract", "--log-format", "json", "none" + hostile}, {"extract", hostile, "-o", dir},
		{"extract", hostile, "-o", filepath.Join("none"+hostile, "x.csv")}, {"extract", hostile, "--tee", "csv=" + hostile}, {"packets", "summary", csv},
	} {
		if status := run(args...); status == exitOK {
			t.Errorf("pinyon %q: status 0", args)
		}
	}

	seen := map[string]bool{"version": true, "help": true}
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		for _, sub := range c.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
		if !c.Runnable() || c.Name() == "completion" {
			return
		}
		run(append(path, "none"+hostile)...)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !seen[f.Name] && strings.HasPrefix(f.Value.Type(), "string") {
				seen[f.Name] = true
				run(append(path, "none"+hostile, "--"+f.Name+"="+hostile)...)
			}
		})
	}
	walk(newApp("pinyon", nil, nil, nil).root(), nil)
	if len(seen) < 60 {
		t.Errorf("only %d flags were tried", len(seen))
	}
}
