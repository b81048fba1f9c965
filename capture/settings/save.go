package settings

import (
	"bytes"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ToYAML has every key in one of the forms; Load of it gives the same values. With comments each
// key has its sentence above it.
func (c *Capture) ToYAML(f Form, comments bool) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for i := range keys {
		k := &keys[i]
		path := strings.Split(k.path(f), ".")
		at := root
		for _, name := range path[:len(path)-1] {
			at = child(at, name)
		}
		name, v := new(yaml.Node), new(yaml.Node)
		name.SetString(path[len(path)-1])
		if err := v.Encode(fileValue(k.field(c))); err != nil {
			return nil, &Error{Key: k.path(f), Err: err}
		}
		if comments {
			name.HeadComment = k.doc
			if k.allowed != "" {
				name.HeadComment += " Allowed: " + k.allowed + "."
			}
			if k.idle {
				name.HeadComment += " This key is read and changes nothing."
			}
		}
		at.Content = append(at.Content, name, v)
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// Save writes ToYAML to a file.
func (c *Capture) Save(path string, f Form) error {
	data, err := c.ToYAML(f, false)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// child is the mapping of a name in another one, made where there is none.
func child(at *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == name {
			return at.Content[i+1]
		}
	}
	k, v := new(yaml.Node), &yaml.Node{Kind: yaml.MappingNode}
	k.SetString(name)
	at.Content = append(at.Content, k, v)
	return v
}

// fileValue is the value at p as a file has it: a list of one is that one, a size is text.
func fileValue(p any) any {
	switch p := p.(type) {
	case *Size:
		return p.String()
	case *[]string:
		if len(*p) == 1 && (*p)[0] != "" {
			return (*p)[0]
		}
		return append([]string{}, *p...)
	case *[]int:
		return append([]int{}, *p...)
	}
	return value(p)
}
