package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// A parquetNode is a column, or what lies within one.
type parquetNode struct {
	name       string
	physical   int64 // -1 of a group
	repetition int64
	children   []*parquetNode
}

// Physical types.
const (
	parquetBool = iota
	parquetInt32
	parquetInt64
	parquetInt96
	parquetFloat
	parquetDouble
	parquetBytes
	parquetFixed
)

// word is the type as the schema calls it, Parquet's own word for what no sink writes.
func (n *parquetNode) word() string {
	switch n.physical {
	case parquetInt64:
		return "int64"
	case parquetDouble:
		return "float64"
	case parquetBool:
		return "bool"
	case parquetBytes:
		return "string"
	case -1:
		// LIST: a repeated group with the element in it.
		if len(n.children) == 1 {
			if inner := n.children[0]; inner.physical < 0 && inner.repetition == repeated && len(inner.children) == 1 && inner.children[0].repetition == required {
				return "list<" + inner.children[0].word() + ">"
			}
		}
		if c := n.children; len(c) == 3 && c[0].is(parquetInt64) && c[1].is(parquetDouble) && c[2].is(parquetInt64) {
			return "triple"
		}
		return "group"
	}
	return [...]string{"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}[n.physical]
}

// Repetitions.
const (
	required = iota
	optional
	repeated
)

// is reports whether the node is a value, always there, of a physical type.
func (n *parquetNode) is(physical int64) bool {
	return n.physical == physical && n.repetition == required
}

func schemaElement(t *thrift) (n *parquetNode, children int64) {
	n = &parquetNode{physical: -1}
	t.fields(func(id int64, kind uint8) bool {
		switch {
		case id == 1 && kind == thriftI32:
			n.physical = t.int()
		case id == 3 && kind == thriftI32:
			n.repetition = t.int()
		case id == 4 && kind == thriftBinary:
			n.name = string(t.binary())
		case id == 5 && kind == thriftI32:
			children = t.int()
		default:
			return false
		}
		return true
	})
	if n.physical < -1 || n.physical > parquetFixed || n.repetition < required || n.repetition > repeated {
		t.fail()
	}
	return n, children
}

// tree makes the nodes, which lie depth first, a tree.
func tree(flat []*parquetNode, counts []int64, at *int, depth int) (*parquetNode, error) {
	if *at >= len(flat) || depth > maxNesting {
		return nil, errors.New("damaged: the schema lacks columns, or they lie too deep")
	}
	n, children := flat[*at], counts[*at]
	*at++
	if (n.physical >= 0) != (children == 0) || children < 0 {
		return nil, fmt.Errorf("damaged: column %s has %d columns", n.name, children)
	}
	for range children {
		child, err := tree(flat, counts, at, depth+1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
	return n, nil
}

// leaf lists the columns that have values.
func (c *parquetCheck) leaf(n *parquetNode, path string, plain bool, depth int) {
	if depth > 0 {
		path = strings.TrimPrefix(path+"."+n.name, ".")
		plain = plain && n.repetition != repeated
	}
	if n.physical >= 0 {
		c.leaves = append(c.leaves, parquetLeaf{path, n, plain})
	}
	for _, child := range n.children {
		c.leaf(child, path, plain, depth+1)
	}
}
