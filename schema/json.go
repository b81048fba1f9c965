package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"pinyon/feature"
	"pinyon/internal/version"
)

// ordered is a JSON object whose keys keep their order.
type ordered []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members as they stand.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// list is the short form: an array of columns by group and name.
func (d *doc) list() ordered {
	features := []ordered{}
	for _, f := range d.sorted() {
		_, missing := d.missing(&f)
		features = append(features, ordered{
			{"name", f.Name},
			{"type", typeWord(&f.Desc)},
			{"description", f.Doc},
			{"unit", f.Unit},
			{"group", f.Group},
			{"id", f.ID()},
			{"position", f.position},
			{"dtype", dtype(&f.Desc)},
			{"direction", f.Direction()},
			{"nullable", f.Nullable},
			{"missing", missing},
			{"privacy", f.Privacy.String()},
			{"profile", profileOf(&f)},
			{"optional", f.Optional},
		})
	}
	return ordered{
		{"version", feature.SchemaVersion},
		{"missing", d.policy()},
		{"features", features},
		{"groups", d.groups()},
	}
}

// profileOf is the column's profile; nil for an optional column, which is in none.
func profileOf(f *column) any {
	if f.Profile == feature.NoProfile {
		return nil
	}
	return f.Profile
}

// counts are the columns of each profile, and all that are in one.
func (d *doc) counts() (profiles ordered, total int) {
	for _, p := range feature.Profiles {
		n := 0
		for i := range d.columns {
			if d.columns[i].Profile == p {
				n++
			}
		}
		profiles = append(profiles, member{string(p), n})
		total += n
	}
	return profiles, total
}

// fullDirections are the words of the full form for who sent what a column counts.
var fullDirections = map[string]string{"fwd": "src_to_dst", "bwd": "dst_to_src", "both": "bidir"}

// full is everything that is known of every column, by id.
func (d *doc) full() ordered {
	features := ordered{}
	for i := range d.columns {
		f := &d.columns[i]
		policy, missing := d.missing(f)
		shape := []any{}
		if f.Kind.IsList() {
			shape = append(shape, nil)
		}
		features = append(features, member{f.ID(), ordered{
			{"id", f.ID()},
			{"position", f.position},
			{"dtype", dtype(&f.Desc)},
			{"shape", shape},
			{"units", f.Unit},
			{"direction", fullDirections[f.Direction()]},
			{"missing_policy", policy},
			{"missing_sentinel", missing},
			{"privacy_level", f.Privacy.String()},
			{"description", f.Doc},
			{"profile", profileOf(f)},
			{"optional", f.Optional},
		}})
	}
	profiles, total := d.counts()
	return ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "Pinyon features"},
		{"description", "Every column of a row, by id. A row is one bidirectional flow."},
		{"version", feature.SchemaVersion},
		{"pinyon_version", version.Number},
		{"total_features", total},
		{"optional_features", len(d.columns) - total},
		{"profiles", profiles},
		{"direction_semantics", "src_to_dst is sent by the flow's initiator, the sender of its first packet; dst_to_src by the responder; bidir by either."},
		{"missing", d.policy()},
		{"features", features},
	}
}

// minimal is the type and profile of every column, by name.
func (d *doc) minimal() ordered {
	features := ordered{}
	for i := range d.columns {
		f := &d.columns[i]
		features = append(features, member{f.Name, ordered{{"dtype", dtype(&f.Desc)}, {"profile", profileOf(f)}}})
	}
	_, total := d.counts()
	return ordered{{"version", feature.SchemaVersion}, {"total_features", total}, {"features", features}}
}

// jsonSchema describes a row of JSON output (JSON Schema 2020-12).
func (d *doc) jsonSchema() ordered {
	properties := ordered{}
	required := []string{}
	for i := range d.columns {
		f := &d.columns[i]
		p := jsonType(f.Kind)
		if f.Form == feature.Stamp {
			p = ordered{{"type", "string"}, {"format", "date-time"}}
		}
		// A number that is not finite leaves as null too.
		if d.nulls && f.Nullable || f.Kind == feature.Float {
			p[0].value = []any{p[0].value, "null"}
		}
		p = append(p, member{"description", f.Doc})
		if f.Unit != feature.None && f.Form != feature.Stamp {
			p = append(p, member{"x-unit", f.Unit})
		}
		p = append(p, member{"x-id", f.ID()})
		properties = append(properties, member{f.Name, p})
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	return ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", fmt.Sprintf("urn:pinyon:row:%s:%s", feature.SchemaVersion, d.policy())},
		{"title", "Pinyon row"},
		{"description", "One bidirectional flow, as JSON Lines output has it with every column switched on."},
		{"type", "object"},
		{"properties", properties},
		{"required", required},
	}
}

// jsonType describes a value; its first member is the type.
func jsonType(k feature.Kind) ordered {
	switch k {
	case feature.Int:
		return ordered{{"type", "integer"}}
	case feature.Float:
		return ordered{{"type", "number"}}
	case feature.Bool:
		return ordered{{"type", "boolean"}}
	case feature.Text:
		return ordered{{"type", "string"}}
	case feature.IntList:
		return ordered{{"type", "array"}, {"items", jsonType(feature.Int)}}
	case feature.FloatList:
		return ordered{{"type", "array"}, {"items", jsonType(feature.Float)}}
	}
	triple := []ordered{jsonType(feature.Int), jsonType(feature.Float), jsonType(feature.Int)}
	return ordered{{"type", "array"}, {"items", ordered{{"type", "array"}, {"prefixItems", triple}, {"items", false}}}}
}
