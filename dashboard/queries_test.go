package dashboard

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"

	"pinyon/account"
	"pinyon/metrics"
)

// series are the names that the registry of package metrics has, with their labels: of a histogram
// those that it is stored under.
func series(t *testing.T, ns string) map[string][]string {
	t.Helper()
	e, err := metrics.New(func() account.Snapshot { return account.Snapshot{} }, &metrics.Options{Namespace: ns})
	if err != nil {
		t.Fatal(err)
	}
	families, err := e.Registry().Gather() // so that nothing here is made up
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, m := range account.Metrics() {
		labels := append([]string{"job", "instance"}, m.Labels...)
		if m.Kind != account.Spread {
			names[ns+"_"+m.Name] = labels
			continue
		}
		for _, suffix := range []string{"_sum", "_count", "_bucket"} {
			names[ns+"_"+m.Name+suffix] = append(labels, "le")
		}
	}
	for _, f := range families {
		if _, ok := names[f.GetName()]; !ok && f.GetName() != ns+"_build_info" {
			t.Errorf("%s is served and in no list", f.GetName())
		}
	}
	return names
}

var (
	selectors = regexp.MustCompile(`([a-z_][a-z0-9_]*)\{([^}]*)\}`)
	matchers  = regexp.MustCompile(`([a-z_]+)(?:=~|!=|=|!~)"[^"]*"`)
	grouping  = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	words     = regexp.MustCompile(`[a-z_][a-z0-9_]*`)
	legends   = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}`)
)

// check holds an expression against the series that there are.
func check(t *testing.T, where, expr string, ns string, names map[string][]string) (labels []string) {
	t.Helper()
	found := false
	for _, name := range words.FindAllString(expr, -1) {
		if !strings.HasPrefix(name, ns+"_") {
			continue
		}
		found = true
		if of, ok := names[name]; !ok {
			t.Errorf("%s: there is no metric %s", where, name)
		} else {
			labels = append(labels, of...)
		}
	}
	if !found {
		t.Errorf("%s asks no metric: %s", where, expr)
	}
	for _, s := range selectors.FindAllStringSubmatch(expr, -1) {
		for _, m := range matchers.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(names[s[1]], m[1]) {
				t.Errorf("%s: %s has no label %s", where, s[1], m[1])
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		for _, label := range words.FindAllString(g[1], -1) {
			if !slices.Contains(labels, label) {
				t.Errorf("%s: no metric of it has label %s: %s", where, label, expr)
			}
		}
	}
	return labels
}

// TestQueries: every query of the board asks for metrics and labels that are served, filters by job, and
// says its series by labels that it keeps.
func TestQueries(t *testing.T) {
	for _, ns := range []string{"pinyon", "joyfuljay"} {
		names := series(t, ns)
		d := Overview(ns)
		asked := map[string]bool{}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s has no query", p.Title)
			}
			for _, q := range p.Targets {
				check(t, p.Title, q.Expr, ns, names)
				for _, name := range words.FindAllString(q.Expr, -1) {
					if strings.HasPrefix(name, ns+"_") {
						asked[name] = true
						if n := strings.Count(q.Expr, name); n > strings.Count(q.Expr, name+`{job=~"$job"}`) {
							t.Errorf("%s: %s is not filtered by job: %s", p.Title, name, q.Expr)
						}
					}
				}
				for _, l := range legends.FindAllStringSubmatch(q.Legend, -1) {
					if !strings.Contains(q.Expr, "by (") || !slices.ContainsFunc(grouping.FindAllStringSubmatch(q.Expr, -1), func(g []string) bool {
						return slices.Contains(words.FindAllString(g[1], -1), l[1])
					}) {
						t.Errorf("%s: no series of %s has label %s", p.Title, q.Expr, l[1])
					}
				}
			}
		}
		if d.UID != ns+"-overview" || len(asked) < 25 || !asked[ns+"_remote_gap_packets_total"] {
			t.Errorf("%s: %d metrics are asked for", d.UID, len(asked))
		}
		query := fmt.Sprint(d.Templating.List[1].Query)
		if _, ok := names[regexp.MustCompile(`label_values\(([a-z_]+), job\)`).FindStringSubmatch(query)[1]]; !ok {
			t.Errorf("jobs come from %s", query)
		}
	}
}

// TestPanels: the panels that the board of JoyfulJay has, row by row, with their kinds, sizes and units.
func TestPanels(t *testing.T) {
	want := []string{
		"# Overview", "stat 4x4 Total Packets short", "stat 4x4 Total Bytes decbytes", "stat 4x4 Total Flows short", "stat 4x4 Active Flows short",
		"stat 4x4 Total Errors short", "stat 4x4 Packets/sec pps",
		"# Throughput", "timeseries 12x8 Packet Rate pps", "timeseries 12x8 Byte Rate Bps", "timeseries 12x8 Flows per Minute (by Reason) short", "timeseries 12x8 Active Flows short",
		"# Latency & Performance", "timeseries 12x8 Processing Duration (p50, p95, p99) s", "timeseries 12x8 Processing Jobs (by Mode) short",
		"# Errors & Health", "timeseries 12x8 Errors by Stage short", "piechart 6x8 Flow Completion Reasons short", "piechart 6x8 Error Distribution short",
		"# Efficiency Metrics", "timeseries 12x8 Average Packet Size bytes", "timeseries 12x8 Processing Success Rate percentunit",
		"# Capture Loss", "# Sinks", "# Remote",
	}
	i := 0
	for _, p := range Overview("joyfuljay").Panels {
		line := "# " + p.Title
		if p.Type != "row" {
			line = fmt.Sprintf("%s %dx%d %s %s", p.Type, p.Grid.W, p.Grid.H, p.Title, p.Field.Defaults.Unit)
		}
		if i < len(want) && line == want[i] {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("%q is missing, or in another place", want[i])
	}
}

// rulesFile is the rules of Prometheus as far as they are looked at here.
type rulesFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// TestAlerts: the rules are YAML, ask for what is served, and their texts are templates of labels that the
// expression keeps.
func TestAlerts(t *testing.T) {
	for _, a := range []Alerts{DefaultAlerts(), {Namespace: "joyfuljay", Errors: 0.5, Packets: 3, Flows: 0}} {
		var f rulesFile
		if err := yaml.Unmarshal(a.YAML(), &f); err != nil {
			t.Fatalf("%v in\n%s", err, a.YAML())
		}
		if len(f.Groups) != 1 || len(f.Groups[0].Rules) != 5 || f.Groups[0].Name != a.Namespace {
			t.Fatalf("%+v", f)
		}
		names := series(t, a.Namespace)
		for _, r := range f.Groups[0].Rules {
			check(t, r.Alert, r.Expr, a.Namespace, names)
			if r.For == "" || r.Labels["severity"] == "" || len(r.Annotations) != 2 {
				t.Errorf("%+v", r)
			}
			kept := words.FindAllString(grouping.FindStringSubmatch(r.Expr)[1], -1)
			for where, text := range r.Annotations {
				text = "{{ $labels := .L }}{{ $value := .V }}" + text
				p, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{"humanize": func(v float64) string { return fmt.Sprint("<", v, ">") }}).Parse(text)
				if err != nil {
					t.Errorf("%s, %s: %v", r.Alert, where, err)
					continue
				}
				labels := map[string]string{}
				for _, name := range kept {
					labels[name] = "the " + name
				}
				var w strings.Builder
				if err := p.Execute(&w, map[string]any{"L": labels, "V": 12.5}); err != nil || strings.ContainsAny(w.String(), "{}") {
					t.Errorf("%s, %s: %q, %v", r.Alert, where, w.String(), err)
				} else if where == "description" && !strings.Contains(w.String(), "<12.5>") {
					t.Errorf("%s tells no value: %s", r.Alert, w.String())
				}
			}
		}
	}
	if y := string(Alerts{Namespace: "x", Errors: 7, Packets: 8, Flows: 9}.YAML()); !strings.Contains(y, "> 7") || !strings.Contains(y, "<= 8 ") || !strings.Contains(y, "> 9") {
		t.Errorf("limits are not in\n%s", y)
	}
}

// TestScrape: the job is YAML that means what was asked for, whatever characters that has.
func TestScrape(t *testing.T) {
	for _, s := range []Scrape{{}, {Job: `a: "b" # c`, Target: "[::1]:9400", Interval: 1500 * time.Millisecond}, {Job: "- é\n\x01", Target: "h:1", Interval: time.Minute}} {
		var f struct {
			Jobs []struct {
				Name     string                       `yaml:"job_name"`
				Interval string                       `yaml:"scrape_interval"`
				Path     string                       `yaml:"metrics_path"`
				Static   []struct{ Targets []string } `yaml:"static_configs"`
			} `yaml:"scrape_configs"`
		}
		if err := yaml.Unmarshal(s.YAML(), &f); err != nil {
			t.Fatalf("%v in\n%s", err, s.YAML())
		}
		want := s
		if want == (Scrape{}) {
			want = Scrape{"pinyon", "localhost:9400", 15 * time.Second}
		}
		j := f.Jobs[0]
		if every, err := time.ParseDuration(j.Interval); err != nil || every != want.Interval || j.Name != want.Job || j.Path != "/metrics" || j.Static[0].Targets[0] != want.Target {
			t.Errorf("%+v: %+v, %v", s, f, err)
		}
	}
}

