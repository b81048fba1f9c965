package main

import (
	"pinyon"
	"pinyon/filter"
	"pinyon/source/merged"
)

// merge makes all inputs one, whose frames come by time.
func (in *inputs) merge(cfg *pinyon.Config, filtering *filter.Options) error {
	if cfg.LabelFromPath != "" {
		return usage("--label-from-path: flows of merged captures have no path of their own")
	}
	o, err := unionOptions(cfg, filtering)
	if err != nil {
		return err
	}
	names := make([]string, len(in.list))
	for i := range in.list {
		names[i] = in.list[i].Name
	}
	one, err := merged.Input(merged.Captures(in.list), names, o)
	if err != nil {
		return usage("--merge: %w", err)
	}
	in.merged, in.list = in.list, []pinyon.Input{one}
	return nil
}

// unionOptions are the rules of a union by a configuration.
func unionOptions(cfg *pinyon.Config, filtering *filter.Options) (o merged.Options, err error) {
	o.StepBack = cfg.Flow().Timeout
	if cfg.BPFFilter != "" {
		set, err := filter.NewSet(cfg.BPFFilter, filtering)
		if err != nil {
			return o, badFilter(cfg.BPFFilter, err)
		}
		o.Match = set.Match
	}
	return o, nil
}
