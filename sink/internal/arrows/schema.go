// Package arrows describes a column.Schema as an Arrow schema, which the arrow sinks write
// and the parquet sink embeds. It writes nothing.
package arrows

import (
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pinyon/column"
	"pinyon/feature"
)

// Triple is the element of an SPLT list: bytes, seconds since the packet before, and 1 or
// -1 for the direction.
var Triple = arrow.StructOf(
	arrow.Field{Name: "length", Type: arrow.PrimitiveTypes.Int64},
	arrow.Field{Name: "gap", Type: arrow.PrimitiveTypes.Float64},
	arrow.Field{Name: "direction", Type: arrow.PrimitiveTypes.Int64},
)

// Type is the Arrow type of a kind; elements of lists are never null.
func Type(k feature.Kind) arrow.DataType {
	switch k {
	case feature.Int:
		return arrow.PrimitiveTypes.Int64
	case feature.Float:
		return arrow.PrimitiveTypes.Float64
	case feature.Bool:
		return arrow.FixedWidthTypes.Boolean
	case feature.IntList:
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int64)
	case feature.FloatList:
		return arrow.ListOfNonNullable(arrow.PrimitiveTypes.Float64)
	case feature.Triples:
		return arrow.ListOfNonNullable(Triple)
	}
	return arrow.BinaryTypes.String
}

// typeOf is the Arrow type of a field that leaves as a kind, which may have a form of its own.
func typeOf(f *column.Field, kind feature.Kind) arrow.DataType {
	if kind != feature.Int {
		return Type(kind)
	}
	switch f.Form {
	case feature.Stamp:
		return arrow.FixedWidthTypes.Timestamp_ns
	case feature.Uint8:
		return arrow.PrimitiveTypes.Uint8
	case feature.Uint16:
		return arrow.PrimitiveTypes.Uint16
	case feature.Uint32:
		return arrow.PrimitiveTypes.Uint32
	}
	return Type(kind)
}

// Schema is the Arrow schema of s with the metadata meta. Fields carry id, group, unit,
// profile and description. With jsonLists, lists are text.
func Schema(s *column.Schema, meta map[string]string, jsonLists bool) *arrow.Schema {
	fields := make([]arrow.Field, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		kind := f.Kind
		if jsonLists && kind.IsList() {
			kind = feature.Text
		}
		fields[i] = arrow.Field{
			Name:     f.Out,
			Type:     typeOf(f, kind),
			Nullable: s.Nulls && f.Nullable,
			Metadata: arrow.NewMetadata(
				[]string{"id", "group", "unit", "profile", "description"},
				[]string{f.ID(), f.Group, string(f.Unit), string(f.Profile), f.Doc}),
		}
	}
	m := Metadata(s, meta)
	return arrow.NewSchema(fields, &m)
}

// Metadata is meta and the schema's version, sorted by key so that equal input gives equal
// bytes.
func Metadata(s *column.Schema, meta map[string]string) arrow.Metadata {
	all := maps.Clone(meta)
	if all == nil {
		all = map[string]string{}
	}
	if s.Version != "" {
		all[VersionKey] = s.Version
	}
	keys := slices.Sorted(maps.Keys(all))
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = all[k]
	}
	return arrow.NewMetadata(keys, values)
}

// VersionKey is the metadata key of the exported schema's version.
const VersionKey = "pinyon.schema_version"
