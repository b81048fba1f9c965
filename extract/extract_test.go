package extract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon/extract"
)

// TestExported: users see how columns are listed and added, and nothing of what computes them.
func TestExported(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name := range maps.Keys(f.Scope.Objects) {
			if ast.IsExported(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	if want := []string{"Accumulator", "All", "Custom", "Groups", "IsExtra", "Values"}; !slices.Equal(names, want) {
		t.Errorf("exported: %v, want %v", names, want)
	}
}

// TestGroups: every group has columns, and those of a group stand together, in the order of the
// groups, before the columns that are further ones of the same groups.
func TestGroups(t *testing.T) {
	var order []string
	for _, d := range extract.All() {
		if !slices.Contains(order, d.Group) {
			order = append(order, d.Group)
		}
	}
	n := len(extract.Groups())
	if n == 0 || len(order) < n || !slices.Equal(order[:n], extract.Groups()) {
		t.Errorf("columns by group: %v, groups %v", order, extract.Groups())
	}
}

func TestValues(t *testing.T) {
	v := make(extract.Values, 5)
	v.Int(0, -3)
	v.Float(1, 0.5)
	v.Bool(2, true)
	v.Text(3, "seen")
	if v[0].Int != -3 || v[1].Float != 0.5 || v[2].Int != 1 || string(v[3].Text) != "seen" {
		t.Errorf("%+v", v)
	}
	for i, set := range []bool{true, true, true, true, false} {
		if v[i].Set != set {
			t.Errorf("value %d: set %t", i, v[i].Set)
		}
	}
	zero := 0.0
	if v.Float(1, zero/zero); v[1].Set {
		t.Error("NaN is a value")
	}
}
