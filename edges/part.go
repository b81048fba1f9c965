package edges

import (
	"context"
	"errors"

	"pinyon"
	"pinyon/flow"
	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/merged"
)

// A Part is some captures of a plan whose edges are known.
type Part struct {
	// Input is the captures as one, for the pipeline that makes the part's rows.
	Input  pinyon.Input
	chains *pinyon.Chains
}

// Survey reads captures of a plan, by the flow rules of pipe, and finds their edges. o is what the
// union's Options are beside End. The captures have to be what the plan says of them.
func (p *Plan) Survey(ctx context.Context, pipe *pinyon.Pipeline, list []merged.Capture, o merged.Options) (*Part, error) {
	o.End = p.End()
	in, err := merged.Input(list, p.Names(), o)
	if err != nil {
		return nil, err
	}
	var union *merged.Union
	look := in
	look.Open = func() (source.Source, error) {
		u, err := merged.Open(list, o)
		union = u
		return u, err
	}
	chains, rep, err := pipe.Survey(ctx, look, p.Near(list))
	if err != nil {
		return nil, err
	}
	var back *merged.StepBackError
	if errors.As(rep.Err, &back) {
		return nil, back
	}
	if err := p.Check(list, union.Spans()); err != nil {
		return nil, err
	}
	return &Part{Input: in, chains: chains}, nil
}

// Edge is for pinyon.WithEdges: it writes the part's edges to w. An error of w is Close's.
func (p *Part) Edge(w *Writer) func(f *packet.Frame, k *flow.Key, now int64) bool {
	return func(f *packet.Frame, k *flow.Key, now int64) bool {
		if !p.chains.Edge(k, now) {
			return false
		}
		w.Add(f, k, now)
		return true
	}
}
