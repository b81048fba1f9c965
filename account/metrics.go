package account

import (
	"iter"

	"pinyon/flow"
)

// A Kind says how the numbers of a Metric go on.
type Kind uint8

// A Counter only grows while a run lasts; a Gauge goes up and down.
const (
	Counter Kind = iota
	Gauge
)

// A Metric is a number that a Snapshot tells, or one for each value of its label. Names, units and
// kinds are those that Prometheus asks for: a counter's name ends in _total.
type Metric struct {
	Name  string // without the program's own prefix
	Kind  Kind
	Unit  string // packets, bytes, flows, rows
	Doc   string // one sentence
	Label string // what the numbers are told apart by; empty of a single one
	// Values gives the label's values, each with its number; of a single number the value is
	// empty.
	Values func(s *Snapshot) iter.Seq2[string, uint64]
}

// Metrics are those of every account, one line each. Whoever adds one of his own appends it to
// the list; whoever shows metrics walks it with a Snapshot.
func Metrics() []Metric {
	return []Metric{
		one("packets_total", Counter, "packets", "Packets that reached a flow.", func(s *Snapshot) uint64 { return s.Packets }),
		one("records_total", Counter, "packets", "Records that sources gave.", func(s *Snapshot) uint64 { return s.Records }),
		one("bytes_total", Counter, "bytes", "Bytes on the wire of what sources gave.", func(s *Snapshot) uint64 { return s.Source.Bytes }),
		one("filtered_packets_total", Counter, "packets", "Records that the filter refused.", func(s *Snapshot) uint64 { return s.Filtered }),
		one("sampled_out_packets_total", Counter, "packets", "Records that sampling left out.", func(s *Snapshot) uint64 { return s.Sampled }),
		{"decode_dropped_packets_total", Counter, "packets", "Records that are no packet of a flow.", "reason", dropped},
		{"capture_received_packets_total", Counter, "packets", "Packets that the system handed to a source at hand.", "source", func(s *Snapshot) iter.Seq2[string, uint64] {
			return bySource(s, func(r *Reading) uint64 { return r.Received })
		}},
		{"capture_lost_packets_total", Counter, "packets", "Packets that a source at hand missed.", "source", func(s *Snapshot) iter.Seq2[string, uint64] {
			return bySource(s, func(r *Reading) uint64 { return r.Lost() })
		}},
		{"capture_truncated_packets_total", Counter, "packets", "Packets of a source at hand of which not all was captured.", "source", func(s *Snapshot) iter.Seq2[string, uint64] {
			return bySource(s, func(r *Reading) uint64 { return r.Truncated })
		}},
		one("inputs_total", Counter, "inputs", "Inputs that ended.", func(s *Snapshot) uint64 { return uint64(s.Inputs) }),
		one("active_flows", Gauge, "flows", "Flows in the tables.", func(s *Snapshot) uint64 { return uint64(max(s.Flows, 0)) }),
		one("flows_created_total", Counter, "flows", "Flows that were ever in the tables.", func(s *Snapshot) uint64 { return s.Opened }),
		{"flows_total", Counter, "flows", "Flows that became rows.", "reason", ended},
		{"queue_length", Gauge, "elements", "What waits in a queue of the run.", "queue", func(s *Snapshot) iter.Seq2[string, uint64] {
			return byQueue(s, func(q *Queue) int { return q.Len })
		}},
		{"queue_capacity", Gauge, "elements", "What may wait in a queue of the run.", "queue", func(s *Snapshot) iter.Seq2[string, uint64] {
			return byQueue(s, func(q *Queue) int { return q.Cap })
		}},
		ofSinks("sink_rows_total", Counter, "rows", "Rows that an output was given.", func(w *Writing) uint64 { return w.Accepted }),
		ofSinks("sink_committed_rows_total", Counter, "rows", "Rows that left an output.", func(w *Writing) uint64 { return w.Committed }),
		ofSinks("sink_lost_rows_total", Counter, "rows", "Rows that an output lost.", func(w *Writing) uint64 { return w.Lost }),
		ofSinks("sink_waiting_rows", Gauge, "rows", "Rows that wait in an output.", func(w *Writing) uint64 { return w.Waiting() }),
		ofSinks("sink_room_rows", Gauge, "rows", "Rows that may wait in an output; 0 if it does not count them.", func(w *Writing) uint64 { return w.Room }),
		ofSinks("sink_bytes_total", Counter, "bytes", "Bytes that left an output.", func(w *Writing) uint64 { return w.Bytes }),
		ofSinks("sink_files_total", Counter, "files", "Files of an output that are complete.", func(w *Writing) uint64 { return w.Files }),
		ofSinks("sink_errors_total", Counter, "errors", "Errors of what lies behind an output.", func(w *Writing) uint64 { return w.Errors }),
	}
}

// one is a metric of a single number.
func one(name string, kind Kind, unit, doc string, value func(*Snapshot) uint64) Metric {
	return Metric{Name: name, Kind: kind, Unit: unit, Doc: doc, Values: func(s *Snapshot) iter.Seq2[string, uint64] {
		return func(yield func(string, uint64) bool) { yield("", value(s)) }
	}}
}

// ofSinks is a metric with a number for each output.
func ofSinks(name string, kind Kind, unit, doc string, value func(*Writing) uint64) Metric {
	return Metric{name, kind, unit, doc, "sink", func(s *Snapshot) iter.Seq2[string, uint64] {
		return func(yield func(string, uint64) bool) {
			for i := range s.Sinks {
				if !yield(s.Sinks[i].Name, value(&s.Sinks[i])) {
					return
				}
			}
		}
	}}
}

func bySource(s *Snapshot, value func(*Reading) uint64) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i := range s.Sources {
			if !yield(s.Sources[i].Name, value(&s.Sources[i])) {
				return
			}
		}
	}
}

// byQueue adds up queues of one name, as those of several workers are.
func byQueue(s *Snapshot, value func(*Queue) int) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i := range s.Queues {
			name, sum, first := s.Queues[i].Name, 0, true
			for j := range s.Queues {
				if s.Queues[j].Name == name {
					first = first && j >= i
					sum += value(&s.Queues[j])
				}
			}
			if first && !yield(name, uint64(sum)) {
				return
			}
		}
	}
}

func dropped(s *Snapshot) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for reason, n := range s.Decode.All() {
			if reason.Dropped() && !yield(reason.String(), n) {
				return
			}
		}
	}
}

func ended(s *Snapshot) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for r := flow.FIN; r < flow.Reasons; r++ {
			if !yield(r.String(), s.Ended[r]) {
				return
			}
		}
	}
}
