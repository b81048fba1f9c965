package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/extract"
	"pinyon/feature"
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
	f.StringVar(&v.schema, "schema", "", "version of the schema to check FILE against: "+extract.SchemaVersion)
	f.Float64Var(&v.tolerance, "tolerance", 1e-9, "absolute difference allowed of floats")
	f.Float64Var(&v.relative, "rtol", 0, "relative difference allowed of floats")
	f.BoolVar(&v.asJSON, "json", false, "print JSON")
	v.config = addConfigFlags(cmd)
	complete(cmd, "schema", []string{extract.SchemaVersion})
	return cmd
}

// capture compares an extraction with expected flows.
func (v *validation) capture(path string) error {
	data, err := os.ReadFile(v.expected)
	if err != nil {
		return usage("--expected: %w", err)
	}
	var want struct {
		Flows []map[string]any `json:"flows"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		return fmt.Errorf("%s: %w", v.expected, err)
	}
	if want.Flows == nil {
		return fmt.Errorf("%s: no array \"flows\"", v.expected)
	}
	rows, err := v.rows(path, want.Flows)
	if err != nil {
		return err
	}
	c := comparison{absolute: v.tolerance, relative: v.relative}
	c.compare(want.Flows, rows)
	return v.report(&c, fmt.Sprintf("%d flows agree with %s", len(rows), v.expected))
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
func (v *validation) report(c *comparison, agreed string) error {
	if v.asJSON {
		if err := v.printJSON(struct {
			OK          bool         `json:"ok"`
			Expected    int          `json:"expected_flows"`
			Extracted   int          `json:"extracted_flows"`
			Count       int          `json:"differences"`
			Differences []difference `json:"details"`
		}{c.count == 0, c.expected, c.extracted, c.count, append([]difference{}, c.list...)}); err != nil {
			return err
		}
	} else if err := v.writeResult("-", []byte(c.text(v.verbose > 0, agreed))); err != nil {
		return err
	}
	if c.count > 0 {
		return &exit{status: exitError}
	}
	return nil
}

// file checks a feature file against the schema.
func (v *validation) file(path string) error {
	if v.schema != extract.SchemaVersion {
		return usage("unknown schema %q; this build knows %s", v.schema, extract.SchemaVersion)
	}
	t, err := scanTable(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return usage("%w", err)
		}
		return err
	}
	faults := t.faults(v.schema)
	if v.asJSON {
		if err := v.printJSON(struct {
			OK      bool     `json:"ok"`
			Rows    uint64   `json:"rows"`
			Columns int      `json:"columns"`
			Faults  []string `json:"faults"`
		}{len(faults) == 0, t.Rows, len(t.Columns), append([]string{}, faults...)}); err != nil {
			return err
		}
	} else {
		text := strings.Join(faults, "\n")
		if len(faults) == 0 {
			text = fmt.Sprintf("%s: %d rows, %d columns, as schema %s has them", path, t.Rows, len(t.Columns), v.schema)
		}
		if err := v.writeResult("-", []byte(text+"\n")); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return &exit{status: exitError}
	}
	return nil
}

// faults are the ways in which a table is not one of the schema.
func (t *table) faults(version string) []string {
	var faults []string
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if t.Version != "" && t.Version != version {
		add("the file says schema %s", t.Version)
	}
	position := map[string]int{}
	for i, d := range extract.All() {
		position[d.ID()] = i
	}
	known := knownColumns()
	seen := map[string]bool{}
	last := -1
	for i := range t.Columns {
		c := &t.Columns[i]
		d, ok := known[c.Name]
		switch {
		case seen[c.Name]:
			add("column %s: twice", c.Name)
			continue
		case !ok:
			add("column %s: unknown", c.Name)
			continue
		}
		seen[c.Name] = true
		if c.typed && c.Type != d.Kind.String() && !(d.Kind.IsList() && c.Type == "string") {
			add("column %s: type %s, want %s", c.Name, c.Type, d.Kind)
		}
		if c.bad > 0 {
			add("column %s: %d values are no %s, the first in %s", c.Name, c.bad, d.Kind, c.first)
		}
		if at := position[d.ID()]; at < last {
			add("column %s: out of order", c.Name)
		} else {
			last = at
		}
	}
	return faults
}
