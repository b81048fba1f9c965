package settings

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Explain is a line for every key: its place in Guide, its value, and the file and line that gave
// it, or that it is the default.
func (c *Capture) Explain() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for i := range keys {
		k := &keys[i]
		from := c.Origin(k.guide)
		if from == "" {
			from = "default"
		}
		if k.changesNothing() {
			from += ", no effect"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.guide, shorten(quote(k.field(c))), from)
	}
	w.Flush()
	return b.String()
}
