package metrics_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"pinyon"
	"pinyon/account"
	"pinyon/account/output"
	"pinyon/metrics"
	"pinyon/sink/csv"
	"pinyon/source"
)

// exporter gives an exporter of one snapshot.
func exporter(t *testing.T, s account.Snapshot, o *metrics.Options) *metrics.Exporter {
	t.Helper()
	e, err := metrics.New(func() account.Snapshot { return s }, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// gather is every number by its name and the values of its labels in braces, in the order of the labels' names.
func gather(t *testing.T, e *metrics.Exporter) map[string]float64 {
	t.Helper()
	families, err := e.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetValue())
			}
			name := fmt.Sprintf("%s%q", f.GetName(), labels)
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				numbers[name] = m.Counter.GetValue()
			case dto.MetricType_GAUGE:
				numbers[name] = m.Gauge.GetValue()
			case dto.MetricType_HISTOGRAM:
				numbers[name] = float64(m.Histogram.GetSampleCount())
			default:
				t.Errorf("%s is a %v", f.GetName(), f.GetType())
			}
		}
	}
	return numbers
}

// sum adds up what gather found under a name, whatever the labels.
func sum(numbers map[string]float64, name string) (n float64) {
	for full, v := range numbers {
		if strings.HasPrefix(full, name+"[") {
			n += v
		}
	}
	return n
}

// everything is a snapshot in which every metric has a number.
func everything() account.Snapshot {
	var h account.Histogram
	h.Observe(1)
	return account.Snapshot{
		Origins: []account.Origin{{Name: "eth0", Stats: source.Stats{Received: 1}}, {Name: "eth\xff0"}},
		Queues:  []account.Queue{{Name: "rows", Len: 1, Cap: 2}, {Name: "rows", Len: 2, Cap: 2}},
		Sinks: []account.Writing{
			{Name: "a", Format: "csv", Stats: output.Stats{Accepted: 1}, Took: h.Stats()}, {Name: "a", Format: "csv", Took: h.Stats()}, {}, {},
		},
		Took:    map[string]output.Durations{account.ModeLive: h.Stats()},
		GivenUp: map[string]uint64{"connection": 1}, Watched: map[string]uint64{"done": 1},
		Remote: account.Remote{Served: []account.Served{{Client: "a", Packets: 1}, {Client: "a", Packets: 2}, {Client: "a\xfe"}, {Client: "a\xff"}}},
	}
}

// TestExtract: with the default columns, and for any number of workers, the numbers of a run are
// those of its result.
func TestExtract(t *testing.T) {
	paths, err := filepath.Glob("../testdata/*.pcap")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d captures, %v", len(paths), err)
	}
	var first map[string]float64
	for _, workers := range []int{1, 2, 8} {
		var a account.Account
		cfg := pinyon.DefaultConfig()
		cfg.NumWorkers = workers
		p, err := pinyon.New(cfg, pinyon.WithAccount(&a))
		if err != nil {
			t.Fatal(err)
		}
		k, err := csv.New(io.Discard, p.Schema(), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.ProcessAll(context.Background(), pinyon.Files(paths...), k)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		e, err := metrics.New(a.Read, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := gather(t, e)
		c := res.Counters()
		var bytes uint64
		for i := range res.Inputs {
			bytes += res.Inputs[i].Bytes
		}
		if bytes == 0 || c.PacketsInRows == 0 || res.Rows == 0 {
			t.Fatal("the captures hold nothing")
		}
		for name, want := range map[string]uint64{
			"pinyon_packets_total": c.PacketsInRows, "pinyon_bytes_total": bytes, "pinyon_flows_total": res.Rows, "pinyon_records_total": c.Records,
			"pinyon_flows_created_total": res.Rows, "pinyon_sink_accepted_rows_total": res.Rows, "pinyon_sink_rows_total": res.Rows,
			"pinyon_capture_received_packets_total": c.Records, "pinyon_inputs_total": uint64(len(paths)), "pinyon_active_flows": 0,
			"pinyon_processing_duration_seconds": uint64(len(paths)),
		} {
			if n := sum(got, name); n != float64(want) {
				t.Errorf("%d workers: %s is %v, want %d", workers, name, n, want)
			}
		}
		for reason, n := range c.EndReasons {
			found := false
			for name, v := range got {
				found = found || strings.HasPrefix(name, "pinyon_flows_total[") && strings.Contains(name, `"`+reason+`"`) && v == float64(n)
			}
			if !found {
				t.Errorf("%d workers: %d flows ended by %s: not told", workers, n, reason)
			}
		}
		for name := range got { // what depends on time and on who works
			if strings.Contains(name, "queue") || strings.Contains(name, "table_bytes") {
				delete(got, name)
			}
		}
		if first == nil {
			first = got
		}
		for name, n := range first {
			if got[name] != n {
				t.Errorf("%s is %v of %d workers, and %v of 1", name, got[name], workers, n)
			}
		}
	}
}

// TestEverything: every metric of the list is shown, whatever names things have, and nothing else
// is; names and types are as Prometheus wants them.
func TestEverything(t *testing.T) {
	for _, ns := range []string{"", "joyfuljay"} {
		e := exporter(t, everything(), &metrics.Options{Namespace: ns, Version: "1", Commit: "c"})
		families, err := e.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		if ns == "" {
			ns = metrics.Namespace
		}
		want := []string{ns + "_build_info"}
		for _, m := range account.Metrics() {
			want = append(want, ns+"_"+m.Name)
		}
		slices.Sort(want)
		var got []string
		for _, f := range families {
			got = append(got, f.GetName())
		}
		if !slices.Equal(got, want) {
			t.Errorf("shown %q; want %q", got, want)
		}
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		numbers := gather(t, e)
		for name, want := range map[string]float64{
			`_remote_sent_packets_total["a"]`: 3, "_remote_sent_packets_total[\"a\uFFFD\"]": 0, "_capture_received_packets_total[\"eth\uFFFD0\"]": 0,
			`_queue_length["rows"]`: 3, `_sink_accepted_rows_total["csv"]`: 1, `_sink_accepted_rows_total["csv-2"]`: 0,
			`_sink_accepted_rows_total["sink-2"]`: 0, `_build_info["c" "1"]`: 1, `_sink_flush_seconds["csv-2"]`: 1,
		} {
			if n, ok := numbers[ns+name]; !ok || n != want {
				t.Errorf("%s%s is %v; want %v", ns, name, n, want)
			}
		}
	}
	for _, ns := range []string{"a-b", "1a", "a b", "a:b", "é"} {
		if _, err := metrics.New(nil, &metrics.Options{Namespace: ns}); err == nil {
			t.Errorf("namespace %q is taken", ns)
		}
	}
	if _, err := metrics.New(nil, &metrics.Options{More: account.Metrics()[:1]}); err == nil {
		t.Error("a metric is taken twice")
	}
}

// TestPromtool has Prometheus's own check read what is served.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool (Debian: prometheus):", err)
	}
	w := httptest.NewRecorder()
	exporter(t, everything(), nil).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), "pinyon_packets_total") {
		t.Fatal(w.Body)
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(w.Body.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
