package account

import "pinyon/account/output"

// A Kind says how the numbers of a Metric go on.
type Kind uint8

// A Counter only grows while a run lasts; a Gauge goes up and down; a Spread is a histogram of
// durations.
const (
	Counter Kind = iota
	Gauge
	Spread
)

// A Metric is a number that a Snapshot tells, or one for each tuple of values of its labels. Names,
// units and kinds are those that Prometheus asks for: a counter's name ends in _total, and
// durations are seconds.
type Metric struct {
	Name   string // without the program's own prefix
	Kind   Kind
	Unit   string   // packets, bytes, flows, rows
	Doc    string   // one sentence
	Labels []string // what the numbers are told apart by; none of a single one
	// Values gives the numbers, each with a value for each label; of a Spread Durations does, and
	// Values is nil. Numbers of equal labels count as their sum.
	Values    func(s *Snapshot, give func(n float64, labels ...string))
	Durations func(s *Snapshot, give func(d output.Durations, labels ...string))
}

// Metrics are those of every account, one line each. Whoever adds one of his own appends it to
// the list; whoever shows metrics walks it with a Snapshot.
func Metrics() []Metric {
	return []Metric{
		one("packets_total", Counter, "packets", "Packets that reached a flow.", func(s *Snapshot) uint64 { return s.Packets }),
		one("bytes_total", Counter, "bytes", "Bytes of packets that reached a flow, from their IP headers on.", func(s *Snapshot) uint64 { return s.Bytes }),
		of("flows_total", Counter, "flows", "Flows that became rows.", ended, "reason", "end_reason"),
		of("errors_total", Counter, "errors", "What could not be done, by stage.", errors, "stage"),
		spread("processing_duration_seconds", "How long work took: of files each input, of live inputs each batch of at most 2,048 packets from the last one's reading on.", took, "mode"),
		one("active_flows", Gauge, "flows", "Flows in the tables.", func(s *Snapshot) uint64 { return uint64(max(s.Flows, 0)) }),

		one("records_total", Counter, "packets", "Records that sources gave.", func(s *Snapshot) uint64 { return s.Records }),
		one("wire_bytes_total", Counter, "bytes", "Bytes on the wire of what sources gave.", func(s *Snapshot) uint64 { return s.Source.Bytes }),
		one("filtered_packets_total", Counter, "packets", "Records that the filter refused.", func(s *Snapshot) uint64 { return s.Filtered }),
		one("edge_out_packets_total", Counter, "packets", "Packets of flows that other captures may continue, left to an edge file.", func(s *Snapshot) uint64 { return s.EdgeOut }),
		one("sampled_out_packets_total", Counter, "packets", "Records that sampling left out.", func(s *Snapshot) uint64 { return s.Sampled }),
		of("decode_dropped_packets_total", Counter, "packets", "Records that are no packet of a flow.", dropped, "reason"),
		of("decode_errors_total", Counter, "packets", "Packets that a decoder could not read, or not to their end.", decodeErrors, "layer"),
		of("extract_errors_total", Counter, "inputs", "Inputs whose columns of a group are absent because computing them was given up.", givenUp, "group"),

		of("capture_received_packets_total", Counter, "packets", "Packets that the system handed to a source.", origins(func(o *Origin) uint64 { return o.Received }), "source"),
		of("capture_dropped_packets_total", Counter, "packets", "Packets that a source missed, by where they were lost.", lost, "source", "where"),
		of("capture_refused_packets_total", Counter, "packets", "Packets of a source that were not wanted: blocked and not_allowed by lists of addresses, rate_limited beyond so many a second.", refused, "source", "why"),
		of("capture_truncated_packets_total", Counter, "packets", "Packets of a source of which not all was captured.", origins(func(o *Origin) uint64 { return o.Truncated }), "source"),
		one("inputs_total", Counter, "inputs", "Inputs that ended.", func(s *Snapshot) uint64 { return uint64(s.Inputs) }),
		one("flows_created_total", Counter, "flows", "Flows that were ever in the tables.", func(s *Snapshot) uint64 { return s.Opened }),
		one("flow_table_bytes", Gauge, "bytes", "Memory of the flow tables, with what flows keep in objects of a fixed size.", func(s *Snapshot) uint64 { return s.TableBytes }),
		of("flow_lag_seconds", Gauge, "seconds", "How far behind the clock the latest packet of a live input was when it was read.", func(s *Snapshot, give func(float64, ...string)) { give(s.Lag.Seconds()) }),
		of("queue_length", Gauge, "elements", "What waits in a queue of the run.", queues(func(q *Queue) int { return q.Len }), "queue"),
		of("queue_capacity", Gauge, "elements", "What may wait in a queue of the run.", queues(func(q *Queue) int { return q.Cap }), "queue"),

		of("sink_rows_total", Counter, "rows", "Rows of an output: that left it, that an error kept from it, that nobody tried to write.", results, "sink", "result"),
		ofSinks("sink_accepted_rows_total", Counter, "rows", "Rows that an output was given.", func(w *Writing) uint64 { return w.Accepted }),
		ofSinks("sink_waiting_rows", Gauge, "rows", "Rows that wait in an output.", func(w *Writing) uint64 { return w.Waiting() }),
		ofSinks("sink_room_rows", Gauge, "rows", "Rows that may wait in an output; 0 if it does not count them.", func(w *Writing) uint64 { return w.Room }),
		ofSinks("sink_bytes_total", Counter, "bytes", "Bytes that left an output.", func(w *Writing) uint64 { return w.Bytes }),
		ofSinks("sink_files_total", Counter, "files", "Files of an output that are complete.", func(w *Writing) uint64 { return w.Files }),
		ofSinks("sink_errors_total", Counter, "errors", "Errors of what lies behind an output.", func(w *Writing) uint64 { return w.Errors }),
		spread("sink_flush_seconds", "How long an output took for a batch of at most 1,024 rows.", flushes, "sink"),

		one("remote_clients", Gauge, "clients", "Clients that a server of frames has.", func(s *Snapshot) uint64 { return uint64(s.Remote.Clients) }),
		ofClients("remote_sent_packets_total", "packets", "Packets that a server sent to a client.", func(c *Served) uint64 { return c.Packets }),
		ofClients("remote_dropped_packets_total", "packets", "Packets that a server did not send to a client, which was too slow or is allowed less.", func(c *Served) uint64 { return c.Dropped }),
		ofClients("remote_sent_bytes_total", "bytes", "Bytes that a server sent to a client, as they went over the network.", func(c *Served) uint64 { return c.Bytes }),
		one("remote_reconnects_total", Counter, "connections", "Connections to servers that were made anew after one was lost.", func(s *Snapshot) uint64 { return s.Remote.Reconnects }),
		one("remote_gap_packets_total", Counter, "packets", "Packets that a server sent and that never arrived here.", func(s *Snapshot) uint64 { return s.Remote.Gaps }),
		of("watch_files_total", Counter, "files", "Files that a watcher of directories was through with.", watched, "result"),
	}
}

func of(name string, kind Kind, unit, doc string, values func(*Snapshot, func(float64, ...string)), labels ...string) Metric {
	return Metric{Name: name, Kind: kind, Unit: unit, Doc: doc, Labels: labels, Values: values}
}

// one is a metric of a single number.
func one(name string, kind Kind, unit, doc string, value func(*Snapshot) uint64) Metric {
	return of(name, kind, unit, doc, func(s *Snapshot, give func(float64, ...string)) { give(float64(value(s))) })
}

func spread(name, doc string, durations func(*Snapshot, func(output.Durations, ...string)), labels ...string) Metric {
	return Metric{Name: name, Kind: Spread, Unit: "seconds", Doc: doc, Labels: labels, Durations: durations}
}
