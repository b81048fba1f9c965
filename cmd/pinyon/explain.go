package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/config"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/internal/near"
	"pinyon/provenance"
	"pinyon/schema"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain NAME...",
		Short: "Say what a column, group, counter, end reason or key is",
		Long: `Say what a name means that a run prints or writes: a column (duration, tls.tls_sni), a group
of columns (timing, extra), a profile, a counter (snaplen_cut), an end reason (idle), a key of
the configuration or its flag without dashes (active-timeout).`,
		Example: `  pinyon explain iat_mean
  pinyon explain ts_backwards evicted active-timeout`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var b strings.Builder
			for _, name := range args {
				if !explain(&b, name) {
					return usage("nothing is called %q%s", name, near.Hint(name, explained()))
				}
			}
			return a.writeResult("-", []byte(b.String()))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explained(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	return cmd
}

// explained are all names that explain knows.
func explained() []string {
	names := append(schema.Groups(), profileNames()...)
	for _, d := range extract.All() {
		names = append(names, d.Name, d.ID())
	}
	for _, t := range provenance.Terms() {
		names = append(names, t.Name)
	}
	for _, k := range config.Keys() {
		names = append(names, k.Name)
	}
	return names
}

// explain writes what a name means, in every sense that it has, and whether it has any.
func explain(b *strings.Builder, name string) bool {
	before := b.Len()
	name = strings.TrimLeft(name, "-")
	columns := extract.All()
	for i := range columns {
		if d := &columns[i]; d.Name == name || d.ID() == name {
			explainColumn(b, d)
		}
	}
	if slices.Contains(schema.Groups(), name) {
		var in []string
		for i := range columns {
			d := &columns[i]
			if d.Group == name || extract.IsExtra(d.Name) && (name == "extra" || name == "extra."+d.Group) {
				in = append(in, d.Name)
			}
		}
		fmt.Fprintf(b, "%s: group of %d columns: %s\n", name, len(in), strings.Join(in, ", "))
	}
	if slices.Contains(profileNames(), name) {
		fmt.Fprintf(b, "%s: profile of %d columns; \"pinyon profiles show %s\" lists them\n", name, len(profileColumns(feature.Profile(name), "")), name)
	}
	for _, t := range provenance.Terms() {
		if t.Name == name {
			fmt.Fprintf(b, "%s (%s): %s\n", t.Name, t.Kind, t.Doc)
		}
	}
	for _, k := range config.Keys() {
		if k.Name != name && k.Flag != name && !slices.Contains(k.Aliases, name) && !slices.Contains(k.Env, name) {
			continue
		}
		fmt.Fprintf(b, "%s (key, --%s): %s", k.Name, k.Flag, k.Doc)
		if k.Allowed != "" {
			fmt.Fprintf(b, " It may be %s.", k.Allowed)
		}
		if k.Default != "" {
			fmt.Fprintf(b, " The default is %s.", k.Default)
		}
		b.WriteByte('\n')
	}
	return b.Len() > before
}

// explainColumn writes what a column is.
func explainColumn(b *strings.Builder, d *feature.Desc) {
	fmt.Fprintf(b, "%s (column of %s, %s", d.Name, d.Group, d.Kind)
	if d.Unit != feature.None {
		fmt.Fprintf(b, ", in %s", d.Unit)
	}
	fmt.Fprintf(b, "): %s", d.Doc)
	switch {
	case !d.Nullable:
		b.WriteString(" It always has a value.")
	case d.Kind == feature.Text && d.MissingText == "":
		b.WriteString(" Where it is absent it is empty, or null with --missing null.")
	case d.Kind == feature.Text:
		fmt.Fprintf(b, " Where it is absent it is %s, or null with --missing null.", d.MissingText)
	default:
		fmt.Fprintf(b, " Where it is absent it is %d, or null with --missing null.", d.MissingInt)
	}
	switch {
	case extract.IsExtra(d.Name):
		b.WriteString(" It is there with --features all,extra, or by its name.")
	case d.Optional:
		b.WriteString(" It is there by a switch.")
	default:
		fmt.Fprintf(b, " Profile %s.", d.Profile)
	}
	b.WriteByte('\n')
}
