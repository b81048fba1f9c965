package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLocate: of every key, a value that is not allowed is told with the file and line that gave
// it, in JSON and YAML, of two files the later one.
func TestLocate(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := write("other.yaml", "key_vlan: true\n")
	told := 0
	for i := range keys {
		k := &keys[i]
		for _, v := range []string{"-1", "\"?!\"", "2000000000", "[\"?!\"]"} {
			first := write("first.json", fmt.Sprintf("{\n%q: %s\n}", k.Name, v))
			for path, line := range map[string]int{
				write("a.yaml", fmt.Sprintf("# one\n\n%s: %s\n", k.Name, v)):                           3,
				write("a.json", fmt.Sprintf("{\n\t\"tcp_close_delay\":\n 5,\n\t%q: %s\n}", k.Name, v)): 4,
			} {
				if k.Name == "tcp_close_delay" && strings.HasSuffix(path, ".json") {
					continue
				}
				c, err := Load(first, path, other)
				if err != nil {
					continue
				}
				var e *Error
				if err := c.Validate(); err == nil || !errors.As(err, &e) || e.Key != k.Name {
					continue
				} else if got := Locate(err, first, path, other).Error(); !strings.HasPrefix(got, fmt.Sprintf("%s:%d: %s: ", path, line, k.Name)) {
					t.Errorf("%s; want line %d", got, line)
				}
				told++
			}
		}
	}
	if told < 40 {
		t.Errorf("%d values were refused", told)
	}
	if err := errors.New("x"); Locate(err, other) != err {
		t.Error("an error of another kind is changed")
	}
	e := &Error{Key: "flow_timeout", Err: errors.New("x")}
	if got := Locate(e, other, filepath.Join(dir, "none.yaml")); got != error(e) {
		t.Error(got)
	}
}
