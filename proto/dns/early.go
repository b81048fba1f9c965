package dns

const (
	maxEarly      = 8        // responses ahead of the first query that are kept
	maxEarlyBytes = 64 << 10 // and their bytes
)

// early holds responses that came ahead of the first query, where a capture has packets in
// another order than they were sent in: which of them answers it is known only then.
type early struct {
	responses []record // their number; behind it in the array, memory for more
	bytes     int
}

func (e *early) reset() { e.responses, e.bytes = e.responses[:0], 0 }

func (e *early) keep(r *record, b []byte) {
	n := len(e.responses)
	if n == maxEarly || e.bytes+len(b) > maxEarlyBytes {
		return
	}
	if n == cap(e.responses) {
		e.responses = append(e.responses, record{})
	}
	e.responses = e.responses[:n+1]
	e.responses[n].set(int(r.dir), b, r.wire, &r.message)
	e.bytes += len(b)
}
