package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/dataset"
	"pinyon/feature"
	"pinyon/internal/plain"
)

// validation is what the flags of validate say.
type validation struct {
	*app
	config    *configFlags
	expected  string
	schema    string
	tolerance float64
	relative  float64
	asJSON    bool
	unpack    unpackFlag
}

func (a *app) validateCommand() *cobra.Command {
	v := &validation{app: a}
	cmd := &cobra.Command{
		Use:   "validate FILE",
		Short: "Compare an extraction with expected values, or a file with the schema",
		Long: `Compare what is extracted from a capture with the flows of a JSON file (--expected): an
object with an array flows of objects, one a flow. Flows are matched by addresses, ports and
protocol, several of one 5-tuple in their order. NaN, empty text and null count as equal.
Columns are those of profile JJ-CORE unless flags say otherwise.

Or check a file that extract wrote against the schema (--schema v1.0): names, types, order.

It also says whether rows are missing because the run that wrote the file was interrupted.

Exit status 1 if something differs.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case (v.expected == "") == (v.schema == ""):
				return usage("validate needs --expected FILE or --schema VERSION")
			case v.schema != "":
				return v.file(args[0])
			}
			return v.capture(args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&v.expected, "expected", "", "JSON file with the expected flows")
	f.StringVar(&v.schema, "schema", "", "version of the schema to check FILE against: "+feature.SchemaVersion)
	f.Float64Var(&v.tolerance, "tolerance", 1e-9, "absolute difference allowed of floats")
	f.Float64Var(&v.relative, "rtol", 0, "relative difference allowed of floats")
	f.BoolVar(&v.asJSON, "json", false, "print JSON")
	v.unpack.add(cmd)
	v.config = addConfigFlags(cmd)
	complete(cmd, "schema", []string{feature.SchemaVersion})
	return cmd
}

// capture compares an extraction with expected flows.
func (v *validation) capture(path string) error {
	for _, name := range []string{path, v.expected} {
		if err := v.checkInput(name); err != nil {
			return err
		}
	}
	f, err := os.Open(v.expected)
	if err != nil {
		return usage("--expected: %w", err)
	}
	defer f.Close()
	want, err := dataset.ReadFlows(f)
	if err != nil {
		return fmt.Errorf("%s: %w", v.expected, err)
	}
	rows, err := v.rows(path, want)
	if err != nil {
		return err
	}
	c := dataset.Comparison{Absolute: v.tolerance, Relative: v.relative}
	c.Compare(want, rows)
	return v.report(&c, fmt.Sprintf("%d flows agree with %s", len(rows), plain.Text(v.expected)))
}

// rows extracts the flows of a capture, with flow_id only if the expectation has it.
func (v *validation) rows(path string, want []map[string]any) ([]map[string]any, error) {
	cfg, err := v.config.config()
	if err != nil {
		return nil, err
	}
	if cfg.Profile == "" && len(cfg.SpecificFeatures) == 0 && len(v.config.values["features"]) == 0 && len(v.config.profileFile) == 0 {
		cfg.Profile = string(feature.Core)
	}
	options, err := v.config.ownProfiles()
	if err != nil {
		return nil, err
	}
	if len(want) > 0 && len(v.config.values["include_flow_id"]) == 0 {
		_, cfg.IncludeFlowID = want[0]["flow_id"]
	}
	pipe, err := pinyon.New(cfg, options...)
	if err != nil {
		return nil, usage("%w", err)
	}
	var rows []map[string]any
	for row, err := range pipe.Rows(context.Background(), pinyon.File(path)) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row.Map())
	}
	return rows, nil
}

// report prints what differs; agreed is the line if nothing does.
func (v *validation) report(c *dataset.Comparison, agreed string) error {
	if v.asJSON {
		if err := v.printJSON(struct {
			OK          bool                 `json:"ok"`
			Expected    int                  `json:"expected_flows"`
			Extracted   int                  `json:"extracted_flows"`
			Count       int                  `json:"differences"`
			Differences []dataset.Difference `json:"details"`
		}{c.Count == 0, c.Expected, c.Extracted, c.Count, append([]dataset.Difference{}, c.Differences...)}); err != nil {
			return err
		}
	} else if err := v.writeResult("-", []byte(comparisonText(c, v.verbose > 0, agreed))); err != nil {
		return err
	}
	if c.Count > 0 {
		return &exit{status: exitError}
	}
	return nil
}

// file checks a feature file against the schema.
func (v *validation) file(path string) error {
	if v.schema != feature.SchemaVersion {
		return usage("unknown schema %q; this build knows %s", v.schema, feature.SchemaVersion)
	}
	limits, err := v.unpack.limits()
	if err != nil {
		return err
	}
	if err := v.checkInput(path); err != nil {
		return err
	}
	t, err := limits.Scan(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return usage("%w", err)
		}
		return err
	}
	faults := t.Faults(v.schema)
	if v.asJSON {
		if err := v.printJSON(struct {
			OK      bool     `json:"ok"`
			Rows    uint64   `json:"rows"`
			Columns int      `json:"columns"`
			Partial bool     `json:"partial"`
			Faults  []string `json:"faults"`
		}{len(faults) == 0, t.Rows, len(t.Columns), t.Partial, append([]string{}, faults...)}); err != nil {
			return err
		}
	} else {
		lines := make([]string, len(faults))
		for i, fault := range faults {
			lines[i] = plain.Line(fault)
		}
		if len(faults) == 0 {
			lines = []string{fmt.Sprintf("%s: %d rows, %d columns, as schema %s has them", plain.Text(path), t.Rows, len(t.Columns), v.schema)}
		}
		if t.Partial {
			lines = append(lines, fmt.Sprintf("%s: partial: rows are missing, for the run was interrupted", plain.Text(path)))
		}
		if err := v.writeResult("-", []byte(strings.Join(lines, "\n")+"\n")); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return &exit{status: exitError}
	}
	return nil
}

// comparisonText is a comparison in lines; values only if asked for.
func comparisonText(c *dataset.Comparison, values bool, agreed string) string {
	if c.Count == 0 {
		return agreed + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d differences; %d flows expected, %d extracted\n", c.Count, c.Expected, c.Extracted)
	for _, d := range c.Differences {
		at := d.Column
		if d.Flow != "" {
			at = strings.TrimSuffix(d.Flow+": "+d.Column, ": ")
		}
		fmt.Fprintf(&b, "%s: %s", d.What, plain.Line(at))
		if values && d.What == "value" {
			b.WriteString(plain.Line(fmt.Sprintf(": expected %v, extracted %v", d.Want, d.Got)))
		}
		b.WriteByte('\n')
	}
	if n := c.Count - len(c.Differences); n > 0 {
		fmt.Fprintf(&b, "and %d more\n", n)
	}
	return b.String()
}
