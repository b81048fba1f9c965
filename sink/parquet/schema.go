package parquet

import (
	"pinyon/column"
	"pinyon/feature"
)

// Physical types, as Type in parquet.thrift numbers them.
const (
	typeBool  = 0
	typeInt   = 2
	typeFloat = 5
	typeText  = 6
)

// Repetition types, converted types and logical types of parquet.thrift that are in use.
const (
	required      = 0
	optional      = 1
	repeated      = 2
	convertedUTF8 = 0
	convertedList = 3
	logicalString = 1
	logicalList   = 3
)

// A leaf is a column of the file; a Triples column has three.
type leaf struct {
	path     []string
	physical int32
	maxRep   uint8 // 1 in lists
	maxDef   uint8 // level of a value that is there
	field    int   // of the schema
	part     int   // of a triple: length, gap, direction
	optional bool
}

var parts = [...]string{"length", "gap", "direction"}

// leaves are the file's columns in order.
func leaves(s *column.Schema, jsonLists bool) []leaf {
	var all []leaf
	for i := range s.Fields {
		f := &s.Fields[i]
		l := leaf{path: []string{f.Out}, field: i, optional: s.Nulls && f.Nullable}
		if l.optional {
			l.maxDef = 1
		}
		kind := f.Kind
		if kind.IsList() && jsonLists {
			kind = feature.Text
		}
		if kind.IsList() {
			l.path = []string{f.Out, "list", "element"}
			l.maxRep = 1
			l.maxDef++
		}
		switch kind {
		case feature.Int, feature.IntList:
			l.physical = typeInt
		case feature.Float, feature.FloatList:
			l.physical = typeFloat
		case feature.Bool:
			l.physical = typeBool
		case feature.Text:
			l.physical = typeText
		case feature.Triples:
			for k, name := range parts {
				p := l
				p.path = []string{f.Out, "list", "element", name}
				p.part = k
				p.physical = typeInt
				if k == 1 {
					p.physical = typeFloat
				}
				all = append(all, p)
			}
			continue
		}
		all = append(all, l)
	}
	return all
}

// appendSchema writes the tree of the schema as a flattened list. A list is
//
//	required or optional group NAME (LIST) {
//	  repeated group list {
//	    required ... element;
//	  }
//	}
func appendSchema(t *thrift, id int, s *column.Schema, jsonLists bool) {
	n := 1
	for i := range s.Fields {
		n += elements(s.Fields[i].Kind, jsonLists)
	}
	t.list(id, thriftStruct, n)
	node{name: "schema", children: len(s.Fields), repetition: -1, converted: -1, physical: -1}.append(t)
	for i := range s.Fields {
		f := &s.Fields[i]
		top := node{name: f.Out, converted: -1, physical: -1}
		if s.Nulls && f.Nullable {
			top.repetition = optional
		}
		if !f.Kind.IsList() || jsonLists {
			top.setKind(f.Kind).append(t)
			continue
		}
		top.children, top.converted, top.logical = 1, convertedList, logicalList
		top.append(t)
		node{name: "list", repetition: repeated, children: 1, converted: -1, physical: -1}.append(t)
		element := node{name: "element", converted: -1, physical: -1}
		switch f.Kind {
		case feature.IntList:
			element.setKind(feature.Int).append(t)
		case feature.FloatList:
			element.setKind(feature.Float).append(t)
		default:
			element.children = len(parts)
			element.append(t)
			for k, name := range parts {
				kind := feature.Int
				if k == 1 {
					kind = feature.Float
				}
				node{name: name, converted: -1}.setKind(kind).append(t)
			}
		}
	}
}

// elements is the number of nodes that a column of kind k takes.
func elements(k feature.Kind, jsonLists bool) int {
	switch {
	case !k.IsList() || jsonLists:
		return 1
	case k == feature.Triples:
		return 3 + len(parts)
	}
	return 3
}

// A node is a SchemaElement. -1 is unset, and so is 0 for children and logical.
type node struct {
	name                            string
	physical, repetition, converted int32
	children, logical               int
}

func (n node) setKind(k feature.Kind) node {
	switch k {
	case feature.Int:
		n.physical = typeInt
	case feature.Float:
		n.physical = typeFloat
	case feature.Bool:
		n.physical = typeBool
	default:
		n.physical, n.converted, n.logical = typeText, convertedUTF8, logicalString
	}
	return n
}

func (n node) append(t *thrift) {
	t.begin(0)
	if n.physical >= 0 {
		t.i32(1, n.physical)
	}
	if n.repetition >= 0 {
		t.i32(3, n.repetition)
	}
	t.text(4, n.name)
	if n.physical < 0 {
		t.i32(5, int32(n.children))
	}
	if n.converted >= 0 {
		t.i32(6, n.converted)
	}
	if n.logical > 0 {
		t.begin(10)
		t.empty(n.logical)
		t.end()
	}
	t.end()
}
