package groups

import (
	"pinyon/feature"
	"pinyon/flow"
)

// sourceGaps tells how often the source of the packets lost some while the flow lasted: of a remote
// server because a link was cut or a queue was full, or because the server's kernel had no room. A
// file has none, and what a capture of this machine loses nobody knows the place of.
type sourceGaps struct {
	before uint32 // gaps before the flow's first packet
	until  uint32 // gaps before its latest one
}

func (a *sourceGaps) update(o *flow.Obs) {
	if o.Index == 0 {
		a.before = o.Gaps
	}
	a.until = o.Gaps
}

var sourceExtra = []Feature{
	count("source_gaps", feature.Count, "Gaps of a remote source between the flow's first packet and its last: packets may be missing.", func(r *Row) int64 {
		return int64(r.source.until - r.source.before)
	}).needs(needSource),
}
