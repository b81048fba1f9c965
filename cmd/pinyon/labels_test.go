package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabels: files of labels add a column, the summary says what became of them, and what cannot be
// read is an error of whoever typed the flag.
func TestLabels(t *testing.T) {
	dir := t.TempDir()
	in, labels := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "l.csv")
	for path, content := range map[string][]byte{in: captureBytes(t), labels: []byte("label,dst_port\nweb,443\nnever,1\n")} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := want(t, 0, "labels: 1 flows by a record, 0 by their input's path, 2 by default (2 unknown, 1 web)\nlabels: 1 records fit no flow",
		"extract", in, "--no-progress", "--feature", "dst_port", "--labels", labels)
	if lines := strings.Split(out, "\n"); lines[0] != "dst_port,label" || !strings.Contains(out, "443,web\n") || strings.Count(out, ",unknown\n") != 2 {
		t.Errorf("%q", out)
	}
	if named := want(t, 0, "", "extract", in, "--no-progress", "--feature", "label,dst_port", "--labels", labels); named != out {
		t.Errorf("with the column's name among those asked for:\n%s", named)
	}
	want(t, 2, `unknown feature "label"`, "extract", in, "--feature", "label,dst_port")
	want(t, 2, "--labels: open "+labels+"x: no such file", "extract", in, "--labels", labels+"x")
	want(t, 2, "--label-map: label: cic is neither a file nor a preset", "extract", in, "--labels", labels, "--label-map", "cic")
	want(t, 2, "--label-from-path: ", "extract", in, "--label-from-path", "(")
	want(t, 0, `"unused":1,"flows":{"web":1,"x":2}`, "extract", in, "--summary", "json", "--no-progress", "--labels", labels, "--label-default", "x")
}
