package account

import (
	"strings"
	"testing"

	"pinyon/account/output"
	"pinyon/flow"
	"pinyon/source"
)

// TestMetrics: names follow the rules and are told once; numbers are those of the snapshot, queues
// of one name added up.
func TestMetrics(t *testing.T) {
	s := &Snapshot{
		Intake: Intake{Packets: 7, Records: 9}, Outcome: Outcome{Rows: 3}, Flows: 2,
		Queues:  []Queue{{"rows", 1, 8}, {"batches", 2, 3}, {"rows", 4, 8}},
		Sources: []Reading{{0, "eth0", source.Stats{Received: 11, Dropped: 5}}},
		Sinks:   []Writing{{"a.csv", output.Stats{Accepted: 3, Committed: 1, Lost: 1, Files: 2}}, {"b", output.Stats{Accepted: 3}}},
	}
	s.Ended[flow.Idle] = 3
	got, numbers := map[string]bool{}, map[string]uint64{}
	for _, m := range Metrics() {
		if got[m.Name] || m.Doc == "" || m.Unit == "" || strings.HasSuffix(m.Name, "_total") != (m.Kind == Counter) {
			t.Errorf("%+v", m)
		}
		got[m.Name] = true
		for label, n := range m.Values(s) {
			if (label == "") != (m.Label == "") {
				t.Errorf("%s: label %q of %q", m.Name, label, m.Label)
			}
			if _, again := numbers[m.Name+" "+label]; again {
				t.Errorf("%s %s is told twice", m.Name, label)
			}
			numbers[m.Name+" "+label] = n
		}
	}
	for name, want := range map[string]uint64{
		"packets_total ": 7, "records_total ": 9, "active_flows ": 2, "flows_total idle": 3, "queue_length rows": 5, "queue_capacity rows": 16,
		"queue_length batches": 2, "capture_received_packets_total eth0": 11, "capture_lost_packets_total eth0": 5,
		"sink_waiting_rows a.csv": 1, "sink_files_total a.csv": 2, "sink_rows_total b": 3,
	} {
		if n, ok := numbers[name]; !ok || n != want {
			t.Errorf("%s is %d, want %d", name, n, want)
		}
	}
}
