package pinyon_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon"
)

// labelled are the labels of a capture's rows.
func labelled(t *testing.T, capture string, cfg *pinyon.Config) []string {
	t.Helper()
	table, err := pinyon.Extract(context.Background(), capture, cfg)
	if err != nil {
		t.Fatalf("%s: %v", capture, err)
	}
	var got []string
	for _, r := range table.All() {
		got = append(got, r.Text(cfg.LabelColumn))
	}
	return got
}

// TestLabels: records made of a capture's rows, every other one with its ends exchanged, label these
// rows, whatever the columns, the number of workers, and what stands for addresses.
func TestLabels(t *testing.T) {
	dir := t.TempDir()
	mapping := filepath.Join(dir, "map.yaml")
	if err := os.WriteFile(mapping, []byte("timestamp_column: start_ns\ntime_unit: ns\ntimestamp_tolerance: 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(dir, "hidden.yaml")
	if err := os.WriteFile(hidden, []byte("timestamp_column: start_ns\ntime_unit: ns\ntimestamp_tolerance: 0\naddresses: anonymized\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	base := func() *pinyon.Config {
		cfg := pinyon.DefaultConfig()
		cfg.IncludeTrace = true
		cfg.SpecificFeatures = []string{"src_ip", "src_port", "dst_ip", "dst_port", "protocol", "start_ns", "flow_id"}
		return cfg
	}
	rows := 0
	for _, capture := range captures(t) {
		var want []string
		// write makes a file of labels of the rows that a configuration gives.
		write := func(cfg *pinyon.Config) string {
			table, err := pinyon.Extract(context.Background(), capture, cfg)
			if err != nil {
				t.Fatal(err)
			}
			want = want[:0]
			var b strings.Builder
			b.WriteString("label,src_ip,src_port,dst_ip,dst_port,protocol,start_ns\n")
			for i, r := range table.All() {
				src, dst := "src", "dst"
				if i%2 == 1 {
					src, dst = dst, src
				}
				want = append(want, fmt.Sprint("class ", i))
				fmt.Fprintf(&b, "class %d,%s,%d,%s,%d,%d,%d\n", i, r.Text(src+"_ip"), r.Int(src+"_port"), r.Text(dst+"_ip"), r.Int(dst+"_port"), r.Int("protocol"), r.Int("start_ns"))
			}
			path := filepath.Join(dir, "labels.csv")
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			return path
		}
		check := func(name string, cfg *pinyon.Config) {
			t.Helper()
			if got := labelled(t, capture, cfg); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s, %s: %q, want %q", capture, name, got, want)
			}
		}
		clear := write(base())
		rows += len(want)
		for name, change := range map[string]func(*pinyon.Config){
			"two workers":   func(c *pinyon.Config) { c.NumWorkers = 2 },
			"eight workers": func(c *pinyon.Config) { c.NumWorkers = 8 },
			"other columns": func(c *pinyon.Config) {
				c.SpecificFeatures, c.IncludeTrace, c.IncludeIPAddresses, c.IncludePorts = []string{"total_packets"}, false, false, false
				c.LabelColumn, c.Missing = "class", "null"
			},
			"hashed rows": func(c *pinyon.Config) { c.AnonymizeIPs, c.AnonymizationSalt = true, "x" },
		} {
			cfg := base()
			cfg.Labels, cfg.LabelMap = []string{clear}, mapping
			change(cfg)
			check(name, cfg)
		}
		for _, method := range []string{"hash", "prefix"} {
			cfg := base()
			cfg.AnonymizeIPs, cfg.AnonymizationSalt, cfg.AnonymizationMethod = true, "x", method
			cfg.Labels = []string{write(cfg)}
			cfg.LabelMap = hidden
			check(method, cfg)
		}
	}
	if rows < 100 {
		t.Errorf("%d rows in all", rows)
	}
}

// TestLabelsByID: the column flow_id, as an earlier run wrote it, finds its flow.
func TestLabelsByID(t *testing.T) {
	dir := t.TempDir()
	table, err := pinyon.Extract(context.Background(), "testdata/dns_udp.pcap", nil)
	if err != nil || table.Len() == 0 {
		t.Fatal(table.Len(), err)
	}
	cfg := pinyon.DefaultConfig()
	cfg.SpecificFeatures = []string{"total_packets"}
	cfg.Labels, cfg.LabelMap = []string{filepath.Join(dir, "a.json")}, filepath.Join(dir, "map.json")
	for _, r := range table.All() {
		for path, content := range map[string]string{
			cfg.Labels[0]: fmt.Sprintf(`[{"label":"that","flow_id":%q}]`, r.Text("flow_id")),
			cfg.LabelMap:  `{"flow_id_column":"flow_id"}`,
		} {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		break
	}
	got := labelled(t, "testdata/dns_udp.pcap", cfg)
	if got[0] != "that" {
		t.Errorf("%q", got)
	}
}

// TestLabelReport: provenance and report say what files said and how many flows have what.
func TestLabelReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.csv")
	if err := os.WriteFile(path, []byte("label,dst_port,protocol\nname,53,udp\nname,53,UDP\nnever,1,tcp\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := pinyon.DefaultConfig()
	cfg.Labels, cfg.LabelFromPath = []string{path}, `/([^/.]+)\.pcap`
	p, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ins := pinyon.Files("testdata/dns_udp.pcap", "testdata/closed.pcap")
	run := p.Start(ins)
	for _, err := range run.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	v := p.Provenance(ins, run.Result()).Labels
	r := v.Report
	if len(v.Files) != 1 || v.Files[0].Records != 3 || r.Unused != 1 || r.Matched == 0 || r.ByPath == 0 || r.Unmatched != 0 ||
		r.Matched+r.ByPath != run.Result().Rows || r.Flows["name"] != r.Matched || r.Flows["closed"] == 0 {
		t.Errorf("%+v, report %+v", v, r)
	}
	if p.Schema().Fields[len(p.Schema().Fields)-1].Out != "label" {
		t.Error("the label is not the last column")
	}
	if plain, err := pinyon.New(nil); err != nil || plain.Schema().Index("label") >= 0 || plain.Provenance(ins, nil).Labels != nil || plain.LabelReport() != nil {
		t.Errorf("labels without being asked for, or %v", err)
	}
	cfg.LabelColumn = "src_ip"
	if _, err := pinyon.New(cfg); err == nil {
		t.Error("two columns of one name")
	}
}
