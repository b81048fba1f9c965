package pinyon

import (
	"regexp"

	"pinyon/config"
	"pinyon/label"
	"pinyon/provenance"
)

// WithLabels gives every row the label that l has for it, in a column behind all others. files are
// what l was read from, for the provenance. Without this option labels come from the files that the
// configuration names, if any.
func WithLabels(l *label.Labels, files []label.File) Option {
	return func(p *Pipeline) { p.labels, p.files = l, files }
}

// LoadLabels reads the files of labels that a configuration names, in the forms that package label
// knows and in others. Without any, and without label_from_path, there are no labels: nil.
func LoadLabels(cfg *Config, others ...label.Format) (*label.Labels, []label.File, error) {
	if len(cfg.Labels) == 0 && cfg.LabelFromPath == "" {
		return nil, nil, nil
	}
	m := &label.Mapping{Tolerance: label.DefaultTolerance}
	var err error
	if cfg.LabelMap != "" {
		if m, err = label.LoadMapping(cfg.LabelMap); err != nil {
			return nil, nil, &config.Error{Key: "label_map", Err: err}
		}
	}
	records, files, err := label.Load(cfg.Labels, m, others...)
	if err != nil {
		return nil, nil, &config.Error{Key: "labels", Err: err}
	}
	var path *regexp.Regexp
	if cfg.LabelFromPath != "" {
		if path, err = regexp.Compile(cfg.LabelFromPath); err != nil {
			return nil, nil, &config.Error{Key: "label_from_path", Err: err}
		}
	}
	l := label.NewLabels(label.New(records, m.Tolerance), path, cfg.LabelDefault)
	l.Anonymized = m.Anonymized
	return l, files, nil
}

// loadLabels reads the files of the configuration, unless WithLabels gave labels.
func (p *Pipeline) loadLabels() (err error) {
	if p.labels == nil {
		p.labels, p.files, err = LoadLabels(&p.cfg)
	}
	return err
}

// LabelReport is what became of labels in the latest run; nil if there are none.
func (p *Pipeline) LabelReport() *label.Report {
	if p.labels == nil {
		return nil
	}
	return p.labels.Report()
}

// labelled tells where labels come from, and at the end of a run what became of them.
func (p *Pipeline) labelled(over bool) *provenance.Labels {
	if p.labels == nil {
		return nil
	}
	v := &provenance.Labels{Files: p.files, Map: p.cfg.LabelMap, FromPath: p.cfg.LabelFromPath, Default: p.cfg.LabelDefault}
	if v.Files == nil {
		v.Files = []label.File{}
	}
	if over {
		v.Report = p.labels.Report()
	}
	return v
}
