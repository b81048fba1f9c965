package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// failing is standard output that takes nothing.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestOnSinkError: with drop the other output is complete and the status says that rows are missing;
// with stop, and without a word, the run ends, and where no output is left too.
func TestOnSinkError(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.csv")
	if err := os.WriteFile(in, captureBytes(t), 0o644); err != nil {
		t.Fatal(err)
	}
	for command, rows := range map[string]int{"extract": 3, "convert": 3, "listen": 19} {
		for _, c := range []struct {
			policy string
			status int
			rows   bool
		}{{"", exitError, false}, {"stop", exitError, false}, {"drop", exitIncomplete, true}, {"continue", exitIncomplete, true}} {
			os.Remove(out)
			args := []string{"pinyon", command, in, "--tee", "csv=" + out}
			switch command {
			case "listen":
				args[2] = "--read=" + in
			case "convert":
				args[2] = filepath.Join(dir, "rows.csv")
				want(t, 0, "", "extract", in, "--no-progress", "-o", args[2])
			}
			if c.policy != "" {
				args = append(args, "--on-sink-error", c.policy)
			}
			var said strings.Builder
			status := run(args, strings.NewReader(""), failing{errors.New("no room")}, &said)
			content, err := os.ReadFile(out)
			if status != c.status || (err == nil) != c.rows || c.rows && strings.Count(string(content), "\n") != rows+1 || !strings.Contains(said.String(), "no room") {
				t.Errorf("%q: status %d, %v, %d bytes; said\n%s", args, status, err, len(content), said.String())
			}
		}
	}
	if status := run([]string{"pinyon", "extract", in, "--on-sink-error", "drop"}, strings.NewReader(""), failing{errors.New("no room")}, io.Discard); status != exitError {
		t.Errorf("no output is left: status %d", status)
	}
	want(t, 2, "spool is for rows of flows", "listen", "-r", in, "--on-sink-error", "spool")
	want(t, 2, `--on-sink-error: got "wait"`, "extract", in, "--on-sink-error", "wait")
}
