package feature

import (
	"slices"
	"strings"
)

// jjTotals are the columns that JoyfulJay's renaming marks as totals.
var jjTotals = []string{
	"entropy_payload", "byte_distribution_uniformity", "printable_ratio", "null_ratio", "high_byte_ratio",
	"total_bytes", "burst_count", "tcp_syn_count", "tcp_ack_count", "tcp_fin_count", "tcp_rst_count",
	"tcp_psh_count", "tcp_urg_count",
}

// SplitNameJJ is the column's name under the bidirectional_split of JoyfulJay: the endings
// _initiator and _responder become the prefixes fwd_ and bwd_, and thirteen columns gain total_.
func (d *Desc) SplitNameJJ() string {
	name := d.Name
	if s, ok := strings.CutSuffix(name, "_initiator"); ok {
		return "fwd_" + s
	}
	if s, ok := strings.CutSuffix(name, "_responder"); ok {
		return "bwd_" + s
	}
	if slices.Contains(jjTotals, name) {
		return "total_" + name
	}
	return name
}
