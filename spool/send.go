package spool

import (
	"time"

	"pinyon/column"
	"pinyon/sink"
)

// send opens the target again and again, until all rows on disk have left and rows go to it
// again, or the run ends.
func (p *Spool) send() {
	defer close(p.ended)
	for pause := p.o.first; ; pause = min(2*pause, p.o.most) {
		before := p.count.Committed.Load()
		inner, err := p.attempt()
		if err == nil {
			return
		}
		if inner != nil {
			inner.Abort()
		}
		if p.ctx.Err() != nil {
			return
		}
		p.mu.Lock()
		p.why = err
		failed := p.err != nil
		p.mu.Unlock()
		if failed {
			return
		}
		if p.count.Committed.Load() > before {
			pause = p.o.first
		}
		select {
		case <-p.ctx.Done():
			return
		case <-p.hurry:
		case <-time.After(pause):
		}
	}
}

// attempt opens the target and sends segment after segment. An error leaves the one that it was
// at, and those behind it; what was opened is for the caller to abort then.
func (p *Spool) attempt() (sink.Sink, error) {
	p.mu.Lock()
	run := p.run
	run.Resume = true
	run.From = p.first()
	p.mu.Unlock()
	inner, err := p.open(p.ctx, &run)
	if err != nil {
		return nil, err
	}
	var last sink.Stats
	for {
		seg, over, err := p.oldest(inner, &last)
		if err != nil || over {
			return inner, err
		}
		err = rowsOf(seg.path, p.schema, func(b *column.Batch) error { return inner.Write(p.ctx, b) })
		if err == nil {
			err = inner.Flush(p.ctx)
		}
		if err != nil {
			return inner, err
		}
		p.settled(inner, &last, seg.rows)
		p.mu.Lock()
		err = p.store.remove()
		p.mu.Unlock()
		if err != nil {
			return inner, err
		}
	}
}

// first is the number of the first row on disk.
func (p *Spool) first() uint64 {
	switch {
	case len(p.store.full) > 0:
		return p.store.full[0].first
	case p.store.open != nil:
		return p.store.open.first
	}
	return p.next
}

// oldest is the segment to send next. If there is none, rows go to inner from now on.
func (p *Spool) oldest(inner sink.Sink, last *sink.Stats) (seg segment, over bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil || p.closed || p.aborted.Load() {
		return seg, false, sink.ErrAborted
	}
	if len(p.store.full) == 0 {
		if err := p.store.complete(); err != nil {
			return seg, false, p.fail(err)
		}
	}
	if len(p.store.full) > 0 {
		return p.store.full[0], false, nil
	}
	if err := p.store.drop(); err != nil {
		return seg, false, err
	}
	p.use(inner)
	p.last, p.heldFrom, p.store = *last, p.next, nil
	p.o.Say("%s: it is back; no rows wait any more", p.label.Target)
	return seg, true, nil
}

// drained waits until rows go to the server again, as long as some of those that wait leave, and
// for Options.Wait afterwards. It reports whether they do.
func (p *Spool) drained() bool {
	select {
	case p.hurry <- struct{}{}:
	default:
	}
	seen, end := p.count.Committed.Load(), time.Now().Add(p.o.Wait)
	for {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		select {
		case <-p.ended:
			return p.back()
		case <-time.After(min(left, 100*time.Millisecond)):
		}
		if now := p.count.Committed.Load(); now > seen {
			seen, end = now, time.Now().Add(p.o.Wait)
		}
	}
	p.stop() // which ends what the goroutine waits for
	<-p.ended
	return p.back()
}

func (p *Spool) back() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inner != nil || p.err != nil || p.aborted.Load()
}
