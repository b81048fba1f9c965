package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pinyon/internal/near"
)

// What a file may have at most. Whoever wrote it may mean harm.
const (
	maxFile   = 256 << 10 // bytes
	maxErrors = 20        // that are told
	maxList   = 10000     // entries
)

// A place is where a value was given.
type place struct {
	path string
	line int
	key  string // as it is spelled there
}

// Load reads files over Default, a later one over those before it, key by key; lists are not
// joined. Both forms are known by their top keys, and JSON is read as the YAML that it is. Every
// unknown key, key given twice and value of another kind is an *Error with file, line and key, of
// which the first 20 are joined. Whether values are allowed is Validate's to say. Mappings that
// are shared by aliases or merged (<<) are refused, so a small file stays small.
func Load(path string, more ...string) (*Capture, error) {
	c := Default()
	for _, path := range append([]string{path}, more...) {
		if _, err := c.Read(path); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Read sets what a file says, and tells which form it has. After an error c may be half changed.
func (c *Capture) Read(path string) (Form, error) {
	f, err := os.Open(path)
	if err != nil {
		return Guide, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Guide, &Error{Path: path, Err: err}
	}
	return c.Parse(data, path)
}

// Parse is Read of the bytes of a file.
func (c *Capture) Parse(data []byte, path string) (Form, error) {
	if len(data) > maxFile {
		return Guide, &Error{Path: path, Err: fmt.Errorf("over %d bytes", maxFile)}
	}
	root, bad := document(data)
	if bad != nil {
		bad.Path = path
		return Guide, bad
	}
	l := loader{c: c, path: path, seen: map[string]bool{}}
	if c.from == nil {
		c.from = map[string]place{}
	}
	if root != nil {
		l.form = formOf(root)
		l.mapping(root, "", "")
	}
	if _, given := c.from[outputEnabled]; !given && l.implied.key != "" {
		c.Output.Enabled, c.from[outputEnabled] = true, l.implied
	}
	return l.form, errors.Join(l.errs...)
}

// Is reports whether a file, by its top keys, has one of the forms that are read here.
func Is(data []byte) bool {
	if len(data) > maxFile {
		return false
	}
	root, bad := document(data)
	if bad != nil || root == nil {
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if name := root.Content[i].Value; name == "sniffer" || slices.Contains(sections, name) {
			return true
		}
	}
	return false
}

// document is the mapping of a file; nil if the file is empty.
func document(data []byte) (*yaml.Node, *Error) {
	d := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, &Error{Err: err}
	}
	if err := d.Decode(&more); err == nil {
		return nil, &Error{Line: more.Line, Err: errors.New("more than one document")}
	} else if err != io.EOF {
		return nil, &Error{Err: err}
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &Error{Line: root.Line, Err: errors.New("want a mapping")}
	}
	return root, nil
}

// sections are the top keys of Code.
var sections = func() (names []string) {
	for i := range keys {
		name, _, _ := strings.Cut(keys[i].code, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}()

// formOf is the form whose top key comes first.
func formOf(root *yaml.Node) Form {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if slices.Contains(sections, root.Content[i].Value) {
			return Code
		}
		if root.Content[i].Value == "sniffer" {
			return Guide
		}
	}
	return Guide
}

// known are the keys of each form by their places, and the places that hold others. Both forms
// read the aliases that begin with one of their own top keys.
var known = func() (all [2]struct {
	leaf  map[string]*key
	below map[string][]string
}) {
	for f := range all {
		all[f].leaf, all[f].below = map[string]*key{}, map[string][]string{}
		add := func(path string, k *key) {
			all[f].leaf[path] = k
			for {
				at := strings.LastIndexByte(path, '.')
				up, name := "", path
				if at >= 0 {
					up, name = path[:at], path[at+1:]
				}
				if !slices.Contains(all[f].below[up], name) {
					all[f].below[up] = append(all[f].below[up], name)
				}
				if at < 0 {
					return
				}
				path = up
			}
		}
		for i := range keys {
			k := &keys[i]
			add(k.path(Form(f)), k)
			for _, also := range k.also {
				if strings.HasPrefix(also, "sniffer.") == (Form(f) == Guide) {
					add(also, k)
				}
			}
		}
	}
	return all
}()

// loader sets keys of c as they come in a file.
type loader struct {
	c    *Capture
	path string
	form Form
	seen map[string]bool // by the name in Guide
	errs []error

	implied place // of a key that asks for files of packets
}

func (l *loader) fail(n *yaml.Node, key string, err error) {
	if len(l.errs) < maxErrors {
		l.errs = append(l.errs, &Error{Path: l.path, Line: n.Line, Key: shorten(key), Err: err})
	}
}

// full reports whether as many errors as are told have been found.
func (l *loader) full() bool { return len(l.errs) >= maxErrors }

// mapping reads what is at a place; shown is how the file spells that.
func (l *loader) mapping(n *yaml.Node, at, shown string) {
	for i := 0; i+1 < len(n.Content) && !l.full(); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path, spelled := join(at, name.Value), join(shown, name.Value)
		if name.Kind != yaml.ScalarNode || strings.Contains(name.Value, ".") {
			l.fail(name, spelled, errors.New("unknown key"))
			continue
		}
		if l.form == Guide && at == "sniffer.logging" && slices.Contains(known[Guide].below["sniffer.logging.handlers"], name.Value) {
			path = join("sniffer.logging.handlers", name.Value) // one page leaves handlers out
		}
		if k := known[l.form].leaf[path]; k != nil {
			l.set(k, value, name, spelled)
			continue
		}
		if _, ok := known[l.form].below[path]; !ok {
			l.fail(name, spelled, errors.New("unknown key"+near.Hint(name.Value, known[l.form].below[at])))
			continue
		}
		l.section(value, name, path, spelled)
	}
}

// section reads a value that holds keys, or stands for some of them.
func (l *loader) section(n, name *yaml.Node, path, spelled string) {
	if n.Kind == yaml.MappingNode {
		l.mapping(n, path, spelled)
		return
	}
	if isNull(n) {
		return
	}
	switch leaf := known[l.form].leaf; {
	case strings.HasSuffix(path, ".filters") && n.Kind == yaml.SequenceNode:
		l.set(leaf[path+".expressions"], n, name, spelled)
	case strings.HasSuffix(path, ".rotation") && n.Kind == yaml.ScalarNode:
		on, isBool := boolean(n)
		if l.put(leaf[path+".enabled"], func(p any) { *p.(*bool) = !isBool || on }, name, spelled) && !isBool {
			l.set(leaf[path+".interval"], n, name, spelled)
		}
	case path == "sniffer.logging.handlers" && n.Kind == yaml.SequenceNode:
		l.handlers(n, spelled)
	case strings.HasPrefix(path, "sniffer.logging.handlers.") && n.Kind == yaml.ScalarNode:
		l.set(leaf[path+".enabled"], n, name, spelled)
	default:
		l.fail(n, spelled, fmt.Errorf("got %s; want a mapping", show(n)))
	}
}

// handlers reads the list form: of the handlers those are on that it names.
func (l *loader) handlers(n *yaml.Node, spelled string) {
	names := known[Guide].below["sniffer.logging.handlers"]
	for _, name := range names {
		k := known[Guide].leaf["sniffer.logging.handlers."+name+".enabled"]
		*k.field(l.c).(*bool) = false
	}
	for i, e := range n.Content {
		if l.full() {
			return
		}
		at := fmt.Sprintf("%s[%d]", spelled, i)
		if e.Kind != yaml.MappingNode {
			l.fail(e, at, fmt.Errorf("got %s; want a mapping with type, level and path", show(e)))
			continue
		}
		rest, kind := &yaml.Node{Kind: yaml.MappingNode, Line: e.Line}, (*yaml.Node)(nil)
		for j := 0; j+1 < len(e.Content); j += 2 {
			if e.Content[j].Value == "type" && kind == nil {
				kind = e.Content[j+1]
				continue
			}
			rest.Content = append(rest.Content, e.Content[j], e.Content[j+1])
		}
		if kind == nil || kind.Kind != yaml.ScalarNode || !slices.Contains(names, kind.Value) {
			where, what := e, "no type"
			if kind != nil {
				where, what = kind, "got "+show(kind)
			}
			l.fail(where, at+".type", fmt.Errorf("%s; want one of %s", what, strings.Join(names, ", ")))
			continue
		}
		path := "sniffer.logging.handlers." + kind.Value
		if l.put(known[Guide].leaf[path+".enabled"], func(p any) { *p.(*bool) = true }, kind, at+".type") {
			l.mapping(rest, path, at)
		}
	}
}

// put has f set a key's field, unless it was given before.
func (l *loader) put(k *key, f func(p any), name *yaml.Node, spelled string) bool {
	if l.seen[k.guide] {
		l.fail(name, spelled, errors.New("given twice"))
		return false
	}
	l.seen[k.guide] = true
	l.c.from[k.guide] = place{l.path, name.Line, spelled}
	f(k.field(l.c))
	if _, given := l.c.from[outputEnabled]; !given && strings.HasPrefix(k.guide, "sniffer.output.") {
		l.implied = place{l.path, name.Line, spelled}
	}
	return true
}

// set gives a key the value of a node; null is the default.
func (l *loader) set(k *key, n, name *yaml.Node, spelled string) {
	var err error
	if l.put(k, func(p any) {
		if isNull(n) {
			reflect.ValueOf(p).Elem().Set(reflect.ValueOf(k.field(Default())).Elem())
			return
		}
		err = assign(p, n)
	}, name, spelled) && err != nil {
		l.fail(n, spelled, err)
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}
