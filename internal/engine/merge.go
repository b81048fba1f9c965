package engine

// merger joins the rows of all workers in their order.
type merger struct {
	*team
	rows  *assembler
	heads []*chunk // the chunk at hand of each worker; nil once it has no more rows for the epoch
	last  bool     // the epoch at hand is its input's last
	live  bool     // and belongs to a live one
}

// merge runs until the reader gives no more turns.
func (t *team) merge() {
	defer close(t.ready)
	m := &merger{team: t, heads: make([]*chunk, len(t.workers))}
	m.rows = t.run.assembler(func() *job { j := <-t.spare; j.reset(); return j }, m.send, nil)
	for turn := range t.turns {
		if turn.small != nil {
			for c := range turn.small.out {
				m.whole(c)
			}
			continue
		}
		for m.last = false; !m.last; {
			m.epoch()
		}
	}
	if m.rows.open.n > 0 {
		m.rows.full()
	}
	m.again(m.rows.open)
}

// send has a job laid out, and hands it on in its place.
func (m *merger) send(j *job) {
	if j.done != nil {
		m.pool.jobs <- j
	}
	m.ready <- j
}

// whole takes a chunk of rows from those who read small inputs, which is in order already.
func (m *merger) whole(c *chunk) {
	m.run.ending(c)
	m.rows.add(c, 0, c.n)
	ends := c.last && !c.whole
	c.release()
	if ends {
		m.end()
	}
}

// end completes the rows of an input.
func (m *merger) end() {
	if m.failed.Load() {
		return
	}
	if err := m.rows.end(m.ctx); err != nil && m.err == nil {
		m.err = err
		m.failed.Store(true)
	}
}

// epoch merges the rows of one epoch.
func (m *merger) epoch() {
	open := 0
	for i, w := range m.workers {
		m.heads[i] = <-w.out
		open++
		if m.advance(i) {
			open--
		}
	}
	for open > 0 {
		best := -1
		for i, c := range m.heads {
			if c != nil && (best < 0 || c.order[c.next].compare(m.heads[best].order[m.heads[best].next]) < 0) {
				best = i
			}
		}
		c := m.heads[best]
		m.rows.add(c, c.next, c.next+1)
		c.next++
		if m.advance(best) {
			open--
		}
	}
	if m.last {
		m.end()
	}
	if m.live && m.rows.join == nil {
		// A consumer that is busy gets what gathers meanwhile at once: a batch for each of the
		// hundreds of epochs of a second would soon fill the queue.
		if len(m.ready) == 0 || m.last {
			m.rows.flush()
			m.ready <- &job{fate: pauses}
		}
	}
}

// advance fetches worker i's next chunk if its head is used up; it reports true once the
// worker has no more rows for this epoch.
func (m *merger) advance(i int) bool {
	for {
		c := m.heads[i]
		if c.next < c.n {
			return false
		}
		m.run.ending(c)
		done := c.done
		m.last, m.live = c.last, c.live
		m.heads[i] = nil
		c.release()
		if done {
			return true
		}
		m.heads[i] = <-m.workers[i].out
	}
}