// promtool runs Prometheus's own checks.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool (Debian: prometheus):", err)
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func write(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPromtool: Prometheus takes the rules and the scrape job, and the syntax of every query.
func TestPromtool(t *testing.T) {
	promtool(t, "check", "rules", write(t, "rules.yml", DefaultAlerts().YAML()))
	promtool(t, "check", "config", write(t, "prometheus.yml", Scrape{}.YAML()))
	var b strings.Builder
	b.WriteString("groups:\n  - name: board\n    rules:\n")
	for i, p := range Overview("pinyon").Panels {
		for j, q := range p.Targets {
			fmt.Fprintf(&b, "      - record: q%d_%d\n        expr: %s\n", i, j, quote(strings.NewReplacer("$__rate_interval", "1m", "$job", ".*").Replace(q.Expr)))
		}
	}
	promtool(t, "check", "rules", write(t, "board.yml", []byte(b.String())))
}

// TestFire: each rule fires of what it is for, with its texts expanded, and no rule of a run over
// files that has come to its end.
func TestFire(t *testing.T) {
	rules := write(t, "rules.yml", DefaultAlerts().YAML())
	promtool(t, "test", "rules", write(t, "test.yml", []byte(`
rule_files: [`+quote(rules)+`]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'pinyon_errors_total{job="p", instance="i", stage="parsing"}', values: '0+1200x30'}
      - {series: 'pinyon_packets_total{job="p", instance="i"}', values: '5+0x30'}
      - {series: 'pinyon_capture_received_packets_total{job="p", instance="i", source="eth0"}', values: '5+0x30'}
      - {series: 'pinyon_active_flows{job="p", instance="i"}', values: '2000+0x30'}
      - {series: 'pinyon_capture_dropped_packets_total{job="p", instance="i", source="eth0", where="ring"}', values: '0+60x30'}
      - {series: 'pinyon_sink_rows_total{job="p", instance="i", sink="kafka", result="dropped"}', values: '0+120x30'}
      - {series: 'pinyon_sink_rows_total{job="p", instance="i", sink="kafka", result="ok"}', values: '0+120x30'}
      - {series: 'pinyon_packets_total{job="files", instance="f"}', values: '5+0x30'}
      - {series: 'pinyon_capture_received_packets_total{job="files", instance="f", source="file"}', values: '5+0x30'}
      - {series: 'pinyon_active_flows{job="files", instance="f"}', values: '1000+0x30'}
      - {series: 'pinyon_sink_rows_total{job="files", instance="f", sink="csv", result="failed"}', values: '0+0x30'}
    alert_rule_test:
      - eval_time: 20m
        alertname: HighErrorRate
        exp_alerts: [{exp_labels: {job: p, instance: i, severity: warning}, exp_annotations: {summary: Many errors in p, description: 'i has 20 errors a second, on average over 5 minutes.'}}]
      - eval_time: 20m
        alertname: NoPackets
        exp_alerts: [{exp_labels: {job: p, instance: i, severity: warning}, exp_annotations: {summary: No packets in p, description: 'i captures 0 packets a second, on average over 5 minutes.'}}]
      - eval_time: 20m
        alertname: HighActiveFlows
        exp_alerts: [{exp_labels: {job: p, instance: i, severity: info}, exp_annotations: {summary: Many flows in p, description: 'i has 2k flows at once.'}}]
      - eval_time: 20m
        alertname: PacketsDropped
        exp_alerts: [{exp_labels: {job: p, instance: i, source: eth0, where: ring, severity: warning}, exp_annotations: {summary: Packets are lost in p, description: 'i loses 1 packets a second of eth0: ring.'}}]
      - eval_time: 20m
        alertname: RowsLost
        exp_alerts: [{exp_labels: {job: p, instance: i, sink: kafka, severity: critical}, exp_annotations: {summary: Rows are lost in p, description: 'i loses 2 rows a second of output kafka.'}}]
`)))
}
