package config

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Explain is a line for every key: its name, its value, and whether that is the default. Of a
// salt it says no more than whether there is one.
func (c *Config) Explain() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for i := range keys {
		k := &keys[i]
		v, from := k.quote(c), "set"
		if text(k.field(c)) == k.Default {
			from = "default"
		} else if k.secret() {
			v = "(not shown)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, v, from)
	}
	w.Flush()
	return b.String()
}
