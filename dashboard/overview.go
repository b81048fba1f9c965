package dashboard

import "strings"

// Overview is the board of a run whose metrics have a namespace: what it did, how fast, what went
// wrong and what was lost. "pinyon" and "joyfuljay" are the namespaces that there usually are.
func Overview(ns string) *Board {
	title := strings.ToUpper(ns[:1]) + ns[1:]
	if ns == "joyfuljay" {
		title = "JoyfulJay"
	}
	q := expressions(ns)
	legend := func(expr, legend string) Query { return Query{q(expr), legend} }
	// Errors that nobody has met yet are 0 and no gap.
	errors := []Step{{"yellow", 1}, {"red", 10}}

	b := New(title+" Overview").UID(ns+"-overview").Tags(ns, "network", "traffic", "monitoring").Jobs(ns + "_packets_total")

	b.Row("Overview").
		Stat("Total Packets", q(`sum(@packets_total{#})`), Look{About: "Packets that reached a flow."}).
		Stat("Total Bytes", q(`sum(@bytes_total{#})`), Look{Unit: "decbytes", About: "Bytes of these packets, from their IP headers on."}).
		Stat("Total Flows", q(`sum(@flows_total{#})`), Look{About: "Flows that became rows."}).
		Stat("Active Flows", q(`sum(@active_flows{#})`), Look{Base: "blue", Steps: []Step{{"yellow", 100}, {"red", 500}}}).
		Stat("Total Errors", q(`sum(@errors_total{#})`), Look{Steps: errors}).
		Stat("Packets/sec", q(`sum(rate(@packets_total{#}[1m]))`), Look{Unit: "pps"})

	b.Row("Throughput").
		Graph("Packet Rate", Look{Unit: "pps"}, legend(`sum by (job) (rate(@packets_total{#}[$__rate_interval]))`, "{{job}}")).
		Graph("Byte Rate", Look{Unit: "Bps"}, legend(`sum by (job) (rate(@bytes_total{#}[$__rate_interval]))`, "{{job}}")).
		Graph("Flows per Minute (by Reason)", Look{}, legend(`sum by (reason) (rate(@flows_total{#}[$__rate_interval])) * 60`, "{{reason}}")).
		Graph("Active Flows", Look{}, legend(`sum by (job) (@active_flows{#})`, "{{job}}"))

	quantile := func(of string) string {
		return q(`histogram_quantile(` + of + `, sum by (le, mode) (rate(@processing_duration_seconds_bucket{#}[$__rate_interval])))`)
	}
	b.Row("Latency & Performance").
		Graph("Processing Duration (p50, p95, p99)", Look{Unit: "s", About: "Of files how long each took, of live inputs each batch of packets."},
			Query{quantile("0.50"), "p50 {{mode}}"}, Query{quantile("0.95"), "p95 {{mode}}"}, Query{quantile("0.99"), "p99 {{mode}}"}).
		Graph("Processing Jobs (by Mode)", Look{}, legend(`sum by (mode) (increase(@processing_duration_seconds_count{#}[$__rate_interval]))`, "{{mode}}"))

	b.Row("Errors & Health").
		Graph("Errors by Stage", Look{}, legend(`sum by (stage) (increase(@errors_total{#}[$__rate_interval]))`, "{{stage}}")).
		Pie("Flow Completion Reasons", legend(`sum by (reason) (@flows_total{#})`, "{{reason}}"), Look{}).
		Pie("Error Distribution", legend(`sum by (stage) (@errors_total{#})`, "{{stage}}"), Look{})

	b.Row("Efficiency Metrics").
		Graph("Average Packet Size", Look{Unit: "bytes"},
			legend(`sum by (job) (rate(@bytes_total{#}[$__rate_interval])) / sum by (job) (rate(@packets_total{#}[$__rate_interval]))`, "{{job}}")).
		Graph("Processing Success Rate", Look{Unit: "percentunit"},
			legend(`1 - sum by (job) (rate(@errors_total{#}[$__rate_interval])) / sum by (job) (rate(@packets_total{#}[$__rate_interval]))`, "{{job}}"))

	b.Row("Capture Loss").
		Graph("Received Packets (by Source)", Look{Unit: "pps"}, legend(`sum by (source) (rate(@capture_received_packets_total{#}[$__rate_interval]))`, "{{source}}")).
		Graph("Dropped Packets (by Source and Place)", Look{Unit: "pps"},
			legend(`sum by (source, where) (rate(@capture_dropped_packets_total{#}[$__rate_interval]))`, "{{source}} {{where}}")).
		Stat("Dropped Packets", q(`sum(@capture_dropped_packets_total{#})`), Look{Steps: errors}).
		Stat("Truncated Packets", q(`sum(@capture_truncated_packets_total{#})`), Look{Steps: []Step{{"yellow", 1}}}).
		Stat("Flow Table Memory", q(`sum(@flow_table_bytes{#})`), Look{Unit: "bytes", Base: "blue"}).
		Graph("Decode Errors (by Layer)", Look{Unit: "pps", Height: 4}, legend(`sum by (layer) (rate(@decode_errors_total{#}[$__rate_interval]))`, "{{layer}}")).
		Graph("Lag", Look{Unit: "s", About: "How old the latest packet was when it was read."}, legend(`max by (job) (@flow_lag_seconds{#})`, "{{job}}")).
		Graph("Queues", Look{Unit: "percentunit", About: "How full the queues between reader, workers and outputs are."},
			legend(`sum by (queue) (@queue_length{#}) / sum by (queue) (@queue_capacity{#})`, "{{queue}}"))

	b.Row("Sinks").
		Graph("Rows (by Sink and Result)", Look{Unit: "rowsps"}, legend(`sum by (sink, result) (rate(@sink_rows_total{#}[$__rate_interval]))`, "{{sink}} {{result}}")).
		Graph("Time per Batch (p50, p99)", Look{Unit: "s"},
			legend(`histogram_quantile(0.50, sum by (le, sink) (rate(@sink_flush_seconds_bucket{#}[$__rate_interval])))`, "p50 {{sink}}"),
			legend(`histogram_quantile(0.99, sum by (le, sink) (rate(@sink_flush_seconds_bucket{#}[$__rate_interval])))`, "p99 {{sink}}")).
		Graph("Waiting Rows", Look{}, legend(`sum by (sink) (@sink_waiting_rows{#})`, "{{sink}}")).
		Graph("Bytes Written", Look{Unit: "Bps"}, legend(`sum by (sink) (rate(@sink_bytes_total{#}[$__rate_interval]))`, "{{sink}}"))

	// Whoever serves nobody has no series by client.
	b.Row("Remote").
		Stat("Clients", q(`sum(@remote_clients{#})`), Look{Base: "blue"}).
		Stat("Reconnects", q(`sum(@remote_reconnects_total{#})`), Look{Steps: errors}).
		Stat("Packets in Gaps", q(`sum(@remote_gap_packets_total{#})`), Look{Steps: errors}).
		Graph("Sent and Dropped Packets (by Client)", Look{Unit: "pps", Height: 4},
			legend(`sum by (client) (rate(@remote_sent_packets_total{#}[$__rate_interval])) or vector(0)`, "sent {{client}}"),
			legend(`sum by (client) (rate(@remote_dropped_packets_total{#}[$__rate_interval])) or vector(0)`, "dropped {{client}}")).
		Graph("Sent Bytes (by Client)", Look{Unit: "Bps"}, legend(`sum by (client) (rate(@remote_sent_bytes_total{#}[$__rate_interval])) or vector(0)`, "{{client}}")).
		Graph("Watched Files (by Result)", Look{}, legend(`sum by (result) (increase(@watch_files_total{#}[$__rate_interval])) or vector(0)`, "{{result}}"))
	return b.Build()
}

// expressions gives a function that puts the namespace for @, and the choice of jobs for #.
func expressions(ns string) func(string) string {
	return strings.NewReplacer("@", ns+"_", "#", `job=~"$job"`).Replace
}
