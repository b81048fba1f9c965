package account

import (
	"fmt"
	"strings"
)

// String is the word for a kind in Prometheus's text format.
func (k Kind) String() string { return [...]string{"counter", "gauge", "histogram"}[k] }

// Page is the list of metrics as a page of Markdown.
func Page() string {
	var b strings.Builder
	b.WriteString("# Metrics\n\nEach name has `pinyon_` in front, or what `--metrics-namespace` says. `docs/monitoring.md` tells how they are served and what they mean together.\n\n")
	b.WriteString("| name | kind | unit | labels | what it is |\n|---|---|---|---|---|\n")
	for _, m := range Metrics() {
		fmt.Fprintf(&b, "| `%s` | %v | %s | %s | %s |\n", m.Name, m.Kind, m.Unit, strings.Join(m.Labels, ", "), m.Doc)
	}
	b.WriteString("| `build_info` | gauge | programs | version, commit | Always 1, for what program this is. |\n")
	return b.String()
}
