package engine

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"pinyon/column"
	"pinyon/internal/groups"
)

// A Run turns inputs into batches of rows by one set of options. It is used once.
type Run struct {
	opt          *Options
	shards       int       // logical shards that the flows are divided over
	seeds        [2]uint64 // of the hash by which a table finds a flow; nothing shows them
	reports      []Report
	begun        []bool // inputs whose turn came
	mu           sync.Mutex
	workers      []*worker // all that were made, for their statistics; under mu
	chunks       pile
	account      *Account
	outcome      Outcome       // of all inputs
	approximated atomic.Uint64 // inputs whose betweenness is
	unjoined     atomic.Uint64 // inputs whose graph of hosts was given up
}

// New makes a run. The options must not change until it is over.
func New(opt *Options) *Run {
	shards := Shards
	if l := opt.Flow.Limit; l > 0 && l < smallLimit {
		shards = 1
	}
	r := &Run{opt: opt, shards: shards, seeds: [2]uint64{rand.Uint64(), rand.Uint64()}, account: opt.Account}
	if r.account == nil {
		r.account = &Account{}
	}
	return r
}

// errEnded is what a session says that was flushed.
var errEnded = errors.New("the session was flushed")

// errLeft says that the consumer of the batches wants no more.
var errLeft = errors.New("engine: the consumer left")

// Batches reads the inputs one after the other, each with flow tables of its own, and yields
// their rows in batches, in the order of the inputs. The caller borrows a batch until the loop
// asks for the next one. A batch without rows says that a live input has no further rows at
// hand, so that whoever writes them may flush; it comes about once a second at most.
//
// An input that fails is in its Report, and the run goes on. The last step carries an error if
// ctx ended, or if rows that had to wait could not be stored. Leaving the loop ends the run.
// Reports and Stats are complete once the loop is over.
func (r *Run) Batches(ctx context.Context, inputs []Input) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		emit := func(b *column.Batch) error {
			if !yield(b, nil) {
				return errLeft
			}
			return nil
		}
		r.reports = make([]Report, len(inputs))
		r.begun = make([]bool, len(inputs))
		defer r.closeOthers(inputs)
		var err error
		r.chunks.rows = chunkRows
		if r.opt.Workers <= 1 && !slices.ContainsFunc(inputs, func(in Input) bool { return in.Live }) {
			err = r.alone(ctx, inputs, emit)
		} else {
			err = r.together(ctx, inputs, emit)
		}
		if err != nil && err != errLeft {
			yield(nil, err)
		}
	}
}

// closeOthers gives back what inputs hold whose turn did not come.
func (r *Run) closeOthers(inputs []Input) {
	for i := range inputs {
		if !r.begun[i] && inputs[i].Close != nil {
			r.reports[i].Name, r.reports[i].Err = inputs[i].Name, inputs[i].Close()
		}
	}
}

// Reports are what became of the inputs, in their order.
func (r *Run) Reports() []Report { return r.reports }

// Stats count what limits of the extraction did.
func (r *Run) Stats() groups.Stats {
	var s groups.Stats
	for _, w := range r.workers {
		s.Add(w.mem.Stats)
	}
	s.BetweennessApproximated = r.approximated.Load()
	s.ConnectionAbsent = r.unjoined.Load()
	return s
}

// worker makes worker id of n.
func (r *Run) worker(id, n int) *worker {
	w := newWorker(r.opt, id, n, r.shards)
	w.chunks, w.counts = &r.chunks, r.account.Tables()
	r.mu.Lock()
	r.workers = append(r.workers, w)
	r.mu.Unlock()
	return w
}

// reader makes a reader of inputs.
func (r *Run) reader() *reader {
	return &reader{begun: r.begun, opt: r.opt, account: r.account, shards: uint64(r.shards), seed0: r.seeds[0], seed1: r.seeds[1], pick: shardSeeds(r.opt.ShardKey)}
}

// stopped reports whether the run is to end early.
func (r *Run) stopped() bool { return r.opt.Stop != nil && r.opt.Stop.Load() }

// opened tells who asked for it that an input was opened.
func (r *Run) opened(i int, rd *reader) {
	if r.opt.Opened != nil {
		r.opt.Opened(i, rd.src)
	}
}

// count enters a row into the report of its input.
func (r *Run) count(row *groups.Row) {
	r.reports[row.Input].Row(uint64(row.Packets), row.Reason)
	r.outcome.Row(uint64(row.Packets), row.Reason)
}

// ending takes what the last chunk of an input says of it.
func (r *Run) ending(c *chunk) {
	if c.done && c.last {
		r.reports[c.input].Held.Add(c.held)
		r.outcome.Held.Add(c.held)
	}
}
