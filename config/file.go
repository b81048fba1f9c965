package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"pinyon/internal/near"
)

// maxConfig is far more than a configuration can need.
const maxConfig = 1 << 20

// Load reads files over Default, a later one over those before it: JSON if it ends in .json, YAML if in .yaml or
// .yml; any other ending is an error. It is one flat mapping; null stands for the default.
// Unknown keys, keys given twice and values of another kind are errors: a *Error with
// the line. Whether values are allowed is not looked at here but by Validate, once variables
// and flags have had their say.
func Load(path string, more ...string) (*Config, error) {
	c := Default()
	for _, path := range append([]string{path}, more...) {
		if err := c.read(path); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// read sets what a file says.
func (c *Config) read(path string) error {
	read, err := formOf(path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err == nil && len(data) > maxConfig {
		err = fmt.Errorf("over %d bytes", maxConfig)
	}
	if err != nil {
		return &Error{Path: path, Err: err}
	}
	if err := read.load(c, bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))); err != nil {
		err.Path = path
		return err
	}
	return nil
}

// Save writes the configuration to a file, in the form of its ending. A file with a salt in
// it is readable by its owner only.
func (c *Config) Save(path string) error {
	form, err := formOf(path)
	if err != nil {
		return err
	}
	data, err := form.save(c)
	if err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if c.AnonymizationSalt != "" {
		mode = 0o600
	}
	return os.WriteFile(path, data, mode)
}

// form is how a file is read and written.
type form struct {
	load func(*Config, []byte) *Error
	save func(*Config) ([]byte, error)
}

func formOf(path string) (form, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return form{loadJSON, (*Config).ToJSON}, nil
	case ".yaml", ".yml":
		return form{loadYAML, (*Config).ToYAML}, nil
	}
	return form{}, &Error{Path: path, Err: errors.New("want a name that ends in .json, .yaml or .yml")}
}

// FromJSON reads a configuration as Load does.
func FromJSON(data []byte) (*Config, error) {
	c := Default()
	if err := loadJSON(c, data); err != nil {
		return nil, err
	}
	return c, nil
}

// FromYAML reads a configuration as Load does.
func FromYAML(data []byte) (*Config, error) {
	c := Default()
	if err := loadYAML(c, data); err != nil {
		return nil, err
	}
	return c, nil
}

// ToJSON has every key in the order of Config, indented by two spaces. It fails for numbers
// that JSON does not have.
func (c *Config) ToJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteString("{\n")
	for i := range keys {
		fmt.Fprintf(&b, "  %q: ", keys[i].Name)
		if err := e.Encode(keys[i].value(c)); err != nil {
			return nil, &Error{Key: keys[i].Name, Err: err}
		}
		if i < len(keys)-1 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// ToYAML has every key in the order of Config.
func (c *Config) ToYAML() ([]byte, error) {
	doc := yaml.Node{Kind: yaml.MappingNode}
	for i := range keys {
		name, value := new(yaml.Node), new(yaml.Node)
		name.SetString(keys[i].Name)
		if err := value.Encode(keys[i].value(c)); err != nil {
			return nil, &Error{Key: keys[i].Name, Err: err}
		}
		doc.Content = append(doc.Content, name, value)
	}
	return yaml.Marshal(&doc)
}

// value is the key's value as a file has it. What may be null is null when it is empty.
func (k *key) value(c *Config) any {
	switch p := k.field(c).(type) {
	case *float64:
		return *p
	case *int:
		return *p
	case *uint64:
		return *p
	case *bool:
		return *p
	case *Size:
		return p.String()
	case *[]string:
		if len(*p) == 0 {
			return nil
		}
		return *p
	case *string:
		if *p == "" && k.null {
			return nil
		}
		return *p
	}
	return nil
}

// UnmarshalJSON is FromJSON, for a Config inside another structure.
func (c *Config) UnmarshalJSON(data []byte) error {
	d := Default()
	if err := loadJSON(d, data); err != nil {
		return err
	}
	*c = *d
	return nil
}

// MarshalJSON is ToJSON.
func (c *Config) MarshalJSON() ([]byte, error) { return c.ToJSON() }

// loader sets keys of c as they come in a file.
type loader struct {
	c    *Config
	seen map[string]bool
}

// key looks up a name at a line; each may come once.
func (l *loader) key(name string, line int) (*key, *Error) {
	k := find(name)
	if k == nil {
		return nil, &Error{Line: line, Key: name, Err: errors.New("unknown key" + near.Hint(name, names()))}
	}
	if l.seen[name] {
		return nil, &Error{Line: line, Key: name, Err: errors.New("given twice")}
	}
	if l.seen == nil {
		l.seen = make(map[string]bool)
	}
	l.seen[name] = true
	return k, nil
}

// set gives k the value; nil is the default.
func (l *loader) set(k *key, v any, line int) *Error {
	if v == nil {
		reflect.ValueOf(k.field(l.c)).Elem().Set(reflect.ValueOf(k.field(Default())).Elem())
		return nil
	}
	if err := assign(k.field(l.c), v); err != nil {
		if k.secret() {
			err = errSecret
		}
		return &Error{Line: line, Key: k.Name, Err: err}
	}
	return nil
}

func loadJSON(c *Config, data []byte) *Error {
	line := func(at int64) int { return 1 + bytes.Count(data[:min(at, int64(len(data)))], []byte("\n")) }
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	fail := func(err error) *Error {
		at := d.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return &Error{Line: line(at), Err: err}
	}
	t, err := d.Token()
	if err != nil {
		return fail(err)
	}
	if t != json.Delim('{') {
		return fail(errors.New("want a JSON object"))
	}
	l := loader{c: c}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fail(err)
		}
		at := line(d.InputOffset())
		k, bad := l.key(t.(string), at) // More left nothing but a key or an error
		if bad != nil {
			return bad
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return fail(err)
		}
		if bad := l.set(k, fromJSONValue(v), at); bad != nil {
			return bad
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return fail(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fail(errors.New("more after the object"))
	}
	return nil
}

func fromJSONValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		for i := range v {
			v[i] = fromJSONValue(v[i])
		}
	}
	return v
}
