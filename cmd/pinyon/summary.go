package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"pinyon"
	"pinyon/capture"
	"pinyon/filter"
	"pinyon/flow"
	"pinyon/internal/plain"
	"pinyon/label"
	"pinyon/pcap"
	"pinyon/provenance"
	"pinyon/sink"
	"pinyon/sink/files"
)

// summary is what a run has to tell at its end.
type summary struct {
	Flows       uint64               `json:"flows"`
	Packets     uint64               `json:"packets"`
	Records     uint64               `json:"records"`
	Outputs     []string             `json:"outputs"`
	Inputs      int                  `json:"inputs"`
	Faults      []inputFault         `json:"faults"`
	Interrupted bool                 `json:"interrupted"`
	Replaced    uint64               `json:"bytes_replaced"` // of text that were not UTF-8
	Seconds     float64              `json:"seconds"`
	Counters    *provenance.Counters `json:"counters"`
	Labels      *label.Report        `json:"labels,omitempty"`
	Limited     []string             `json:"limited"`           // what limits did to values, in words
	Capture     *captureSummary      `json:"capture,omitempty"` // of a live run

	ended   string // why no output is finished; "" if they are
	rotated int    // files of outputs that rotate
	failed  int    // inputs of which nothing could be read
	damaged int    // inputs that were read in part
	denied  int    // failed ones that may not be read
	refused int    // failed or damaged ones whose link type the filter does not fit
	lost    uint64 // rows that an output did not take
}

// inputFault is an input that could not be read, or not to its end.
type inputFault struct {
	Input  string `json:"input"`
	Error  string `json:"error"`
	Record uint64 `json:"record,omitempty"` // where reading ended; from 1
	Offset int64  `json:"offset,omitempty"` // bytes, of the decompressed capture
}

func summarize(res *pinyon.Result, targets []*sink.Target, outs *files.Outputs, interrupted bool, took time.Duration) *summary {
	c := res.Counters()
	s := &summary{
		Flows: res.Rows, Packets: c.PacketsInRows, Records: c.Records, Inputs: len(res.Inputs),
		Faults: []inputFault{}, Interrupted: interrupted, Replaced: outs.Most(func(s sink.Stats) uint64 { return s.Replaced }), Seconds: took.Seconds(), Counters: c,
		Limited: limited(c),
	}
	s.lose(outs)
	for _, t := range targets {
		s.Outputs = append(s.Outputs, sink.Masked(t.Path))
	}
	for i := range res.Inputs {
		in := &res.Inputs[i]
		if in.Err == nil {
			continue
		}
		f := inputFault{Input: in.Name, Error: faultText(in)}
		var pe *pcap.Error
		var ce *capture.Error
		var fe *filter.Error
		if errors.As(in.Err, &fe) {
			s.refused++
		}
		if errors.As(in.Err, &ce) { // opened, or the run had not begun
			s.damaged++
		} else if errors.As(in.Err, &pe) {
			if interrupted && errors.Is(pe, pcap.ErrTruncated) {
				continue // cut by the signal, in the middle of a record
			}
			f.Record, f.Offset = pe.Record, pe.Offset
			s.damaged++
		} else {
			s.failed++
			if errors.Is(in.Err, fs.ErrPermission) {
				s.denied++
			}
		}
		s.Faults = append(s.Faults, f)
	}
	return s
}

// lose takes over how many rows an output has lost.
func (s *summary) lose(outs *files.Outputs) {
	s.lost = outs.Most(func(s sink.Stats) uint64 { return s.Lost })
	if s.Capture != nil {
		s.Capture.SinkLost = s.lost
	}
}

// nameFiles puts the files of outputs that rotate in place of the name that stands for them.
func (s *summary) nameFiles(outs *files.Outputs) {
	var names []string
	for i, o := range outs.List() {
		if r, ok := o.Sink.(interface{ Names() []string }); ok {
			names = append(names, r.Names()...)
			s.rotated += len(r.Names())
		} else if i < len(s.Outputs) {
			names = append(names, s.Outputs[i])
		}
	}
	s.Outputs = names
}

// faultText is the error of an input in a line that names it once.
func faultText(in *pinyon.Report) string {
	text, name := strings.TrimPrefix(strings.TrimPrefix(in.Err.Error(), "pcap: "), "capture: "), in.Name
	if name == "-" {
		name = "standard input"
	}
	if strings.Contains(text, name) {
		return text
	}
	return name + ": " + text
}

