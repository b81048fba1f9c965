package account

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pinyon/account/output"
	"pinyon/flow"
	"pinyon/source"
)

// sums walks the list with a snapshot: each number by its name and the values of its labels.
func sums(t *testing.T, s *Snapshot) map[string]float64 {
	t.Helper()
	got, numbers := map[string]bool{}, map[string]float64{}
	for _, m := range Metrics() {
		if got[m.Name] || m.Doc == "" || m.Unit == "" || strings.HasSuffix(m.Name, "_total") != (m.Kind == Counter) {
			t.Errorf("%+v", m)
		}
		if (m.Kind == Spread) != (m.Durations != nil) || (m.Kind == Spread) == (m.Values != nil) {
			t.Errorf("%s has another function than its kind asks for", m.Name)
		}
		got[m.Name] = true
		give := func(n float64, labels ...string) {
			if len(labels) != len(m.Labels) || slices.Contains(labels, "") {
				t.Errorf("%s: labels %q of %q", m.Name, labels, m.Labels)
			}
			numbers[strings.Join(append([]string{m.Name}, labels...), " ")] += n
		}
		if m.Kind == Spread {
			m.Durations(s, func(d output.Durations, labels ...string) { give(float64(d.Count()), labels...) })
		} else {
			m.Values(s, give)
		}
	}
	return numbers
}

// TestMetrics: names follow the rules and are told once; numbers are those of the snapshot.
func TestMetrics(t *testing.T) {
	var h Histogram
	h.Observe(time.Second)
	s := &Snapshot{
		Intake: Intake{Packets: 7, Records: 9, Bytes: 70}, Outcome: Outcome{Rows: 3}, Flows: 2, Faults: 1, Lag: 1500 * time.Millisecond,
		Queues:  []Queue{{"rows", 1, 8}, {"batches", 2, 3}, {"rows", 4, 8}},
		Origins: []Origin{{"eth0", source.Stats{Received: 11, Dropped: 5, InterfaceDropped: 9, BacklogDropped: 2, QueueDropped: 4, Beyond: 3}}},
		Sinks: []Writing{
			{"a.csv", "csv", output.Stats{Accepted: 9, Committed: 1, Resumed: 1, Lost: 5, Dropped: 2, Files: 2, Errors: 1}, h.Stats()},
			{"kafka://h/t", "kafka", output.Stats{Accepted: 3}, output.Durations{}},
			{"b.csv", "csv", output.Stats{Accepted: 3}, h.Stats()},
			{"", "", output.Stats{Accepted: 8}, output.Durations{}},
		},
		Took: map[string]output.Durations{ModeLive: h.Stats()}, GivenUp: map[string]uint64{"connection": 4}, Watched: map[string]uint64{"done": 6},
		Remote: Remote{Clients: 2, Served: []Served{{"lab", 10, 1, 1000}}, Reconnects: 3, Gaps: 8},
	}
	s.Ended[flow.Idle], s.Ended[flow.Active], s.Ended[flow.RST] = 3, 1, 2
	numbers := sums(t, s)
	for name, want := range map[string]float64{
		"packets_total": 7, "bytes_total": 70, "records_total": 9, "active_flows": 2, "flow_lag_seconds": 1.5,
		"flows_total expired idle": 3, "flows_total expired active": 1, "flows_total completed rst": 2, "flows_total completed fin": 0,
		"errors_total input": 1, "errors_total parsing": 0, "errors_total output": 1, "errors_total connection_extractor": 4,
		"extract_errors_total connection": 4, "decode_errors_total network": 0,
		"queue_length rows": 5, "queue_capacity rows": 16, "queue_length batches": 2, "capture_received_packets_total eth0": 11,
		"capture_dropped_packets_total eth0 ring": 5, "capture_dropped_packets_total eth0 interface": 7,
		"capture_dropped_packets_total eth0 kernel": 2, "capture_dropped_packets_total eth0 queue": 1,
		"sink_rows_total csv ok": 2, "sink_rows_total csv failed": 3, "sink_rows_total csv dropped": 2, "sink_waiting_rows csv": 2,
		"sink_files_total csv": 2, "sink_accepted_rows_total csv-2": 3, "sink_accepted_rows_total kafka": 3, "sink_accepted_rows_total sink": 8,
		"sink_flush_seconds csv-2": 1, "sink_flush_seconds kafka": 0, "processing_duration_seconds live": 1,
		"remote_clients": 2, "remote_sent_packets_total lab": 10, "remote_dropped_packets_total lab": 1, "remote_sent_bytes_total lab": 1000,
		"remote_reconnects_total": 3, "remote_gap_packets_total": 8, "watch_files_total done": 6,
	} {
		if n, ok := numbers[name]; !ok || n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	var lost float64
	for _, where := range []string{"interface", "kernel", "ring", "queue"} {
		lost += numbers["capture_dropped_packets_total eth0 "+where]
	}
	if st := &s.Origins[0].Stats; lost != float64(st.Lost()) {
		t.Errorf("%v lost by place, %d together", lost, st.Lost())
	}
}

// fill gives every number below v another value, and every slice and map two elements.
func fill(v reflect.Value, n *uint64) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f, n)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"x", "y"} {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e, n)
			v.SetMapIndex(reflect.ValueOf(key), e)
		}
	case reflect.String:
		v.SetString("s" + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(*n)
	}
}

