package all

import (
	"os"
	"strings"
	"testing"
)

// TestDocs: docs/formats.md has a line for every option of every sink.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Sinks() {
		for _, o := range d.Options {
			flag := ""
			if o.Flag != "" {
				flag = " `--" + o.Flag + "`"
			}
			_, line, ok := strings.Cut(string(page), "| `"+o.Name+"` |"+flag+" |")
			line, _, _ = strings.Cut(line, "\n")
			if !ok || !strings.Contains(line, d.Name) {
				t.Errorf("%s: option %s (flag %q) is not in docs/formats.md", d.Name, o.Name, o.Flag)
			}
		}
	}
}