// nothing reports whether not a single input could be read.
func (s *summary) nothing() bool { return s.failed > 0 && s.failed == s.Inputs }

// status is the exit status that the inputs ask for.
func (s *summary) status(keepGoing bool) int {
	switch {
	case s.nothing() && s.denied == s.failed:
		return exitPermission
	case s.refused > 0 && s.refused == s.Inputs:
		return exitUsage
	case s.nothing():
		return exitError
	case len(s.Faults) > 0 && !keepGoing:
		return exitIncomplete
	}
	return exitOK
}

// maxFaults is how many bad inputs are told one by one.
const maxFaults = 20

// print tells the summary in lines.
func (s *summary) print(a *app) {
	for i, f := range s.Faults {
		if i == maxFaults {
			a.say("%s: and %d more inputs", a.name, len(s.Faults)-i)
			break
		}
		a.say("%s: %s", a.name, f.Error)
	}
	if s.nothing() {
		return
	}
	names := plain.All(s.Outputs)
	for i, n := range names {
		if n == "-" {
			names[i] = "standard output"
		}
	}
	const most = 4
	if n := len(names); s.rotated > most && n > most {
		names = append([]string{names[0], fmt.Sprintf("%d more", n-2)}, names[n-1])
	}
	to := " -> " + strings.Join(names, ", ")
	if s.ended != "" {
		to = ": " + s.ended
	}
	a.say("%d flows from %d packets (%d records)%s", s.Flows, s.Packets, s.Records, to)
	if s.Capture != nil {
		s.Capture.print(a)
	}
	if s.Counters.Dropped > 0 {
		a.say("dropped: %s%s", counts(s.Counters.DroppedBy), kinds(s.Counters.NonIP))
	}
	if n := counts(s.Counters.Noted); n != "" {
		a.say("noted: %s", n)
	}
	if l := s.Labels; l != nil {
		a.say("labels: %d flows by a record, %d by their input's path, %d by default (%s)", l.Matched, l.ByPath, l.Unmatched, counts(l.Flows))
		if l.Unused > 0 || l.Contradicting > 0 {
			a.say("labels: %d records fit no flow, %d contradict a later one", l.Unused, l.Contradicting)
		}
	}
	for _, l := range s.Limited {
		a.say("limited: %s", l)
	}
	if len(s.Faults) > 0 {
		a.say("inputs: %d, failed %d, damaged or cut short %d", s.Inputs, s.failed, s.damaged)
	}
	if s.Replaced > 0 {
		a.say("text: %d bytes were not UTF-8 and left as U+FFFD", s.Replaced)
	}
	a.log.Info("finished", "seconds", s.Seconds)
}

// printJSON tells the summary as one line of JSON.
func (s *summary) printJSON(a *app) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s\n", plain.JSON(b))
	return nil
}

// counts lists what is not zero, by name.
func counts(m map[string]uint64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if m[name] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[name], name))
		}
	}
	return strings.Join(parts, ", ")
}

// limited says, a line each, what limits did to the values of rows.
func limited(c *provenance.Counters) []string {
	lines := []string{}
	for _, l := range []struct {
		n    uint64
		what string
	}{
		{c.SketchedFlows, "flows have gap percentiles from a sketch, not from every gap"},
		{c.SizesDropped, "packets were left out of medians and modes of lengths, beyond 65,536 distinct ones of a flow"},
		{c.BetweennessApproximated, "inputs have their betweenness computed from some of the hosts"},
		{c.ConnectionAbsent, "inputs have no values of the group connection: the run was stopped before these were known"},
		{c.Noted["syn_held_forced"], "SYNs were given to the flow that they met before it was known whether they begin one"},
		{c.EndReasons[flow.Evicted.String()], "flows ended early to make room for others"},
	} {
		if l.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return lines
}

// kinds lists the most frequent kinds of frames without IP.
func kinds(m map[string]uint64) string {
	names := slices.Collect(maps.Keys(m))
	slices.SortFunc(names, func(a, b string) int {
		if m[a] != m[b] {
			return int(min(m[b], 1<<31)) - int(min(m[a], 1<<31))
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for i, n := range names {
		if i == 5 {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %d", n, m[n]))
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
