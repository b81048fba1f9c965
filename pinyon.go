package pinyon

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"strings"

	"pinyon/account"
	"pinyon/column"
	"pinyon/extract"
	"pinyon/filter"
	"pinyon/internal/engine"
	"pinyon/internal/groups"
	"pinyon/label"
	"pinyon/sink"
	"pinyon/source"
	"pinyon/source/file"
)

// An Input is one source of frames by name; Open is called when its turn comes.
type Input = engine.Input

// A Report is what became of one input: its counts, and the error that ended it.
type Report = account.Report

// An Account is what a run has counted so far, for any goroutine to read; see WithAccount.
type Account = account.Account

// A Snapshot is an Account at one moment.
type Snapshot = account.Snapshot

// A Session is a run whose records its caller pushes; see Pipeline.Session.
type Session = engine.Session

// File is a capture file as an input: pcap or pcapng, plain or packed with gzip or zstd, by
// content. The name "-" is standard input.
func File(path string) Input { return file.Input(path, nil) }

// Files are capture files as inputs.
func Files(paths ...string) []Input {
	ins := make([]Input, len(paths))
	for i, p := range paths {
		ins[i] = File(p)
	}
	return ins
}

// A Pipeline turns inputs into rows by one configuration. It may be used again, but not
// from several goroutines at once.
type Pipeline struct {
	cfg    Config
	plan   *groups.Plan
	engine engine.Options
	custom []extract.Custom
	shape  []func(*groups.Options)
	labels *label.Labels
	files  []label.File // that labels were read from
	// profile is what the provenance calls the profile; the configuration's unless
	// WithProfile joined one of the user's own.
	profile string
}

// An Option is something that has no place in a configuration file.
type Option func(*Pipeline)

// WithCustom adds groups of columns of the user's own, after the built-in ones.
func WithCustom(cs ...extract.Custom) Option {
	return func(p *Pipeline) { p.custom = append(p.custom, cs...) }
}

// WithAccount has the run keep a up to date, for other goroutines to read: what was read and
// what became of it, and, of Process and ProcessAll, what the sink says of itself.
func WithAccount(a *Account) Option {
	return func(p *Pipeline) { p.engine.Account = a }
}

// Account has the pipeline's next runs keep a up to date instead of what WithAccount named.
func (p *Pipeline) Account(a *Account) { p.engine.Account = a }

// WithStop has a run end early, and orderly, once stop is set: what was read is flushed. The
// graph of hosts is given up as WithGraphStop says.
func WithStop(stop *Stop) Option {
	return func(p *Pipeline) { p.engine.Stop, p.engine.Hurry = &stop.flag, stop.Done() }
}

// WithGraphStop has a run give up the graph of hosts once stop is set, which of 10⁶ hosts can
// take minutes: at once if it is being computed, and after 5 seconds if it is still to come.
// The connection columns of the input's rows are absent then, and Stats.ConnectionAbsent counts
// the input. It is for inputs that end by themselves when the run is to, as a device that is
// stopped does; WithStop includes it.
func WithGraphStop(stop *Stop) Option {
	return func(p *Pipeline) { p.engine.Hurry = stop.Done() }
}

// WithOpened has f told of every source right after it was opened, from the goroutine that
// reads it; of several small inputs more than one may be.
func WithOpened(f func(input int, src source.Source)) Option {
	return func(p *Pipeline) { p.engine.Opened = f }
}

// WithResolver lets names of hosts and networks stand in the filter.
func WithResolver(r filter.Resolver) Option {
	return func(p *Pipeline) { p.engine.Filtering = &filter.Options{Resolver: r} }
}

// WithQualifiedNames puts the group in front of every output name: timing.iat_mean.
func WithQualifiedNames() Option {
	return func(p *Pipeline) {
		p.shape = append(p.shape, func(o *groups.Options) { o.Qualified = true })
	}
}

// WithJoyfulJayNames has bidirectional_split rename the 15 columns that JoyfulJay renames,
// its way, instead of putting fwd_ and bwd_ in front.
func WithJoyfulJayNames() Option {
	return func(p *Pipeline) {
		p.shape = append(p.shape, func(o *groups.Options) { o.SplitJJ = true })
	}
}

