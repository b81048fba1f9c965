package dashboard

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Scrape is the configuration of Prometheus for one program: a file of its own, or a part of one.
type Scrape struct {
	Job      string        // pinyon unless given
	Target   string        // HOST:PORT; localhost:9400 unless given
	Interval time.Duration // 15s unless given
}

// YAML is the scrape job as Prometheus reads it.
func (s Scrape) YAML() []byte {
	if s.Job == "" {
		s.Job = "pinyon"
	}
	if s.Target == "" {
		s.Target = "localhost:9400"
	}
	if s.Interval <= 0 {
		s.Interval = 15 * time.Second
	}
	return fmt.Appendf(nil, `scrape_configs:
  - job_name: %s
    scrape_interval: %s
    metrics_path: /metrics
    static_configs:
      - targets: [%s]
`, quote(s.Job), span(s.Interval), quote(s.Target))
}

// Alerts are the limits of the alert rules; see DefaultAlerts.
type Alerts struct {
	Namespace string // of the metrics
	// Errors is how many errors a second, on average over 5 minutes, are the most that nobody
	// needs to know of.
	Errors float64
	// Packets is how many packets a second, on average over 5 minutes, are too few of a live
	// run; 0 tells of none at all.
	Packets float64
	// Flows is how many flows at once are the most that nobody needs to know of.
	Flows float64
}

// DefaultAlerts are the limits that JoyfulJay's rules have.
func DefaultAlerts() Alerts { return Alerts{Namespace: "pinyon", Errors: 10, Flows: 1000} }

// YAML is the rules as Prometheus reads them. They are the three of JoyfulJay, and two of what is lost.
func (a Alerts) YAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "groups:\n  - name: %s\n    rules:\n", quote(a.Namespace))
	for _, r := range a.rules() {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n        for: %s\n        labels:\n          severity: %s\n", r.name, quote(strings.ReplaceAll(r.expr, "@", a.Namespace+"_")), r.lasting, r.severity)
		fmt.Fprintf(&b, "        annotations:\n          summary: %s\n          description: %s\n", quote(r.summary), quote(r.description))
	}
	return []byte(b.String())
}

// rule is one alert; @ in the expression stands for the namespace.
type rule struct{ name, expr, lasting, severity, summary, description string }

func (a *Alerts) rules() []rule {
	return []rule{
		{"HighErrorRate", `sum by (job, instance) (rate(@errors_total[5m])) > ` + number(a.Errors), "2m", "warning",
			"Many errors in {{ $labels.job }}", `{{ $labels.instance }} has {{ $value | humanize }} errors a second, on average over 5 minutes.`},
		// A run over files comes to its end, and has no packets then: the rule is for live ones.
		{"NoPackets", `sum by (job, instance) (rate(@packets_total[5m])) <= ` + number(a.Packets) + ` and on (job, instance) @capture_received_packets_total{source!="file"}`, "5m", "warning",
			"No packets in {{ $labels.job }}", `{{ $labels.instance }} captures {{ $value | humanize }} packets a second, on average over 5 minutes.`},
		{"HighActiveFlows", `sum by (job, instance) (@active_flows) > ` + number(a.Flows), "5m", "info",
			"Many flows in {{ $labels.job }}", `{{ $labels.instance }} has {{ $value | humanize }} flows at once.`},
		{"PacketsDropped", `sum by (job, instance, source, where) (rate(@capture_dropped_packets_total[5m])) > 0`, "2m", "warning",
			"Packets are lost in {{ $labels.job }}", `{{ $labels.instance }} loses {{ $value | humanize }} packets a second of {{ $labels.source }}: {{ $labels.where }}.`},
		{"RowsLost", `sum by (job, instance, sink) (rate(@sink_rows_total{result!="ok"}[5m])) > 0`, "0m", "critical",
			"Rows are lost in {{ $labels.job }}", `{{ $labels.instance }} loses {{ $value | humanize }} rows a second of output {{ $labels.sink }}.`},
	}
}

// quote is a text as YAML, whatever is in it: a string of JSON is one of YAML.
func quote(s string) string { return strconv.QuoteToGraphic(strings.ToValidUTF8(s, "\uFFFD")) }

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

// span is a duration as Prometheus writes them.
func span(d time.Duration) string {
	if d%time.Second == 0 && d > 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + "ms"
}
