package pinyon

import (
	"fmt"
	"slices"
	"strings"

	"pinyon/column"
	"pinyon/config"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/internal/groups"
)

// NewParts makes a pipeline whose rows have the columns that cfg asks for, and beside them those of
// parts: words for columns, groups and profiles. schemas are the columns of cfg, and then of each part, for column.View;
// a part without words has those of cfg. What switches a column off, such as include_ip_addresses,
// switches it off in parts as well.
func NewParts(cfg *Config, parts [][]string, opts ...Option) (p *Pipeline, schemas []*column.Schema, err error) {
	if p, err = New(cfg, opts...); err != nil {
		return nil, nil, err
	}
	schemas = []*column.Schema{p.Schema()}
	opts = opts[:len(opts):len(opts)]
	if p.labels != nil {
		opts = append(opts, WithLabels(p.labels, p.files))
	}
	all := ids(p.Schema())
	more := false
	for _, words := range parts {
		if len(words) == 0 {
			schemas = append(schemas, p.Schema())
			continue
		}
		part, err := partOf(cfg, words, opts)
		if err != nil {
			return nil, nil, err
		}
		schemas = append(schemas, part)
		for _, id := range ids(part) {
			if !slices.Contains(all, id) {
				all, more = append(all, id), true
			}
		}
	}
	if more {
		p, err = New(cfg, append(opts, only(everything, all, nil))...)
	}
	return p, schemas, err
}

// everything are the words for all columns.
var everything = []string{"all", "extra"}

// only has a pipeline ask for these columns instead of the configuration's.
func only(groupWords, columns, profiles []string) Option {
	return func(p *Pipeline) {
		p.shape = append(p.shape, func(o *groups.Options) {
			o.Groups, o.Features, o.Profiles, o.ProfileIDs, o.AskedOrder = groupWords, columns, profiles, nil, false
		})
	}
}

// ids are the columns that a pipeline can be asked for.
func ids(s *column.Schema) (names []string) {
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Group != groups.LabelGroup {
			names = append(names, f.ID())
		}
	}
	return names
}

// partOf is the schema of words.
func partOf(cfg *Config, words []string, opts []Option) (*column.Schema, error) {
	known := extract.Groups()
	var columns, groupWords, profiles []string
	for _, w := range words {
		switch {
		case slices.Contains(feature.Profiles, feature.Profile(w)):
			profiles = append(profiles, w)
		case slices.Contains(known, w) || slices.Contains(everything, w) || groups.IsWord(w):
			groupWords = append(groupWords, w)
		default:
			columns = append(columns, w)
		}
	}
	for _, o := range []struct {
		is      bool
		options Option
	}{
		{groupWords != nil, only(groupWords, nil, nil)},
		{profiles != nil, only(nil, nil, profiles)},
	} {
		if !o.is {
			continue
		}
		p, err := New(cfg, append(opts[:len(opts):len(opts)], o.options)...)
		if err != nil {
			return nil, partError(words, err)
		}
		columns = append(columns, ids(p.Schema())...)
	}
	p, err := New(cfg, append(opts[:len(opts):len(opts)], only(everything, columns, nil))...)
	if err != nil {
		return nil, partError(words, err)
	}
	return p.Schema(), nil
}

func partError(words []string, err error) error {
	return &config.Error{Err: fmt.Errorf("features=%s: %w", strings.Join(words, ","), err)}
}