// WithAskedOrder has the columns in the order in which specific_features names them, instead of
// the schema's.
func WithAskedOrder() Option {
	return func(p *Pipeline) {
		p.shape = append(p.shape, func(o *groups.Options) { o.AskedOrder = true })
	}
}

// WithProfile joins a profile of the user's own, a list of columns, to the configuration's.
func WithProfile(name string, columns []string) Option {
	return func(p *Pipeline) {
		p.profile = strings.TrimPrefix(p.profile+","+name, ",")
		p.shape = append(p.shape, func(o *groups.Options) { o.ProfileIDs = append(o.ProfileIDs, columns...) })
	}
}

// WithEndless leaves out the columns that need all flows of an input (group connection), for
// live inputs that run until they are stopped.
func WithEndless() Option {
	return func(p *Pipeline) {
		p.shape = append(p.shape, func(o *groups.Options) { o.Endless = true })
	}
}

// New makes a pipeline. A nil cfg is DefaultConfig. Errors say which key is wrong.
func New(cfg *Config, opts ...Option) (*Pipeline, error) {
	if cfg == nil {
		cfg = DefaultConfig()
	}
	p := &Pipeline{cfg: *cfg, profile: cfg.Profile}
	for _, o := range opts {
		o(p)
	}
	if err := p.cfg.ValidateWith(p.custom); err != nil {
		return nil, err
	}
	xo := p.cfg.Columns(p.custom...)
	xo.Shards = engine.Shards
	if err := p.loadLabels(); err != nil {
		return nil, err
	}
	xo.Labels = p.labels
	for _, f := range p.shape {
		f(xo)
	}
	plan, err := groups.NewPlan(xo)
	if err != nil {
		return nil, err
	}
	p.plan = plan
	p.engine.Plan = plan
	engineOptions(&p.cfg, &p.engine)
	if p.cfg.BPFFilter != "" {
		if err := filter.Check(p.cfg.BPFFilter, p.engine.Filtering); err != nil {
			return nil, err
		}
	}
	if p.engine.Workers == 0 {
		p.engine.Workers = runtime.GOMAXPROCS(0)
	}
	return p, nil
}

// Config is a copy of the pipeline's configuration.
func (p *Pipeline) Config() Config { return p.cfg }

// Schema is the columns of every row, in order. It does not depend on the input.
func (p *Pipeline) Schema() *column.Schema { return p.plan.Schema }

// LeftOut is how many columns WithEndless left out.
func (p *Pipeline) LeftOut() int { return p.plan.LeftOut() }

// Stats count what limits of the extraction did.
type Stats = groups.Stats

// A Result is what a run did.
type Result struct {
	Inputs []Report
	Rows   uint64
	Stats  Stats
	// Reached are the limits of the run as a whole, in words, of which half was taken. Up to there the
	// rows of parts of a union are those of the whole; see WithEdges.
	Reached []string
}

// Err joins the errors of the inputs that failed or were damaged, each with its name; nil
// if there is none. Rows from before the damage are written all the same.
func (r *Result) Err() error {
	var errs []error
	for i := range r.Inputs {
		if in := &r.Inputs[i]; in.Err != nil {
			errs = append(errs, inputError(in))
		}
	}
	return errors.Join(errs...)
}

func inputError(in *Report) error {
	var pe *os.PathError
	if errors.As(in.Err, &pe) {
		return in.Err // names the file itself
	}
	return fmt.Errorf("%s: %w", in.Name, in.Err)
}

// Process writes the rows of one input to s. See ProcessAll.
func (p *Pipeline) Process(ctx context.Context, in Input, s sink.Sink) (*Result, error) {
	return p.ProcessAll(ctx, []Input{in}, s)
}

// ProcessAll writes the rows of the inputs to s, in the order of the inputs, each with flow
// tables of its own. It keeps num_workers cores busy and gives the same bytes for any
// number. An input that fails is reported in the Result and the run goes on; the error is
// the sink's or the context's. It does not close s.
func (p *Pipeline) ProcessAll(ctx context.Context, ins []Input, s sink.Sink) (*Result, error) {
	if a := p.engine.Account; a != nil {
		a.Outputs(func() []sink.Member { return sink.Members(s) })
	}
	r := p.Start(ins)
	for b, err := range r.Batches(ctx) {
		if err == nil {
			if b.Rows > 0 {
				err = sink.Write(ctx, s, b)
			} else {
				err = s.Flush(ctx)
			}
		}
		if err != nil {
			return r.Result(), err
		}
	}
	return r.Result(), nil
}

