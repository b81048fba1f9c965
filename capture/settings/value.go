package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"pinyon/internal/conf"
)

// Below, p is the address of a field of Capture.

// value is what is at p.
func value(p any) any {
	switch p := p.(type) {
	case *bool:
		return *p
	case *int:
		return *p
	case *uint64:
		return *p
	case *float64:
		return *p
	case *string:
		return *p
	case *Size:
		return *p
	case *[]string:
		return slices.Clone(*p)
	case *[]int:
		return slices.Clone(*p)
	}
	panic(fmt.Sprintf("BUG: setting of type %T", p))
}

// assign gives p the value of a node. Kinds are not converted into each other, but a list of one
// entry may be that entry.
func assign(p any, n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	want, ok := "", false
	switch p := p.(type) {
	case *bool:
		want = "true or false"
		var v bool
		if v, ok = boolean(n); ok {
			*p = v
		}
	case *int:
		want = "a whole number"
		var v int64
		if v, ok = whole(n); ok && v >= math.MinInt32 && v <= math.MaxInt32 {
			*p = int(v)
		} else if ok {
			return fmt.Errorf("%d is not allowed; want a whole number of 32 bits", v)
		}
	case *uint64:
		want = "a whole number, 0 or more"
		var v int64
		if v, ok = whole(n); ok && v >= 0 {
			*p = uint64(v)
		}
		ok = ok && v >= 0
	case *float64:
		want = "a number"
		var v float64
		if ok = isTag(n, "!!int", "!!float") && n.Decode(&v) == nil && !math.IsNaN(v) && !math.IsInf(v, 0); ok {
			*p = v
		}
	case *string:
		want = "text"
		if ok = isTag(n, "!!str"); ok {
			*p = n.Value
		}
	case *Size:
		want = "a size, as 128KB"
		if isTag(n, "!!str", "!!int") {
			v, err := conf.ParseSize(n.Value)
			if ok = err == nil; ok {
				*p = v
			}
		}
	case *[]string:
		return assignTexts(p, n)
	case *[]int:
		return assignInts(p, n)
	}
	if !ok {
		return fmt.Errorf("got %s; want %s", show(n), want)
	}
	return nil
}

// entries are those of a list, or the one value that stands for it.
func entries(n *yaml.Node) ([]*yaml.Node, error) {
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("got %s; want a list", show(n))
	}
	if len(n.Content) > maxList {
		return nil, fmt.Errorf("a list of %d entries; want %d at most", len(n.Content), maxList)
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		if e.Kind == yaml.AliasNode {
			e = e.Alias
		}
		if e.Kind != yaml.ScalarNode { // it may well be the list itself
			return nil, fmt.Errorf("entry %d: got %s; want one value", i+1, show(e))
		}
		out[i] = e
	}
	return out, nil
}

func assignTexts(p *[]string, n *yaml.Node) error {
	list, err := entries(n)
	if err != nil {
		return err
	}
	var texts []string
	for i, e := range list {
		if !isTag(e, "!!str") {
			return fmt.Errorf("entry %d: got %s; want text", i+1, show(e))
		}
		if n.Kind == yaml.SequenceNode || e.Value != "" {
			texts = append(texts, e.Value)
		}
	}
	*p = texts
	return nil
}

func assignInts(p *[]int, n *yaml.Node) error {
	list, err := entries(n)
	if err != nil {
		return err
	}
	var numbers []int
	for i, e := range list {
		v, ok := whole(e)
		if !ok || v < math.MinInt32 || v > math.MaxInt32 {
			return fmt.Errorf("entry %d: got %s; want a whole number", i+1, show(e))
		}
		numbers = append(numbers, int(v))
	}
	*p = numbers
	return nil
}

// isTag reports whether n is one value of one of these kinds.
func isTag(n *yaml.Node, tags ...string) bool {
	return n.Kind == yaml.ScalarNode && slices.Contains(tags, n.ShortTag())
}

func isNull(n *yaml.Node) bool { return isTag(n, "!!null") }

// boolean reads true and false, and the words that YAML 1.1 had beside them.
func boolean(n *yaml.Node) (v, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return false, false
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

func whole(n *yaml.Node) (v int64, ok bool) {
	return v, isTag(n, "!!int") && n.Decode(&v) == nil
}

// show is a value in an error: of text not more than its beginning.
func show(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if n.ShortTag() == "!!str" {
		return strconv.Quote(shorten(n.Value))
	}
	return shorten(n.Value)
}

// shorten is the beginning of a text, of which a terminal obeys nothing.
func shorten(s string) string {
	const most = 80
	more := ""
	if len(s) > most {
		s, more = strings.ToValidUTF8(s[:most], ""), "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s) + more
}
