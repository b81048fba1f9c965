package engine

// Reached names the limits of which half was taken that hold for a run as a whole: the packets that a
// table holds back, the datagrams whose first fragment is remembered, the memory of samples, and the
// number of flows. The rows of parts of a union follow from their own packets up to there.
func (r *Run) Reached() (names []string) {
	if r.outcome.Held.Half() {
		names = append(names, "the TCP segments that wait until it is known whose they are")
	}
	for i := range r.reports {
		if r.reports[i].Datagrams > maxDatagrams/2 {
			names = append(names, "the fragmented datagrams that are remembered at once")
			break
		}
	}
	if s := r.Stats(); s.SamplesHalf > 0 {
		names = append(names, "sample_memory")
	}
	if r.opt.Flow.Limit > 0 {
		names = append(names, "max_concurrent_flows")
	}
	return names
}
