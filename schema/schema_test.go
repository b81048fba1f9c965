package schema

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pinyon/extract"
	"pinyon/feature"
)

func schemaBytes(t *testing.T, o *Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return b.Bytes()
}

// TestForms holds every form against the table of columns.
func TestForms(t *testing.T) {
	all := extract.All()
	for _, form := range Forms {
		for _, nulls := range []bool{false, true} {
			b := schemaBytes(t, &Options{Form: form, Nulls: nulls})
			for i := range all {
				if !bytes.Contains(b, []byte(all[i].Name)) {
					t.Errorf("%s: no %s", form, all[i].Name)
				}
			}
			switch form {
			case "csv", "markdown", "sql":
			default:
				if !json.Valid(b) {
					t.Errorf("%s is not JSON", form)
				}
			}
		}
	}
	if err := Write(&bytes.Buffer{}, &Options{Form: "xml"}); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("unknown form: %v", err)
	}
	if err := Write(&bytes.Buffer{}, &Options{Group: "burst"}); err == nil || !strings.Contains(err.Error(), "timing") {
		t.Errorf("unknown group: %v", err)
	}
}

func TestSchemaJSON(t *testing.T) {
	var doc struct {
		Version  string
		Missing  string
		Groups   []string
		Features []struct {
			Name, Type, Description, Unit, Group, ID, Dtype, Direction, Privacy string
			Position                                                            int
			Missing                                                             any
			Nullable, Optional                                                  bool
			Profile                                                             *string
		}
	}
	if err := json.Unmarshal(schemaBytes(t, nil), &doc); err != nil {
		t.Fatal(err)
	}
	all := extract.All()
	groups := make(map[string]bool) // some have further columns only
	for i := range all {
		groups[all[i].Group] = true
	}
	if doc.Version != feature.SchemaVersion || doc.Missing != "zero" || len(doc.Features) != len(all) || len(doc.Groups) != len(groups) {
		t.Fatalf("version %s, missing %s, %d features, %d groups", doc.Version, doc.Missing, len(doc.Features), len(doc.Groups))
	}
	seen := make([]bool, len(all))
	for i, f := range doc.Features {
		d := &all[f.Position]
		dtype, word := d.Kind.String(), d.Kind.TypeWord()
		if d.Form == feature.Stamp {
			dtype, word = "timestamp[ns, UTC]", "timestamp"
		}
		if seen[f.Position] || f.ID != d.ID() || f.Dtype != dtype || f.Type != word || f.Optional == (f.Profile != nil) {
			t.Errorf("%+v is not %+v", f, d)
		}
		seen[f.Position] = true
		if i > 0 && f.Group+" "+f.Name < doc.Features[i-1].Group+" "+doc.Features[i-1].Name {
			t.Errorf("%s after %s", f.ID, doc.Features[i-1].ID)
		}
		if (f.Missing == nil) != !f.Nullable {
			t.Errorf("%s: nullable %v, missing %v", f.ID, f.Nullable, f.Missing)
		}
	}
}
