package main

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pinyon/internal/plain"
	"pinyon/metrics"
	"pinyon/schema"
	"pinyon/sink/files"
)

func (a *app) schemaCommand() *cobra.Command {
	var o schema.Options
	var output, missing string
	var full, minimal, grafana bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print name, type, unit and meaning of every column",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case grafana:
				return (&board{output: output, namespace: metrics.Namespace}).write(a)
			case full:
				o.Form = "full"
			case minimal:
				o.Form = "minimal"
			}
			switch missing {
			case "zero":
			case "null":
				o.Nulls = true
			default:
				return usage("unknown policy %q for missing values; want zero or null", missing)
			}
			var b bytes.Buffer
			if err := schema.Write(&b, &o); err != nil {
				return usage("%w", err)
			}
			return a.writeResult(output, b.Bytes())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "file to write; - is standard output")
	f.StringVarP(&o.Form, "format", "f", "json", "json, csv, markdown, jsonschema, arrow, sql, full or minimal")
	f.StringVar(&o.Group, "group", "", "only this group; extra for the further columns, extra.tls for those of one group")
	f.BoolVar(&full, "full", false, "everything known of every column, by id")
	f.BoolVar(&minimal, "minimal", false, "type and profile of every column, by name")
	f.BoolVar(&grafana, "grafana", false, "the overview board for Grafana, as dashboard export writes it")
	f.StringVar(&missing, "missing", "zero", "what stands for absent values: zero or null")
	f.StringVar(&o.Table, "db-table", "pinyon_features", "name of the table, for -f sql")
	cmd.MarkFlagsMutuallyExclusive("full", "minimal", "grafana", "format")
	complete(cmd, "format", schema.Forms)
	complete(cmd, "group", schema.Groups())
	complete(cmd, "missing", []string{"zero", "null"})
	return cmd
}

func (a *app) featuresCommand() *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use:   "features",
		Short: "Print the columns as Markdown tables",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var b bytes.Buffer
			if err := schema.Write(&b, &schema.Options{Form: "markdown", Group: group}); err != nil {
				return usage("%w", err)
			}
			return a.writeResult("-", b.Bytes())
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "only this group; extra for the further columns, extra.tls for those of one group")
	complete(cmd, "group", schema.Groups())
	return cmd
}

// writeResult writes a small result, which is text, to a file or to standard output.
func (a *app) writeResult(path string, b []byte) error {
	if path == "-" || path == "" {
		_, err := io.WriteString(a.out, plain.Lines(string(b)))
		return err
	}
	return files.WriteFile(path, b)
}

// What the annotations of a flag are called whose value is a word of a list, or several, joined by
// commas.
const (
	oneOf  = "pinyon_one_of"
	someOf = "pinyon_some_of"
)

// complete offers words for the value of a flag.
func complete(cmd *cobra.Command, flag string, words []string) { annotate(cmd, flag, oneOf, words) }

// completeList offers words for a flag that takes several, joined by commas.
func completeList(cmd *cobra.Command, flag string, words []string) {
	annotate(cmd, flag, someOf, words)
}

func annotate(cmd *cobra.Command, flag, as string, words []string) {
	f := cmd.Flag(flag)
	if f == nil {
		panic("BUG: no flag " + flag)
	}
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[as] = words
}

// offerWords has a shell that asks be told the words of the flags of all commands. cobra keeps what
// it is given for this for as long as the process lives, with all that hangs on the flags; hence
// nothing is given to it where no shell asks.
func offerWords(cmd *cobra.Command) {
	offer := func(f *pflag.Flag) {
		words, list := f.Annotations[oneOf], false
		if words == nil {
			words, list = f.Annotations[someOf], true
		}
		if words == nil {
			return
		}
		one := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
		if list {
			one = goesOn(words)
		}
		if err := cmd.RegisterFlagCompletionFunc(f.Name, one); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	cmd.LocalFlags().VisitAll(offer)
	for _, c := range cmd.Commands() {
		offerWords(c)
	}
}

// goesOn are the words that go on with what stands behind the last comma, and are not there yet.
func goesOn(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) (all []string, _ cobra.ShellCompDirective) {
		given := strings.Split(typed, ",")
		begun := given[len(given)-1]
		for _, w := range words {
			if strings.HasPrefix(w, begun) && !slices.Contains(given[:len(given)-1], w) {
				all = append(all, strings.TrimSuffix(typed, begun)+w)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // for the next comma
	}
}
