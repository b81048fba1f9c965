package provenance

import (
	"encoding/json"
	"slices"
	"testing"

	"pinyon/internal/engine"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// TestTerms: every counter, reason and end reason that a run writes is explained, and nothing
// else is.
func TestTerms(t *testing.T) {
	reports := []engine.Report{{}}
	c := Sum(reports, groups.Stats{})
	written := map[string]bool{}
	collect := func(v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		for name, value := range m {
			written[name] = true
			if inner, ok := value.(map[string]any); ok && name != "non_ip_by" {
				for name := range inner {
					written[name] = true
				}
			}
		}
	}
	c.NonIP["ARP"] = 1
	collect(c)
	collect(source.Stats{ProcessDropped: 1})
	for r := range packet.NumReasons {
		if r.String() != "" {
			written[r.String()] = true
		}
	}
	explained := map[string]bool{}
	for _, term := range Terms() {
		if explained[term.Name] {
			t.Errorf("%s is explained twice", term.Name)
		}
		explained[term.Name] = true
		if !written[term.Name] {
			t.Errorf("%s is explained, and nothing writes it", term.Name)
		}
		if !slices.ContainsFunc(kinds, func(k struct{ name, doc string }) bool { return k.name == term.Kind }) || len(term.Doc) < 20 {
			t.Errorf("%s: kind %q, %q", term.Name, term.Kind, term.Doc)
		}
	}
	for name := range written {
		if !explained[name] {
			t.Errorf("%s is not explained", name)
		}
	}
}
