package config

import (
	"fmt"
	"strings"
)

// Page is the reference of every key in Markdown, docs/configuration.md of this repository.
func Page() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"A configuration is one flat mapping, JSON (`.json`) or YAML (`.yaml`, `.yml`). `null` is the\n" +
		"default; unknown keys are errors. Flags go before variables, variables before the file; of several\n" +
		"files (`-c` repeated) a later one goes before an earlier one, key by key. A\n" +
		"boolean flag has a `--no-` form; a list takes commas and repetition.\n\n" +
		"| Key | Kind | Default | Flag | Variable | Meaning |\n|---|---|---|---|---|---|\n")
	for _, k := range Keys() {
		def := "null"
		if k.Default != "" {
			def = "`" + k.Default + "`"
		} else if k.Name == "anonymization_salt" {
			def = "empty"
		}
		flags := "`--" + k.Flag + "`"
		if k.Short != "" {
			flags += ", `-" + k.Short + "`"
		}
		for _, a := range k.Aliases {
			flags += ", `--" + a + "`"
		}
		vars := "-"
		if len(k.Env) > 0 {
			vars = "`" + strings.Join(k.Env, "`, `") + "`"
		}
		doc := k.Doc
		if k.Allowed != "" {
			doc += " Allowed: " + k.Allowed + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", k.Name, k.Kind, def, flags, vars, strings.ReplaceAll(doc, "|", `\|`))
	}
	return b.String()
}
