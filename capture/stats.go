package capture

// sums are what the reader counts.
type sums struct {
	captured, bytes, truncated, filterDropped, refused, discarded, downs uint64
	over                                                                 bool
}

// publish has Stats know what the reader has counted.
func (d *Device) publish() {
	d.pub.Lock()
	d.public = d.sums
	d.pub.Unlock()
}

// Stats are the sums so far.
func (d *Device) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return d.last
	}
	return d.stats()
}

func (d *Device) stats() Stats {
	d.pub.Lock()
	s := d.public
	d.pub.Unlock()
	st := Stats{Captured: s.captured, Bytes: s.bytes, Truncated: s.truncated, FilterDropped: s.filterDropped, Downs: s.downs, Since: d.since}
	st.Counts.Records = s.captured
	var seen uint64
	for _, l := range d.links {
		if l.drops != nil {
			missed, backlog := l.drops.drops()
			st.InterfaceDropped += missed + backlog
			st.BacklogDropped += backlog
		}
	}
	for _, p := range d.ports {
		seen += p.seen.Load() // before the kernel's, which only grow
		received, dropped, freezes, err := p.Sums()
		if err != nil {
			continue
		}
		st.Received += received
		st.Dropped += dropped
		st.Freezes += freezes
	}
	st.QueueDropped = s.discarded
	if left := st.Received - st.Dropped; s.over && left > seen {
		st.QueueDropped += left - seen
	}
	if n := d.opt.Count; n > 0 && s.captured >= n {
		st.Beyond = st.QueueDropped
	}
	st.Received -= s.refused
	return st
}
