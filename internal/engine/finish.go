package engine

import (
	"cmp"
	"context"
	"time"

	"pinyon/internal/groups"
)

// graphGrace is how long the graph of hosts may take that begins when the run is to end already.
// It is less than the time after which systemd and container runtimes kill what they stop.
const graphGrace = 5 * time.Second

// finish computes what follows from all flows of an input. If the run is to end, that is given up,
// at once where it was under way and after graphGrace where it was still to come: the rows are
// written without.
func (r *Run) finish(ctx context.Context, j *groups.Join) error {
	within, done := r.untilStop(ctx)
	defer done()
	g := j.Graph()
	if err := g.Finish(within); err != nil {
		if ctx.Err() != nil || within.Err() == nil {
			return err
		}
		j.GiveUp()
		r.unjoined.Add(1)
		r.account.GiveUp(groups.Connection)
		return nil
	}
	if taken, all := g.Sources(); taken < all {
		r.approximated.Add(1)
	}
	return nil
}

// untilStop derives a context that also ends when the run is to.
func (r *Run) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	stop := r.opt.Hurry
	if stop == nil {
		return ctx, func() {}
	}
	select {
	case <-stop:
		return context.WithTimeout(ctx, cmp.Or(r.opt.grace, graphGrace))
	default:
	}
	within, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-stop:
			cancel()
		case <-within.Done():
		}
	}()
	return within, cancel
}
