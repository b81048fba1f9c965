package label

import (
	"regexp"
	"sync/atomic"
)

// Labels give every flow of a run its label: that of its record, else that of its input's path,
// else the default. Any number of goroutines may ask at a time.
type Labels struct {
	set    *Set
	path   *regexp.Regexp
	none   *class
	inputs []*class // by input; nil is none
	byPath atomic.Uint64

	// Anonymized says that records have addresses as the rows of the run have them, hashed or
	// enciphered, so that those of flows are to be made so before they are compared.
	Anonymized bool
}

// NewLabels makes labels of an index; nil is one without records. path gives the flows of an input
// the label that it finds in the input's name: its first group, or without any the whole match; nil
// is none. The label of flows that have no other is none.
func NewLabels(s *Set, path *regexp.Regexp, none string) *Labels {
	if s == nil {
		s = New(nil, 0)
	}
	return &Labels{set: s, path: path, none: s.class(none)}
}

// Begin names the inputs of a run that begins, in their order, and has the report begin anew.
func (l *Labels) Begin(inputs []string) {
	l.set.reset()
	l.byPath.Store(0)
	l.inputs = make([]*class, len(inputs))
	for i, name := range inputs {
		if l.path == nil {
			continue
		}
		if m := l.path.FindStringSubmatch(name); len(m) > 1 {
			l.inputs[i] = l.set.class(m[1])
		} else if len(m) == 1 {
			l.inputs[i] = l.set.class(m[0])
		}
	}
}

// HasIDs reports whether Of looks at a flow's ID.
func (l *Labels) HasIDs() bool { return l.set.HasIDs() }

// Of is the label of a flow of an input.
func (l *Labels) Of(f *Flow, input int) string {
	if label, ok := l.set.Match(f); ok {
		return label
	}
	c := l.none
	if input < len(l.inputs) && l.inputs[input] != nil {
		c = l.inputs[input]
		l.byPath.Add(1)
	}
	c.flows.Add(1)
	return c.label
}

// A Report says what became of the records and of the flows of a run.
type Report struct {
	Matched       uint64            `json:"matched"`   // flows with a record
	ByPath        uint64            `json:"by_path"`   // flows without one, labelled by their input's name
	Unmatched     uint64            `json:"unmatched"` // flows that have the default label
	Contradicting int               `json:"contradicting"`
	Unused        int               `json:"unused"` // records that fit no flow
	Flows         map[string]uint64 `json:"flows"`  // by label
}

// Report is what became of records and flows so far.
func (l *Labels) Report() *Report {
	r := &Report{
		Matched: l.set.Matched(), ByPath: l.byPath.Load(), Contradicting: l.set.Contradicting,
		Unused: l.set.Unused(), Flows: l.set.Flows(),
	}
	r.Unmatched = l.set.Unmatched() - r.ByPath
	return r
}
