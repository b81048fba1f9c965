package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/sink/files"
)

// sinks are the sinks of this build, the default one first.
var sinks = all.Sinks()

// sinkNamed finds a sink by name or alias.
func sinkNamed(name string) (*sink.Descriptor, error) {
	d, err := sinks.Named(name)
	if err == nil {
		return d, nil
	}
	return nil, usage("%w", err)
}

// sinkFor is the sink that a path's extension means; nil if it means none.
func sinkFor(path string) (*sink.Descriptor, error) {
	d, err := sinks.ForFile(path)
	if err == nil || files.IsSpecial(path) {
		return d, nil
	}
	return nil, usage("%w; -f FORMAT goes before the name", err)
}

// sinkFlag is the flag of an option that one or several sinks have.
type sinkFlag struct {
	to   sink.Settings
	name string
	bool bool
}

// Set notes the value; sink.Target.Check tells whether the sinks take it.
func (f sinkFlag) Set(v string) error {
	f.to[f.name] = v
	return nil
}

// String is the default, for help.
func (f sinkFlag) String() string { return "" }

// Type is the word for the value in help.
func (f sinkFlag) Type() string {
	if f.bool {
		return "bool"
	}
	return "string"
}

// addSinkFlags gives cmd a flag for every option of the sinks that has one.
func addSinkFlags(cmd *cobra.Command, to sink.Settings) {
	for _, d := range sinks {
		for i := range d.Options {
			o := &d.Options[i]
			if o.Flag == "" || cmd.Flags().Lookup(o.Flag) != nil {
				continue
			}
			f := cmd.Flags().VarPF(sinkFlag{to, o.Flag, o.Bool}, o.Flag, "", sinkFlagDoc(o.Flag))
			if o.Bool {
				f.NoOptDefVal = "true"
			}
			if o.Values != nil {
				complete(cmd, o.Flag, o.Values)
			}
		}
	}
}

// checkSettings refuses a flag that does nothing, because no output has that option.
func checkSettings(flags sink.Settings, targets []*sink.Target) error {
	for _, flag := range slices.Sorted(maps.Keys(flags)) {
		if slices.ContainsFunc(targets, func(t *sink.Target) bool { return t.Sink.Option(flag) != nil }) {
			continue
		}
		var have []string
		for _, d := range sinks {
			if d.Option(flag) != nil {
				have = append(have, d.Name)
			}
		}
		return usage("--%s: no output has such an option; formats that have it: %s", flag, strings.Join(have, ", "))
	}
	return nil
}

// sinkFlagDoc is what the sinks say of the option that a flag sets, and which they are.
func sinkFlagDoc(flag string) string {
	var docs []string
	names := map[string][]string{}
	for _, d := range sinks {
		if o := d.Option(flag); o != nil {
			if names[o.Doc] == nil {
				docs = append(docs, o.Doc)
			}
			names[o.Doc] = append(names[o.Doc], d.Name)
		}
	}
	for i, doc := range docs {
		docs[i] = doc + " (" + strings.Join(names[doc], ", ") + ")"
	}
	return strings.Join(docs, "; ")
}
