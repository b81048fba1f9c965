package parquet

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"pinyon/column"
	"pinyon/feature"
)

// The columns of the file that a Triples column has.
var parts = [...]string{"length", "gap", "direction"}

// storedKind is the kind a column has in the file.
func storedKind(k feature.Kind, jsonLists bool) feature.Kind {
	if k.IsList() && jsonLists {
		return feature.Text
	}
	return k
}

// schemaOf is the file's schema. A list is
//
//	required or optional group NAME (LIST) {
//	  repeated group list {
//	    required ... element;
//	  }
//	}
func schemaOf(s *column.Schema, jsonLists bool) (*schema.GroupNode, error) {
	fields := make(schema.FieldList, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		repetition := parquet.Repetitions.Required
		if s.Nulls && f.Nullable {
			repetition = parquet.Repetitions.Optional
		}
		var err error
		if kind := storedKind(f.Kind, jsonLists); kind.IsList() {
			fields[i], err = list(f.Out, repetition, kind)
		} else {
			fields[i], err = formed(f, repetition, kind)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Out, err)
		}
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
}

// formed is the column of a field without elements, which may have a form of its own: unsigned
// numbers of up to 32 bits, and times, which have 64 bits as other numbers do.
func formed(f *column.Field, r parquet.Repetition, k feature.Kind) (schema.Node, error) {
	if k != feature.Int {
		return primitive(f.Out, r, k)
	}
	if bits := bitsOf(f); bits > 0 {
		return schema.NewPrimitiveNodeLogical(f.Out, r, schema.NewIntLogicalType(bits, false), parquet.Types.Int32, -1, -1)
	}
	if f.Form == feature.Stamp {
		return schema.NewPrimitiveNodeLogical(f.Out, r, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos), parquet.Types.Int64, -1, -1)
	}
	return primitive(f.Out, r, k)
}

// bitsOf is how many bits an unsigned field of fewer than 64 has; 0 of others.
func bitsOf(f *column.Field) int8 {
	switch f.Form {
	case feature.Uint8:
		return 8
	case feature.Uint16:
		return 16
	case feature.Uint32:
		return 32
	}
	return 0
}

func primitive(name string, r parquet.Repetition, k feature.Kind) (schema.Node, error) {
	switch k {
	case feature.Int:
		return schema.NewPrimitiveNode(name, r, parquet.Types.Int64, -1, -1)
	case feature.Float:
		return schema.NewPrimitiveNode(name, r, parquet.Types.Double, -1, -1)
	case feature.Bool:
		return schema.NewPrimitiveNode(name, r, parquet.Types.Boolean, -1, -1)
	}
	return schema.NewPrimitiveNodeLogical(name, r, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)
}

func list(name string, r parquet.Repetition, k feature.Kind) (schema.Node, error) {
	element, err := elementOf(k)
	if err != nil {
		return nil, err
	}
	repeated, err := schema.NewGroupNode("list", parquet.Repetitions.Repeated, schema.FieldList{element}, -1)
	if err != nil {
		return nil, err
	}
	return schema.NewGroupNodeLogical(name, r, schema.FieldList{repeated}, schema.NewListLogicalType(), -1)
}

func elementOf(k feature.Kind) (schema.Node, error) {
	required := parquet.Repetitions.Required
	switch k {
	case feature.IntList:
		return primitive("element", required, feature.Int)
	case feature.FloatList:
		return primitive("element", required, feature.Float)
	}
	fields := make(schema.FieldList, len(parts))
	for i, name := range parts {
		kind := feature.Int
		if i == 1 {
			kind = feature.Float
		}
		var err error
		if fields[i], err = primitive(name, required, kind); err != nil {
			return nil, err
		}
	}
	return schema.NewGroupNode("element", required, fields, -1)
}

// arrowSchema is s as Arrow's own readers want it: the message of an IPC stream in base64.
func arrowSchema(s *arrow.Schema) (string, error) {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s))
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("schema: %w", err)
	}
	const end = 8 // the stream's end mark
	return base64.StdEncoding.EncodeToString(b.Bytes()[:b.Len()-end]), nil
}
