package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"pinyon/column"
)

// A Comparison holds extracted rows against expected ones. Set the tolerances, call Compare,
// and read what differs.
type Comparison struct {
	// Absolute and Relative are how far floats may be apart; the wider one counts.
	Absolute, Relative float64

	Expected, Extracted int // flows
	Count               int // differences
	Differences         []Difference
}

// MaxDifferences is how many differences a Comparison tells one by one.
const MaxDifferences = 50

// A Difference is one value, column or flow that is not as expected.
type Difference struct {
	Flow   string `json:"flow,omitempty"`
	Column string `json:"column,omitempty"`
	What   string `json:"what"` // value, missing column, extra column, missing flow, extra flow
	Want   any    `json:"expected,omitempty"`
	Got    any    `json:"extracted,omitempty"`
}

func (c *Comparison) add(d Difference) {
	if c.Count++; len(c.Differences) < MaxDifferences {
		c.Differences = append(c.Differences, d)
	}
}

// keyColumns identify a flow.
var keyColumns = []string{"src_ip", "src_port", "dst_ip", "dst_port", "protocol"}

// flowKey is a row's 5-tuple as text, of the columns that both sides have.
func flowKey(row map[string]any, columns []string) string {
	parts := make([]string, len(columns))
	for i, name := range columns {
		parts[i] = fmt.Sprint(row[name])
	}
	return strings.Join(parts, " ")
}

// Compare matches flows by addresses, ports and protocol, those of one key in their order.
// Without any key column on both sides they are matched by position. An expected row has
// values as encoding/json gives them with UseNumber, an extracted one as column.Row.Map does.
// NaN, empty text and null count as equal.
func (c *Comparison) Compare(want, got []map[string]any) {
	c.Expected, c.Extracted = len(want), len(got)
	var columns []string
	if len(want) > 0 && len(got) > 0 {
		c.columns(want[0], got[0])
		for _, name := range keyColumns {
			_, inWant := want[0][name]
			if _, inGot := got[0][name]; inWant && inGot {
				columns = append(columns, name)
			}
		}
	}
	byKey := map[string][]map[string]any{}
	for _, row := range got {
		k := flowKey(row, columns)
		byKey[k] = append(byKey[k], row)
	}
	for i, row := range want {
		k := flowKey(row, columns)
		name := k
		if name == "" {
			name = fmt.Sprintf("flow %d", i+1)
		}
		rows := byKey[k]
		if len(rows) == 0 {
			c.add(Difference{Flow: name, What: "missing flow"})
			continue
		}
		byKey[k] = rows[1:]
		c.row(name, row, rows[0])
	}
	for _, row := range got {
		k := flowKey(row, columns)
		if rows := byKey[k]; len(rows) > 0 {
			byKey[k] = rows[1:]
			c.add(Difference{Flow: k, What: "extra flow"})
		}
	}
}

// columns compares which columns there are, by the first row of each.
func (c *Comparison) columns(want, got map[string]any) {
	for _, name := range sortedKeys(want) {
		if _, ok := got[name]; !ok {
			c.add(Difference{Column: name, What: "missing column"})
		}
	}
	for _, name := range sortedKeys(got) {
		if _, ok := want[name]; !ok {
			c.add(Difference{Column: name, What: "extra column"})
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (c *Comparison) row(flow string, want, got map[string]any) {
	for _, name := range sortedKeys(want) {
		g, ok := got[name]
		if ok && !c.equal(want[name], g) {
			c.add(Difference{Flow: flow, Column: name, What: "value", Want: want[name], Got: finite(g)})
		}
	}
}

// finite makes a value fit for JSON.
func finite(v any) any {
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return v
}

// equal compares a JSON value with a value of a row.
func (c *Comparison) equal(want, got any) bool {
	if isEmpty(want) && isEmpty(got) {
		return true
	}
	switch g := got.(type) {
	case string:
		w, ok := want.(string)
		return ok && w == g
	case bool:
		w, ok := want.(bool)
		return ok && w == g
	case int64:
		w, ok := want.(json.Number)
		if !ok {
			return false
		}
		if n, err := strconv.ParseInt(string(w), 10, 64); err == nil {
			return n == g
		}
		f, err := w.Float64()
		return err == nil && f == float64(g)
	case float64:
		w, ok := want.(json.Number)
		if !ok {
			return false
		}
		f, err := w.Float64()
		return err == nil && c.near(f, g)
	case []int64:
		return equalList(c, want, g)
	case []float64:
		return equalList(c, want, g)
	case []column.Triple:
		w, ok := want.([]any)
		if !ok || len(w) != len(g) {
			return false
		}
		for i := range w {
			if !equalList(c, w[i], []float64{float64(g[i].Length), g[i].Gap, float64(g[i].Direction)}) {
				return false
			}
		}
		return true
	}
	return false
}

func equalList[T int64 | float64](c *Comparison, want any, got []T) bool {
	w, ok := want.([]any)
	if !ok || len(w) != len(got) {
		return false
	}
	for i := range w {
		if !c.equal(w[i], any(got[i])) && !c.equal(w[i], float64(got[i])) {
			return false
		}
	}
	return true
}

func (c *Comparison) near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= max(c.Absolute, c.Relative*max(math.Abs(a), math.Abs(b)))
}

// isEmpty is the class of null, empty text and what is not a number.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case float64:
		return math.IsNaN(v)
	}
	return false
}

// ReadFlows reads the flows that a Comparison expects: a JSON object with an array flows of
// objects, one a flow.
func ReadFlows(r io.Reader) ([]map[string]any, error) {
	var want struct {
		Flows []map[string]any `json:"flows"`
	}
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		return nil, err
	}
	if want.Flows == nil {
		return nil, errors.New("no array \"flows\"")
	}
	return want.Flows, nil
}
