package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/config"
	"pinyon/extract"
	"pinyon/internal/near"
)

// configFlags are a configuration's keys as flags, and the files it comes from.
type configFlags struct {
	paths       []string // -c
	profileFile []string
	values      map[string][]string // as given, by key
	sensor      *sensor             // of a command that captures; nil: files for a capture are refused
}

// keyValue is a flag of a key. Several flags may share one list of values, the last of
// which counts.
type keyValue struct {
	all    *configFlags
	key    config.Key
	negate bool
}

// Set notes a value after a look at its kind.
func (v keyValue) Set(s string) error {
	if v.key.Kind == "boolean" {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("got %q; want true or false", s)
		}
		s = strconv.FormatBool(b != v.negate)
	}
	if err := pinyon.DefaultConfig().Set(v.key.Name, s); err != nil {
		var ce *config.Error
		if errors.As(err, &ce) {
			err = ce.Err
		}
		return err
	}
	v.all.values[v.key.Name] = append(v.all.values[v.key.Name], s)
	return nil
}

// String is the default, for help.
func (v keyValue) String() string { return v.key.Default }

// Type is the word for the value in help.
func (v keyValue) Type() string {
	return map[string]string{"number": "number", "integer": "int", "boolean": "bool", "text": "text", "list": "names", "size": "size"}[v.key.Kind]
}

// addConfigFlags gives cmd a flag for every key. Other spellings work and are not shown.
func addConfigFlags(cmd *cobra.Command) *configFlags {
	c := &configFlags{values: map[string][]string{}}
	f := cmd.Flags()
	f.StringArrayVarP(&c.paths, "config", "c", nil, "configuration file, .json, .yaml or .yml; may be repeated, a later one goes over those before; also PINYON_CONFIG")
	cmd.MarkFlagFilename("config", "json", "yaml", "yml")
	for _, k := range config.Keys() {
		doc := lowerFirst(strings.TrimSuffix(k.Doc, "."))
		if k.Kind == "boolean" && k.Default == "true" {
			doc += "; --no-" + k.Flag + " for not"
		}
		add := func(name, short string, negate, hidden bool) {
			g := f.VarPF(keyValue{c, k, negate}, name, short, doc)
			g.Hidden = hidden
			if k.Kind == "boolean" {
				g.NoOptDefVal = "true"
			}
		}
		for i, name := range append([]string{k.Flag}, k.Aliases...) {
			short := ""
			if i == 0 {
				short = k.Short
			}
			add(name, short, false, i > 0)
			if k.Kind == "boolean" {
				add("no-"+name, "", true, true)
			}
		}
		if words, ok := completions(k); ok {
			if k.Kind == "list" || k.Name == "profile" {
				completeList(cmd, k.Flag, words)
			} else {
				complete(cmd, k.Flag, words)
			}
		}
	}
	f.StringArrayVar(&c.profileFile, "profile-file", nil, "file with a profile of your own: one column a line")
	return c
}

// completions are the words that a key's value may be, where they can be listed.
func completions(k config.Key) ([]string, bool) {
	switch {
	case k.Name == "features":
		return append([]string{"all", "tranalyzer"}, extract.Groups()...), true
	case k.Name == "specific_features":
		return columnNames(), true
	case k.Name == "profile":
		return profileNames(), true
	case k.Kind == "text" && strings.Contains(k.Allowed, " or "):
		return strings.Split(k.Allowed, " or "), true
	}
	return nil, false
}

// columnNames are the names of all columns.
var columnNames = sync.OnceValue(func() (names []string) {
	for _, d := range extract.All() {
		names = append(names, d.Name)
	}
	return names
})

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// files are the configuration files, the later over the earlier.
func (c *configFlags) files() []string {
	if path := os.Getenv("PINYON_CONFIG"); len(c.paths) == 0 && path != "" {
		return []string{path}
	}
	return c.paths
}

// config is what file, environment and flags say, the later over the earlier. Values are
// not validated beyond their kind.
func (c *configFlags) config() (*pinyon.Config, error) {
	cfg := pinyon.DefaultConfig()
	paths, err := c.sensor.read(c.files())
	if err != nil {
		return nil, err
	}
	if len(paths) > 0 {
		if cfg, err = pinyon.LoadConfig(paths[0], paths[1:]...); err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return nil, err
			}
			return nil, usage("%w", err)
		}
	}
	if err := cfg.ApplyEnv(os.LookupEnv); err != nil {
		return nil, usage("%w", err)
	}
	for _, k := range config.Keys() {
		values := c.values[k.Name]
		if len(values) == 0 {
			continue
		}
		if k.Name == "profile" {
			values = []string{strings.Join(values, ",")}
		}
		if err := cfg.Set(k.Name, values...); err != nil {
			return nil, c.byFlag(err)
		}
	}
	return cfg, nil
}

// ownProfiles are the profiles of --profile-file, joined to those that the configuration names.
func (c *configFlags) ownProfiles() ([]pinyon.Option, error) {
	var options []pinyon.Option
	for _, path := range c.profileFile {
		columns, err := readProfile(path)
		if err != nil {
			return nil, err
		}
		options = append(options, pinyon.WithProfile(path, columns))
	}
	return options, nil
}

// readProfile reads a file of one column a line; blank lines and lines that start with #
// are passed over.
func readProfile(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	known := map[string]string{}
	for _, d := range extract.All() {
		known[d.Name], known[d.ID()] = d.ID(), d.ID()
	}
	var ids []string
	s := bufio.NewScanner(f)
	for line := 1; s.Scan(); line++ {
		word := strings.TrimSpace(s.Text())
		if word == "" || word[0] == '#' {
			continue
		}
		id, ok := known[word]
		switch {
		case !ok:
			return nil, usage("%s:%d: unknown feature %q%s", path, line, word, near.Hint(word, slices.Sorted(maps.Keys(known))))
		case slices.Contains(ids, id):
			return nil, usage("%s:%d: feature %q is given twice", path, line, word)
		}
		ids = append(ids, id)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(ids) == 0 {
		return nil, usage("%s: no feature in this profile", path)
	}
	return ids, nil
}