// Batches yields the rows of the inputs in batches of 1,024, in the order of the inputs. The
// caller borrows a batch until the loop asks for the next one. A batch without rows says that a
// live input has nothing further at hand, so that whoever writes rows may flush. The last step
// carries an error if ctx ended, rows could not be kept, or inputs failed; rows before it
// stand. Leaving the loop ends the run. Start gives the counts of a run too.
func (p *Pipeline) Batches(ctx context.Context, ins []Input) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		r := p.Start(ins)
		for b, err := range r.Batches(ctx) {
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := r.Result().Err(); err != nil {
			yield(nil, err)
		}
	}
}

// A Run is a pipeline at work on inputs.
type Run struct {
	ins []Input
	run *engine.Run
}

// Start makes a run over the inputs; it reads nothing before its Batches are asked for.
func (p *Pipeline) Start(ins []Input) *Run {
	names := make([]string, len(ins))
	for i := range ins {
		names[i] = ins[i].Name
	}
	p.plan.SetInputs(names)
	for i := range ins {
		if len(ins[i].Interfaces) > 0 {
			p.plan.SetInterfaces(i, ins[i].Interfaces)
		}
		if ins[i].Process != nil {
			p.plan.SetProcesses(i, ins[i].Process)
		}
	}
	return &Run{ins, engine.New(&p.engine)}
}

// Batches yields the rows as Pipeline.Batches does, once. Errors of inputs are in Result.
func (r *Run) Batches(ctx context.Context) iter.Seq2[*column.Batch, error] {
	return r.run.Batches(ctx, r.ins)
}

// Result is what became of the run, once its batches are through.
func (r *Run) Result() *Result {
	res := &Result{Inputs: r.run.Reports(), Stats: r.run.Stats(), Reached: r.run.Reached()}
	for i := range res.Inputs {
		res.Rows += res.Inputs[i].Rows
	}
	return res
}

// Session begins a run whose records the caller pushes, under a name for the input. ctx ends
// it early.
func (p *Pipeline) Session(ctx context.Context, name string) (*Session, error) {
	p.plan.SetInputs([]string{name})
	return engine.New(&p.engine).Session(ctx, name)
}

// Rows runs over the rows of an input. A row is valid until the next step. The last step
// carries an error if the input failed; rows before it stand. Leaving the loop stops the
// run.
func (p *Pipeline) Rows(ctx context.Context, in Input) iter.Seq2[column.Row, error] {
	return func(yield func(column.Row, error) bool) {
		for b, err := range p.Batches(ctx, []Input{in}) {
			if err != nil {
				yield(column.Row{}, err)
				return
			}
			for i := range b.Rows {
				if !yield(b.Row(i), nil) {
					return
				}
			}
		}
	}
}

// A Table is all rows of a run in memory.
type Table struct {
	Schema  *column.Schema
	Batches []*column.Batch
	Result  *Result
}

// Len is the number of rows.
func (t *Table) Len() int {
	n := 0
	for _, b := range t.Batches {
		n += b.Rows
	}
	return n
}

// All runs over the rows with their positions.
func (t *Table) All() iter.Seq2[int, column.Row] {
	return func(yield func(int, column.Row) bool) {
		n := 0
		for _, b := range t.Batches {
			for i := range b.Rows {
				if !yield(n, b.Row(i)) {
					return
				}
				n++
			}
		}
	}
}

// Extract reads a capture file into memory. A nil cfg is DefaultConfig. If the file is
// damaged the table holds what lies before the damage, beside the error.
func Extract(ctx context.Context, path string, cfg *Config, opts ...Option) (*Table, error) {
	return extractTable(ctx, File(path), cfg, opts)
}

func extractTable(ctx context.Context, in Input, cfg *Config, opts []Option) (*Table, error) {
	p, err := New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	t := &Table{Schema: p.Schema()}
	r := p.Start([]Input{in})
	for b, err := range r.Batches(ctx) {
		if err != nil {
			t.Result = r.Result()
			return t, err
		}
		if b.Rows > 0 {
			t.Batches = append(t.Batches, b.Clone())
		}
	}
	t.Result = r.Result()
	return t, t.Result.Err()
}
