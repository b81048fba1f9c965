// Package metrics shows what a run has counted to Prometheus: the list of package account, in a
// registry of its own, over HTTP.
//
// Whoever runs something gives its account to New and has the Exporter Listen. The package counts
// nothing itself, and importing it is what brings the client of Prometheus into a program.
package metrics

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"pinyon/account"
	"pinyon/account/output"
)

// Namespace is what the names of metrics begin with, an underscore behind it, if no other is asked
// for.
const Namespace = "pinyon"

// Options are what New is told beside the account. The zero value, as nil, is the default.
type Options struct {
	// Namespace is in front of every name instead of Namespace; joyfuljay is what dashboards of
	// JoyfulJay ask for.
	Namespace string
	// Version and Commit are what build_info says.
	Version, Commit string
	// More are metrics of the caller's own, behind those of every account.
	More []account.Metric
	// Ready says whether the run is at work, for /readyz; nil is always.
	Ready func() bool
}

// An Exporter gives the metrics of an account.
type Exporter struct {
	registry *prometheus.Registry
	ready    func() bool
}

// CheckNamespace tells whether names may begin with ns: letters, digits and underscores, no digit
// first.
func CheckNamespace(ns string) error {
	if !namespaces.MatchString(ns) {
		return fmt.Errorf("got %q; want letters, digits and underscores, no digit first", ns)
	}
	return nil
}

var namespaces = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// New makes an exporter of what read tells, which any goroutine may call: an Account's Read, or a
// Total's. It is called once a scrape, so that all numbers are those of one moment.
func New(read func() account.Snapshot, o *Options) (*Exporter, error) {
	if o == nil {
		o = &Options{}
	}
	ns := o.Namespace
	if ns == "" {
		ns = Namespace
	}
	if err := CheckNamespace(ns); err != nil {
		return nil, fmt.Errorf("namespace: %w", err)
	}
	c, seen := &collector{read: read}, map[string]bool{}
	for _, m := range slices.Concat(account.Metrics(), []account.Metric{build(o)}, o.More) {
		if seen[m.Name] {
			return nil, fmt.Errorf("metric %s is there twice", m.Name)
		}
		seen[m.Name] = true
		c.list = append(c.list, described{m, prometheus.NewDesc(ns+"_"+m.Name, m.Doc, m.Labels, nil)})
	}
	e := &Exporter{registry: prometheus.NewPedanticRegistry(), ready: o.Ready}
	if err := e.registry.Register(c); err != nil {
		return nil, err
	}
	return e, nil
}

// Registry is the exporter's own, which holds nothing else: no metrics of the process.
func (e *Exporter) Registry() *prometheus.Registry { return e.registry }

// build is 1, with what program this is.
func build(o *Options) account.Metric {
	word := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	return account.Metric{
		Name: "build_info", Kind: account.Gauge, Unit: "programs", Doc: "Always 1, for what program this is.", Labels: []string{"version", "commit"},
		Values: func(_ *account.Snapshot, give func(float64, ...string)) { give(1, word(o.Version), word(o.Commit)) },
	}
}

type described struct {
	account.Metric
	desc *prometheus.Desc
}

// collector is all metrics of an account.
type collector struct {
	read func() account.Snapshot
	list []described
}

// Describe gives the metrics' descriptions.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for i := range c.list {
		to <- c.list[i].desc
	}
}

// Collect gives their values.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	s := c.read()
	for i := range c.list {
		m := &c.list[i]
		if m.Kind == account.Spread {
			var all sums[output.Durations]
			m.Durations(&s, func(d output.Durations, labels ...string) { all.at(labels).Add(&d) })
			for i := range all.list {
				n, buckets := buckets(&all.list[i])
				to <- prometheus.MustNewConstHistogram(m.desc, n, all.list[i].Sum.Seconds(), buckets, all.labels[i]...)
			}
			continue
		}
		kind := prometheus.CounterValue
		if m.Kind == account.Gauge {
			kind = prometheus.GaugeValue
		}
		var all sums[float64]
		m.Values(&s, func(n float64, labels ...string) { *all.at(labels) += n })
		for i, n := range all.list {
			to <- prometheus.MustNewConstMetric(m.desc, kind, n, all.labels[i]...)
		}
	}
}

// sums are values by their labels, in the order in which they came first: a registry refuses a
// scrape that has two of the same labels.
type sums[T any] struct {
	list   []T
	labels [][]string
	place  map[string]int
}

// at is the value of labels.
func (s *sums[T]) at(labels []string) *T {
	labels = slices.Clone(labels)
	for i, v := range labels {
		labels[i] = strings.ToValidUTF8(v, "\uFFFD") // names of interfaces and files are bytes
	}
	key := strings.Join(labels, "\xff")
	i, ok := s.place[key]
	if !ok {
		i = len(s.list)
		if s.place == nil {
			s.place = map[string]int{}
		}
		s.place[key] = i
		s.list, s.labels = append(s.list, *new(T)), append(s.labels, labels)
	}
	return &s.list[i]
}

// buckets are the counts up to each bound, and that of all.
func buckets(d *output.Durations) (n uint64, cumulative map[float64]uint64) {
	cumulative = make(map[float64]uint64, len(output.Bounds))
	for i, b := range output.Bounds {
		n += d.N[i]
		cumulative[b.Seconds()] = n
	}
	return n + d.N[len(output.Bounds)], cumulative
}
