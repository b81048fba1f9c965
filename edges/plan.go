// Package edges has the parts of a union of captures extracted apart, with flows whole. A Plan says
// what captures there are and when; whoever extracts some of them writes the packets of flows that
// the others may change into an edge file (Writer), and the edge files of all parts are one source
// (Open) whose flows are the missing ones.
package edges

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/merged"
)

// A Plan is the captures of a union in the order of their positions, as NEIGHBOURS.json has them.
type Plan struct {
	Group    string    `json:"group"` // word for the site: equal addresses in two groups are different hosts
	Captures []Capture `json:"captures"`
}

// A Capture is one of a plan.
type Capture struct {
	Name    string `json:"name"` // as whoever extracts it is given it
	Records uint64 `json:"records"`
	First   int64  `json:"first_ns"` // least timestamp, ns since 1970-01-01 UTC; 0 without records
	Last    int64  `json:"last_ns"`  // greatest
}

// ReadPlan reads NEIGHBOURS.json.
func ReadPlan(b []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("plan: something follows the object")
	}
	switch n := len(p.Captures); {
	case n == 0:
		return nil, errors.New("plan: there is no capture in it")
	case n > merged.MaxCaptures:
		return nil, fmt.Errorf("plan: %d captures; there may be %d", n, merged.MaxCaptures)
	}
	names := map[string]bool{}
	for _, c := range p.Captures {
		switch {
		case c.Name == "" || names[c.Name]:
			return nil, fmt.Errorf("plan: the name %q is empty or there twice", c.Name)
		case c.First < 0 || c.Last < c.First:
			return nil, fmt.Errorf("plan: %s reaches from %d to %d", c.Name, c.First, c.Last)
		}
		names[c.Name] = true
	}
	return &p, nil
}

// JSON is the plan as ReadPlan reads it.
func (p *Plan) JSON() []byte {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic("BUG: plan: " + err.Error()) // strings and numbers only
	}
	return append(b, '\n')
}

// Names are the captures' names, by position.
func (p *Plan) Names() []string {
	names := make([]string, len(p.Captures))
	for i := range p.Captures {
		names[i] = p.Captures[i].Name
	}
	return names
}

// End is the greatest timestamp of all captures.
func (p *Plan) End() (end int64) {
	for i := range p.Captures {
		end = max(end, p.Captures[i].Last)
	}
	return end
}

// Find is the positions of inputs, by their names.
func (p *Plan) Find(ins []source.Input) ([]merged.Capture, error) {
	at := map[string]int{}
	for i, c := range p.Captures {
		at[filepath.Clean(c.Name)] = i
	}
	list := make([]merged.Capture, len(ins))
	for i := range ins {
		name := filepath.Clean(ins[i].Name)
		position, ok := at[name]
		if !ok {
			return nil, fmt.Errorf("%s: the plan has no capture of that name, or it was given twice", ins[i].Name)
		}
		delete(at, name)
		list[i] = merged.Capture{Input: ins[i], Position: position}
	}
	return list, nil
}

// Near gives a function that reports whether captures beside those of part have anything between two
// times, both included.
func (p *Plan) Near(part []merged.Capture) func(first, last int64) bool {
	var others []Capture
	for i, c := range p.Captures {
		if c.Records > 0 && !slices.ContainsFunc(part, func(m merged.Capture) bool { return m.Position == i }) {
			others = append(others, c)
		}
	}
	slices.SortFunc(others, func(a, b Capture) int { return cmp.Compare(a.First, b.First) })
	for i := 1; i < len(others); i++ {
		others[i].Last = max(others[i].Last, others[i-1].Last) // of all up to here
	}
	return func(first, last int64) bool {
		n, _ := slices.BinarySearchFunc(others, last, func(c Capture, t int64) int {
			if c.First <= t {
				return -1
			}
			return 1
		})
		return n > 0 && others[n-1].Last >= first
	}
}

// Check reports whether captures of a part reach from when to when the plan says; spans are those
// that were found.
func (p *Plan) Check(part []merged.Capture, spans []merged.Span) error {
	for i := range part {
		c := p.Captures[part[i].Position]
		if s := spans[i]; s.Records != c.Records || s.First != c.First || s.Last != c.Last {
			return fmt.Errorf("%s: the plan has %d records from %d to %d ns, the capture %d from %d to %d: make the plan anew", c.Name, c.Records, c.First, c.Last, s.Records, s.First, s.Last)
		}
	}
	return nil
}

// Make reads captures, several at a time, and plans them in that order. Of one that is damaged
// what lies before the damage counts.
func Make(ctx context.Context, group string, ins []source.Input, workers int) (*Plan, error) {
	p := &Plan{Group: group, Captures: make([]Capture, len(ins))}
	errs := make([]error, len(ins))
	next := make(chan int)
	var all sync.WaitGroup
	for range max(1, workers) {
		all.Go(func() {
			for i := range next {
				p.Captures[i], errs[i] = look(ctx, &ins[i])
			}
		})
	}
	for i := range ins {
		next <- i
	}
	close(next)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return ReadPlan(p.JSON())
}

// look reads a capture for its times.
func look(ctx context.Context, in *source.Input) (c Capture, err error) {
	c.Name = in.Name
	src, err := in.Open()
	if err != nil {
		return c, err
	}
	defer src.Close()
	var f packet.Frame
	for src.Next(&f) == nil {
		if c.Records == 0 {
			c.First, c.Last = f.TS, f.TS
		}
		c.First, c.Last = min(c.First, f.TS), max(c.Last, f.TS)
		if c.Records++; c.Records%(1<<16) == 0 && ctx.Err() != nil {
			return c, ctx.Err()
		}
	}
	if c.First < 0 {
		return c, fmt.Errorf("%s: a record is dated before 1970: captures are merged by times since then", c.Name)
	}
	return c, nil
}
