package main

import (
	"path/filepath"
	"strings"
	"testing"

	"pinyon/schema"
)

// TestStamps: start and end are the times of start_ns and end_ns, as RFC 3339 in text; every format that
// is read back has them as the schema says, and converts to the same lines.
func TestStamps(t *testing.T) {
	in, dir := captureFile(t), t.TempDir()
	args := []string{"extract", in, "--include-trace", "--feature", "start_ns,end_ns,start,end"}
	lines := want(t, exitOK, "", args...)
	if !strings.HasPrefix(lines, "start_ns,end_ns,start,end\n") || strings.Count(lines, "Z\n") != 3 {
		t.Fatalf("got\n%s", lines)
	}
	for _, ext := range []string{"csv", "tsv", "jsonl", "json", "parquet", "arrow", "arrows"} {
		path := filepath.Join(dir, "x."+ext)
		want(t, exitOK, "", append(args, "-o", path)...)
		want(t, exitOK, "", "validate", "--schema", "v1.0", path)
		if got := want(t, exitOK, "", "convert", path, "-f", "csv"); got != lines {
			t.Errorf("%s: got\n%swant\n%s", ext, got, lines)
		}
	}
	for form, part := range map[string]string{"jsonschema": `"format": "date-time"`, "arrow": `"unit": "NANOSECOND"`, "json": "timestamp[ns, UTC]", "csv": "start,timestamp,"} {
		var b strings.Builder
		if err := schema.Write(&b, &schema.Options{Form: form, Group: "extra.flow_meta"}); err != nil || !strings.Contains(b.String(), part) {
			t.Errorf("schema %s: %v: no %s in\n%s", form, err, part, b.String())
		}
	}
}
