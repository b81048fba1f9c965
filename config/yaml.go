package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func loadYAML(c *Config, data []byte) *Error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil {
		if err == io.EOF { // an empty file
			return nil
		}
		return &Error{Err: err}
	}
	if err := d.Decode(&more); err == nil {
		return &Error{Line: more.Line, Err: errors.New("more than one document")}
	} else if err != io.EOF {
		return &Error{Err: err}
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return &Error{Line: root.Line, Err: errors.New("want a mapping")}
	}
	l := loader{c: c}
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		k, bad := l.key(name.Value, name.Line)
		if bad != nil {
			return bad
		}
		if k.Name == "missing" && isWord(value, "null") {
			// The word is one of its values, and read as no value at all.
			return &Error{Line: value.Line, Key: k.Name, Err: errors.New(`got null; write "null" in quotation marks, or leave the key out for the default`)}
		}
		v, err := fromYAML(value, k.Kind)
		if err != nil {
			return &Error{Line: value.Line, Key: k.Name, Err: err}
		}
		if bad := l.set(k, v, value.Line); bad != nil {
			return bad
		}
	}
	return nil
}

// isWord reports whether n is the word, in any case and without quotation marks.
func isWord(n *yaml.Node, word string) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 && strings.EqualFold(n.Value, word)
}

// fromYAML is the value of a node in the terms of assign.
func fromYAML(n *yaml.Node, kind string) (any, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.SequenceNode {
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			if e.Kind == yaml.AliasNode {
				e = e.Alias
			}
			if e.Kind != yaml.ScalarNode { // it may well be the list itself
				return nil, fmt.Errorf("entry %d: want text", i+1)
			}
			v, err := fromYAML(e, "text")
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	}
	if n.Kind != yaml.ScalarNode {
		return struct{}{}, nil
	}
	if kind == "boolean" {
		// YAML 1.1 had more words, and files that use them.
		switch {
		case isWord(n, "yes"), isWord(n, "on"):
			return true, nil
		case isWord(n, "no"), isWord(n, "off"):
			return false, nil
		}
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case int:
		return number(strconv.Itoa(v)), nil
	case int64:
		return number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return number(strconv.FormatUint(v, 10)), nil
	case float64:
		// With an exponent, so that it is not taken for a whole number.
		return number(strconv.FormatFloat(v, 'e', -1, 64)), nil
	}
	return number(n.Value), nil // a date, which no key wants
}
