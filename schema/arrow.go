package schema

import (
	"pinyon/feature"
)

// arrow is the schema of Arrow output in the JSON form that Arrow's own integration tests
// exchange (format/Integration.rst): field by field with type, nullability and metadata.
func (d *doc) arrow() ordered {
	fields := []ordered{}
	for i := range d.columns {
		f := &d.columns[i]
		t, children := arrowType(f.Kind)
		if f.Form == feature.Stamp {
			t = ordered{{"name", "timestamp"}, {"unit", "NANOSECOND"}, {"timezone", "UTC"}}
		}
		field := arrowField(f.Name, t, d.nulls && f.Nullable, children...)
		fields = append(fields, append(field, member{"metadata", []ordered{
			arrowPair("id", f.ID()),
			arrowPair("group", f.Group),
			arrowPair("unit", string(f.Unit)),
			arrowPair("profile", string(f.Profile)),
			arrowPair("description", f.Doc),
		}}))
	}
	return ordered{{"schema", ordered{
		{"fields", fields},
		{"metadata", []ordered{arrowPair("pinyon.schema_version", feature.SchemaVersion)}},
	}}}
}

func arrowPair(key, value string) ordered { return ordered{{"key", key}, {"value", value}} }

func arrowField(name string, t ordered, nullable bool, children ...ordered) ordered {
	if children == nil {
		children = []ordered{}
	}
	return ordered{{"name", name}, {"nullable", nullable}, {"type", t}, {"children", children}}
}

var (
	arrowInt   = ordered{{"name", "int"}, {"bitWidth", 64}, {"isSigned", true}}
	arrowFloat = ordered{{"name", "floatingpoint"}, {"precision", "DOUBLE"}}
	arrowList  = ordered{{"name", "list"}}
)

// arrowType is a kind's type and child fields; elements of lists are never null.
func arrowType(k feature.Kind) (t ordered, children []ordered) {
	switch k {
	case feature.Int:
		return arrowInt, nil
	case feature.Float:
		return arrowFloat, nil
	case feature.Bool:
		return ordered{{"name", "bool"}}, nil
	case feature.IntList:
		return arrowList, []ordered{arrowField("item", arrowInt, false)}
	case feature.FloatList:
		return arrowList, []ordered{arrowField("item", arrowFloat, false)}
	case feature.Triples:
		triple := arrowField("item", ordered{{"name", "struct"}}, false,
			arrowField("length", arrowInt, false), arrowField("gap", arrowFloat, false), arrowField("direction", arrowInt, false))
		return arrowList, []ordered{triple}
	}
	return ordered{{"name", "utf8"}}, nil
}
