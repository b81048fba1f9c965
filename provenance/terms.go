package provenance

import (
	"fmt"
	"strings"
)

// A Term is a name that a run prints or writes beside its rows.
type Term struct {
	Name string
	Kind string // dropped, noted, end reason, capture, run
	Doc  string // sentences for whoever has met the name and nothing else
}

// kinds are the kinds of terms in order, with what they have in common.
var kinds = []struct{ name, doc string }{
	{"run", "What a run as a whole has done. Records read are the packets in rows and the records dropped, exactly."},
	{"dropped", "Records that are in no row, each counted under one reason."},
	{"noted", "What was odd about records that are in rows."},
	{"end reason", "Why a flow ended, in the column end_reason; a number counts flows."},
	{"capture", "What became of the packets of a live capture. When it has ended, received is the sum of captured, dropped, filter_dropped, queue_dropped and process_dropped."},
}

// Terms are all of them, by kind. A test holds them against what a run writes.
func Terms() []Term { return terms }

var terms = []Term{
	{"records", "run", "Records read from the inputs: every packet that a capture file or a device gave."},
	{"packets_in_rows", "run", "Packets that are in the flows that were written as rows."},
	{"dropped_by", "run", "The records that are in no row, by reason."},
	{"non_ip_by", "run", "Frames without an IP header, by what they are."},
	{"noted", "run", "Oddities of records that are in rows, by what they are."},
	{"rows", "run", "Flows that were written, one row each."},
	{"end_reasons", "run", "Flows by why they ended."},
	{"files_damaged", "run", "Inputs in which reading ended at a damaged record; the rows before it are written."},
	{"files_truncated", "run", "Inputs whose last record was cut by the end of the file."},
	{"files_failed", "run", "Inputs that could not be opened or read."},
	{"sketched_flows", "run", "Flows whose percentiles of gaps come from a sketch, because exact_samples or sample_memory did not allow to keep every gap."},
	{"sizes_dropped", "run", "Packets that medians and modes of lengths leave out, beyond 65,536 distinct lengths of a flow."},
	{"betweenness_approximated", "run", "Inputs with more hosts than betweenness is computed for exactly: it comes from some of them."},
	{"connection_absent", "run", "Inputs whose graph of hosts was given up because the run was to end: their connection columns are absent."},

	{"unknown_interface", "dropped", "Records of a pcapng interface that was not declared."},
	{"filtered", "dropped", "Records that the filter (--filter) refused."},
	{"edge_out", "dropped", "Packets of flows that other captures may continue: they went to the edge file of the part (--edges), for pinyon stitch."},
	{"sampled_out", "dropped", "Records that sampling (--sampling-rate) left out."},
	{"unknown_linktype", "dropped", "Frames of a link type that is not decoded."},
	{"l2_short", "dropped", "Frames cut within the link header, a VLAN or MPLS tag or a PPP header."},
	{"non_ip", "dropped", "Frames without an IP header, such as ARP; non_ip_by says of which kind."},
	{"ipv4_bad_header", "dropped", "IPv4 headers that are cut or contradict themselves: under 20 bytes, another version, a header length under 20, or a total length below that."},
	{"ipv6_bad_header", "dropped", "IPv6 headers that are cut or have another version."},
	{"encap_depth", "dropped", "Frames with more than 8 headers between link and IP, or 16 MPLS labels."},

	{"ext_header_bad", "noted", "IPv6 extension headers that are cut, or more than 16 of them: the packet has no ports."},
	{"l4_short", "noted", "Packets cut within the transport header."},
	{"tcp_bad_offset", "noted", "TCP headers with a length below 20 or beyond the packet: only ports are used."},
	{"tunnel_depth", "noted", "Packets with more than 4 IP headers within each other: the fourth is used."},
	{"tunnel_fragment", "noted", "Later fragments of a datagram that carries a tunnel: the outer addresses are used."},
	{"ip_len_exceeds_wire", "noted", "Packets whose IP length is larger than what was on the wire."},
	{"snaplen_cut", "noted", "Packets of which less was captured than was on the wire."},
	{"amsdu_subframes", "noted", "802.11 subframes behind the first of an A-MSDU, which are not decoded."},
	{"ts_backwards", "noted", "Records whose timestamp lies before that of an earlier record."},
	{"fragment_orphan", "noted", "Later fragments whose first fragment was not seen: their ports are 0."},
	{"syn_held", "noted", "TCP SYNs that met a live connection of the same ports and waited until it was known whether they begin another one."},
	{"syn_held_began", "noted", "Those of syn_held that began a connection."},
	{"syn_held_forced", "noted", "Those of syn_held that were decided early for want of room: they went to the connection that they met."},
	{"time_out_of_range", "noted", "Timestamps outside the years 1677 to 2262: the nearer end stands in."},
	{"no_timestamp", "noted", "Records without a timestamp: that of the record before is used."},
	{"caplen_exceeds_wirelen", "noted", "Records with more captured bytes than there were on the wire, by their header: the captured length is used for both."},
	{"caplen_exceeds_snaplen", "noted", "Records with more bytes than the snapshot length of the file allows: they are used whole."},
	{"skipped_blocks", "noted", "Blocks of a pcapng file that hold no packet."},
	{"unsupported_sections", "noted", "Sections of a pcapng file of an unknown major version, which are skipped."},

	{"fin", "end reason", "A TCP connection that both sides closed with FIN."},
	{"rst", "end reason", "A TCP connection that was reset."},
	{"idle", "end reason", "No packet for --timeout seconds."},
	{"active", "end reason", "The flow was older than --active-timeout; what follows is a flow of its own."},
	{"evicted", "end reason", "The flow made room for others under a limit (--max-concurrent-flows, --memory-limit)."},
	{"flushed", "end reason", "The input ended while the flow was live."},
	{"reused", "end reason", "A new TCP connection began with the same addresses and ports."},

	{"received", "capture", "Packets that passed the filter, those included that were lost behind it."},
	{"captured", "capture", "Packets that were read from the ring and used."},
	{"dropped", "capture", "Packets lost because the ring in the kernel was full: a larger --buffer-size or more --rings help. In the counters of a run: records that are in no row."},
	{"interface_dropped", "capture", "Packets that the device missed, or that the kernel dropped before the ring."},
	{"backlog_dropped", "capture", "Those of interface_dropped that the kernel dropped behind the device, because its backlog was full."},
	{"filter_dropped", "capture", "Packets that an earlier filter had let into the ring when the filter was changed."},
	{"queue_dropped", "capture", "Packets left in the ring when the capture ended."},
	{"process_dropped", "capture", "Packets of other processes than those of --pid and --process; absent if there are none."},
	{"beyond_count", "capture", "Those of queue_dropped that came behind the last one that --count asked for."},
	{"truncated", "capture", "Captured packets that were cut to the snapshot length (--snaplen)."},
	{"bytes", "capture", "Bytes of captured packets on the wire."},
	{"freezes", "capture", "How often a ring was full."},
	{"downs", "capture", "How often an interface went down."},
	{"callback_panics", "capture", "Panics of a callback of the Go library that were caught."},
	{"since", "capture", "When the capture was opened."},
}

// Page is the reference of every term in Markdown, docs/counters.md of this repository.
func Page() string {
	var b strings.Builder
	b.WriteString("# Counters and end reasons\n\nEvery name that a run prints, or writes into the provenance. `pinyon explain NAME` says the same.\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| Name | Meaning |\n|---|---|\n", strings.ToUpper(k.name[:1])+k.name[1:], k.doc)
		for _, t := range terms {
			if t.Kind == k.name {
				fmt.Fprintf(&b, "| `%s` | %s |\n", t.Name, t.Doc)
			}
		}
	}
	return b.String()
}
