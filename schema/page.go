package schema

import (
	"cmp"
	"fmt"
	"strings"

	"pinyon/feature"
)

// Page is the reference of every column in Markdown, docs/features.md of this repository.
func Page() string {
	d, err := newDoc(&Options{})
	if err != nil {
		panic("BUG: " + err.Error()) // there are columns
	}
	_, total := d.counts()
	var b strings.Builder
	fmt.Fprintf(&b, "# Features\n\nSchema %s: %d columns in %d groups, and %d optional ones, which appear with their switch.\n"+
		"Groups and columns stand in the order of the output.\n\n"+
		"Absent is what stands for a value that a flow does not have, under `missing: zero`; under\n`missing: null` it is null. "+
		"A dash is a column that always has a value. Profiles are tiers of\nstability: JJ-CORE is frozen, JJ-EXTENDED stable, JJ-EXPERIMENTAL neither. Privacy is named\nwhere a value is not safe.\n\n",
		feature.SchemaVersion, total, len(d.groups()), len(d.columns)-total)
	for _, g := range d.groups() {
		fmt.Fprintf(&b, "## %s\n\n| Column | Type | Unit | Absent | Profile | Meaning |\n|---|---|---|---|---|---|\n", g)
		for i := range d.columns {
			f := &d.columns[i]
			if f.Group != g {
				continue
			}
			profile := string(f.Profile)
			if f.Optional {
				profile = "optional"
			}
			text := markdownCell(f.Doc)
			if f.Privacy != feature.Safe {
				text += " (" + f.Privacy.String() + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Name, dtype(&f.Desc), cmp.Or(string(f.Unit), "-"), absentCell(d, f), profile, text)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func absentCell(d *doc, f *column) string {
	policy, value := d.missing(f)
	switch {
	case policy == "never":
		return "-"
	case value == "":
		return "empty"
	}
	return fmt.Sprint(value)
}
