package graph

import "context"

// A pulse asks now and then whether the work is still wanted: whoever works tells how much it
// did, in edges or nodes looked at, and is told to stop soon after its context is done.
type pulse struct {
	ctx  context.Context
	done int
}

// beatWork is how much is done between two questions, some milliseconds of it.
const beatWork = 1 << 18

// beat takes n steps of work, and gives the context's error once that is done.
func (p *pulse) beat(n int) error {
	if p.done += n; p.done < beatWork {
		return nil
	}
	p.done = 0
	return p.ctx.Err()
}
