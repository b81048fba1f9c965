package groups

import (
	"pinyon/feature"
	"pinyon/flow"
)

// processOwner is the process of this machine that the flow belongs to, as the source of a live
// capture says of its packets: of the first one of which it knows it. Of a flow between two
// processes that is the one that began it, unless a filter wants the other.
type processOwner struct {
	number uint32 // of the source; 0 is none
}

func (a *processOwner) update(o *flow.Obs) {
	if a.number == 0 {
		a.number = o.Process
	}
}

var processExtra = []Feature{
	count("process_pid", feature.None, "Number of the process of this machine that the flow belongs to; live captures only.", func(r *Row) int64 {
		if pid, _ := r.plan.process(r.Input, r.owner.number); pid != 0 {
			return int64(pid)
		}
		return none
	}).null().needs(needProcess),
	text("process_name", "Name of the process of this machine that the flow belongs to, as the kernel has it; live captures only.", func(dst []byte, r *Row) ([]byte, bool) {
		pid, name := r.plan.process(r.Input, r.owner.number)
		return append(dst, name...), pid != 0
	}).null().needs(needProcess).private(),
}