// TestTotal: the sum over runs is in every metric the sum of theirs, whether they are at work or
// ended, and what ended holds no memory of its own. No field of a Snapshot is left out.
func TestTotal(t *testing.T) {
	var one Snapshot
	var n uint64
	fill(reflect.ValueOf(&one).Elem(), &n)
	for i := range one.Sinks {
		one.Sinks[i].Format = "csv"
	}
	want := sums(t, &one)
	var sum Snapshot
	sum.Add(&one)
	if got := sums(t, &sum); !reflect.DeepEqual(got, want) {
		t.Errorf("alone: %v; want %v", got, want)
	}
	sum.Add(&one)
	for name, got := range sums(t, &sum) {
		if w := 2 * want[name]; got != w && !strings.HasPrefix(name, "flow_lag") {
			t.Errorf("%s is %v of two; want %v", name, got, w)
		}
	}
	for i, v := 0, reflect.ValueOf(&sum).Elem(); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("Add leaves %s out", v.Type().Field(i).Name)
		}
	}

	var total Total
	for i := range 3 {
		a := total.Begin()
		tables := a.Tables()
		tables.Set(int64(i), 5, 100)
		a.Live(0, "eth0", &Intake{Packets: 10, Source: source.Stats{Received: 10}}, time.Second)
		a.Outputs(func() []output.Member {
			var c output.Counters
			c.Accepted.Add(4)
			c.Committed.Add(4)
			return []output.Member{{Name: strings.Repeat("x", i), Format: "csv", Counters: &c}}
		})
		a.Watched("done")
		a.Took(ModeLive).Observe(time.Second)
		if i < 2 {
			tables.Set(0, 5, 0)
			a.Ended(0, &Intake{Packets: 10, Source: source.Stats{Received: 10}}, nil)
			total.End(a)
			total.End(a) // changes nothing
		}
	}
	s := total.Read()
	again := total.Read()
	if got := sums(t, &s); got["packets_total"] != 30 || got["capture_received_packets_total eth0"] != 30 || got["active_flows"] != 2 ||
		got["flows_created_total"] != 17 || got["sink_rows_total csv ok"] != 12 || got["watch_files_total done"] != 3 || got["inputs_total"] != 2 ||
		got["processing_duration_seconds live"] != 3 || got["flow_lag_seconds"] != 1 || len(s.Sources) != 1 || len(s.Sinks) != 1 {
		t.Errorf("%v", got)
	}
	if !reflect.DeepEqual(sums(t, &s), sums(t, &again)) {
		t.Error("reading changes the sums")
	}
}
