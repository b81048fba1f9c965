package watch

import (
	"context"
	"errors"
	"time"

	"pinyon"
	"pinyon/account"
	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/files"
	"pinyon/source"
)

// An Extractor is a Processor that makes a row of every flow.
type Extractor struct {
	Pipeline *pinyon.Pipeline // its own: several Extractors need several
	// Target is where the rows of files go. Of a sink that writes files its Path is the job's
	// Output; the rows of all files go to any other as they are, each file as a run of its own.
	Target *sink.Target
	// Run is what the sink is told beside its options, of every file. Its Provenance, ID and
	// Resume are the Extractor's to set.
	Run       sink.Run
	Sidecar   bool // have the provenance beside files
	Header    bool // have it as the first row, of formats that can
	SkipEmpty bool // make no file of a capture without flows
	// Total, if not nil, sums up what is counted, a run a file; several Extractors may share it.
	Total *account.Total
}

// Process makes the rows of a job's file.
func (x *Extractor) Process(ctx context.Context, job *Job) (*Result, error) {
	in := pinyon.Input{Name: job.Path, Size: job.Size, Open: func() (source.Source, error) { return pcap.NewReader(job.Open()) }}
	ins := []pinyon.Input{in}
	run, res := x.Run, (*pinyon.Result)(nil)
	run.ID, run.Resume = job.Run, x.Target.Sink.Stream == nil
	if x.Sidecar || x.Header {
		run.Provenance = x.provenance(ins, &res, job)
	}
	target := *x.Target
	if target.Sink.Stream != nil {
		target.Path = job.Output
	}
	ended := func() {}
	if x.Total != nil {
		a := x.Total.Begin()
		ended = func() { x.Total.End(a) }
		x.Pipeline.Account(a)
	}
	outs := &files.Outputs{}
	abort := func() error {
		defer ended()
		return outs.Abort()
	}
	if err := outs.Open(ctx, []*sink.Target{&target}, x.Pipeline.Schema(), &run); err != nil {
		ended()
		return nil, &OutputError{err}
	}
	res, err := x.Pipeline.ProcessAll(ctx, ins, outs)
	if err != nil {
		abort()
		return nil, &OutputError{err}
	}
	r := &Result{Flows: res.Rows, Packets: res.Counters().PacketsInRows, Abort: abort}
	r.Damage = res.Inputs[0].Err
	if broken := unreadable(r.Damage); broken != nil {
		abort()
		return nil, broken
	}
	if r.Flows == 0 && x.SkipEmpty {
		return r, abort()
	}
	r.Commit = func(ctx context.Context) error {
		err := outs.Close(ctx)
		var lost *sink.LossError
		if errors.As(err, &lost) { // the others have arrived, and these would not a second time
			r.Damage, err = errors.Join(r.Damage, lost), nil
		}
		if err == nil {
			ended()
		}
		return err
	}
	return r, nil
}

// unreadable is the error of a file that is no capture, or that the system failed to read; nil if
// its rows are all that it has to give.
func unreadable(err error) error {
	if errors.Is(err, pcap.ErrDamaged) || errors.Is(err, pcap.ErrTruncated) {
		return nil
	}
	return err
}

// provenance says where a file's rows come from. res is filled in before it is asked for the end.
func (x *Extractor) provenance(ins []pinyon.Input, res **pinyon.Result, job *Job) *sink.Provenance {
	of := func(res *pinyon.Result) []byte {
		v := x.Pipeline.Provenance(ins, res)
		v.Inputs[0].Size = job.Size
		return v.Compact()
	}
	p := &sink.Provenance{Header: x.Header, Head: of(nil), Tail: func() []byte { return of(*res) }}
	if x.Sidecar {
		p.File = func() []byte {
			v := x.Pipeline.Provenance(ins, *res)
			v.Inputs[0].Size = job.Size
			v.Stamp(time.Now())
			return v.JSON()
		}
	}
	return p
}
