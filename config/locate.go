package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"

	"go.yaml.in/yaml/v3"
)

// Locate gives an error of Validate the file and line of the key that it names: those of the last
// of paths that gives the key. An error that names no key, and a key that none of them gives,
// stays as it is.
func Locate(err error, paths ...string) error {
	var e *Error
	if !errors.As(err, &e) || e.Key == "" || e.Path != "" {
		return err
	}
	for i := len(paths) - 1; i >= 0; i-- {
		data, bad := os.ReadFile(paths[i])
		if bad != nil || len(data) > maxConfig {
			continue
		}
		if line := lineOf(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), e.Key); line > 0 {
			return &Error{Path: paths[i], Line: line, Key: e.Key, Err: e.Err}
		}
	}
	return err
}

// lineOf is the line of a key in a file that was read without an error, JSON or YAML; 0 if it is
// not there.
func lineOf(data []byte, key string) int {
	if json.Valid(data) { // in which YAML may not have the tabs
		d := json.NewDecoder(bytes.NewReader(data))
		d.Token() // the opening brace
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return 0
			}
			if t == key {
				return 1 + bytes.Count(data[:d.InputOffset()], []byte("\n"))
			}
			var v json.RawMessage
			if d.Decode(&v) != nil {
				return 0
			}
		}
		return 0
	}
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return 0
	}
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			return root.Content[i].Line
		}
	}
	return 0
}
