package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pinyon/extract"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/groups"
	"pinyon/internal/machine"
	"pinyon/packet"
)

// TestKeys holds the table against the struct, and against names, flags and defaults that
// files and scripts rely on.
func TestKeys(t *testing.T) {
	const want = `
flow_timeout timeout number 60|active_timeout active-timeout number 0|tcp_close_delay tcp-close-delay number 5
terminate_on_fin_rst terminate-on-fin-rst boolean true|max_concurrent_flows max-concurrent-flows integer 0
flow_eviction_strategy flow-eviction-strategy text lru|shard_key shard-key integer 0|memory_limit memory-limit size 0|key_vlan key-vlan boolean false|decap decap text none
sampling_rate sampling-rate number 1|sampling_seed sampling-seed integer 0|bpf_filter filter text
features features list all|specific_features feature list|profile profile text|bidirectional_split bidir-split boolean false
include_flow_id include-flow-id boolean true|include_ip_addresses ips boolean true|include_ports ports boolean true
include_trace include-trace boolean false|include_raw_sequences include-sequences boolean false|include_splt include-splt boolean false
max_sequence_length max-sequence-length integer 100|anonymize_ips anonymize-ips boolean false|anonymization_method anonymization-method text hash
anonymization_salt anonymization-salt text|anonymize_macs anonymize-macs boolean false|anonymize_names anonymize-names boolean false
community_id_seed community-id-seed integer 0|missing missing text zero|labels labels list|label_map label-map text
label_default label-default text unknown|label_from_path label-from-path text|label_column label-column text label
burst_threshold_ms burst-threshold-ms number 50|entropy_sample_bytes entropy-sample-bytes integer 256
exact_samples exact-samples integer 4194304|sample_memory sample-memory size 1GiB|row_memory row-memory size 0|num_workers workers integer 1
connection_use_ports connection-use-ports boolean false|connection_include_graph_metrics connection-include-graph-metrics boolean true
connection_include_temporal connection-include-temporal boolean false
connection_community_algorithm connection-community-algorithm text louvain|betweenness_max_nodes betweenness-max-nodes integer 10000`
	lines := strings.FieldsFunc(strings.TrimSpace(want), func(r rune) bool { return r == '\n' || r == '|' })
	ks := Keys()
	if n := reflect.TypeFor[Config]().NumField(); len(ks) != n || len(lines) != n {
		t.Fatalf("%d keys, %d wanted, %d fields", len(ks), len(lines), n)
	}
	spelled := make(map[string]string)
	for i, k := range ks {
		if got := strings.TrimSpace(strings.Join([]string{k.Name, k.Flag, k.Kind, k.Default}, " ")); got != lines[i] {
			t.Errorf("key %d: %s, want %s", i, got, lines[i])
		}
		if tag := reflect.TypeFor[Config]().Field(i).Tag.Get("json"); tag != k.Name {
			t.Errorf("key %d is %s, field %s", i, k.Name, tag)
		}
		if !strings.HasSuffix(k.Doc, ".") || strings.Count(k.Doc, ". ") > 0 {
			t.Errorf("%s: doc %q", k.Name, k.Doc)
		}
		flags := append([]string{k.Flag}, k.Aliases...)
		if k.Kind == "boolean" {
			for _, f := range flags {
				flags = append(flags, "no-"+f)
			}
		}
		for _, f := range append(flags, k.Short) {
			if other, ok := spelled[f]; ok && f != "" {
				t.Errorf("--%s is %s and %s", f, other, k.Name)
			}
			spelled[f] = k.Name
		}
	}
	for f, name := range map[string]string{
		"timeout": "flow_timeout", "flow-timeout": "flow_timeout", "workers": "num_workers", "w": "num_workers",
		"no-ips": "include_ip_addresses", "no-ports": "include_ports", "include-sequences": "include_raw_sequences",
		"bidir-split": "bidirectional_split", "feature": "specific_features", "filter": "bpf_filter",
	} {
		if spelled[f] != name {
			t.Errorf("--%s is %q, want %s", f, spelled[f], name)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	set := func(f func(*Config)) *Config { c := Default(); f(c); return c }
	for _, c := range []struct {
		cfg  *Config
		want string // prefix of the error; "" is none
	}{
		{set(func(c *Config) { c.FlowTimeout = 0 }), "flow_timeout: 0 is not allowed; want a number above 0"},
		{set(func(c *Config) { c.FlowTimeout = math.NaN() }), "flow_timeout: NaN is not allowed"},
		{set(func(c *Config) { c.FlowTimeout = math.Inf(1) }), "flow_timeout: +Inf is not allowed"},
		{set(func(c *Config) { c.FlowTimeout = 1e9 }), ""},
		{set(func(c *Config) { c.FlowTimeout = 1e-12 }), ""},
		{set(func(c *Config) { c.ActiveTimeout = -1 }), "active_timeout: -1"},
		{set(func(c *Config) { c.TCPCloseDelay = -1 }), "tcp_close_delay: -1"},
		{set(func(c *Config) { c.TCPCloseDelay = 0 }), ""},
		{set(func(c *Config) { c.MaxConcurrentFlows = -1 }), "max_concurrent_flows: -1"},
		{set(func(c *Config) { c.FlowEvictionStrategy = "LRU" }), `flow_eviction_strategy: "LRU" is not allowed; want lru or oldest`},
		{set(func(c *Config) { c.FlowEvictionStrategy = "oldest" }), ""},
		{set(func(c *Config) { c.Decap = "outer" }), `decap: "outer" is not allowed; want none or inner`},
		{set(func(c *Config) { c.SamplingRate = 1.01 }), "sampling_rate: 1.01"},
		{set(func(c *Config) { c.SamplingRate = 0 }), ""},
		{set(func(c *Config) { c.Features = []string{"timing", "nonsense"} }), `features: unknown feature group "nonsense"`},
		{set(func(c *Config) { c.Features = []string{"burst"} }), `features: feature group "burst" does not exist; bursts are in timing`},
		{set(func(c *Config) { c.Features = nil }), ""},
		{set(func(c *Config) { c.SpecificFeatures = []string{"iat_mean", "iat_mode"} }), `specific_features: unknown feature "iat_mode"`},
		{set(func(c *Config) { c.SpecificFeatures = []string{"timing.iat_mean", "src_ip"} }), ""},
		{set(func(c *Config) { c.SpecificFeatures = []string{"splt"} }), "no column is left"},
		{set(func(c *Config) { c.SpecificFeatures, c.IncludeSPLT = []string{"splt"}, true }), ""},
		{set(func(c *Config) { c.Profile = "JJ-CORES" }), `profile: unknown profile "JJ-CORES"`},
		{set(func(c *Config) { c.Profile = "JJ-CORE, JJ-EXTENDED" }), ""},
		{set(func(c *Config) { c.Profile = "JJ-CORE," }), `profile: unknown profile ""`},
		{set(func(c *Config) { c.MaxSequenceLength = 0 }), "max_sequence_length: 0"},
		{set(func(c *Config) { c.MaxSequenceLength = 1000001 }), "max_sequence_length: 1000001"},
		{set(func(c *Config) { c.Missing = "nan" }), `missing: "nan" is not allowed; want zero or null`},
		{set(func(c *Config) { c.BurstThresholdMS = 0 }), "burst_threshold_ms: 0"},
		{set(func(c *Config) { c.EntropySampleBytes = -1 }), "entropy_sample_bytes: -1"},
		{set(func(c *Config) { c.ExactSamples = -1 }), "exact_samples: -1"},
		{set(func(c *Config) { c.SampleMemory = 0 }), "sample_memory: 0"},
		{set(func(c *Config) { c.NumWorkers = -1 }), "num_workers: -1"},
		{set(func(c *Config) { c.NumWorkers = 0 }), ""},
		{set(func(c *Config) { c.ConnectionCommunityAlgorithm = "leiden" }), `connection_community_algorithm: "leiden"`},
		{set(func(c *Config) { c.BetweennessMaxNodes = 0 }), "betweenness_max_nodes: 0"},
	} {
		err := c.cfg.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v, want no error", err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%v, want %s", err, c.want)
		}
		var ce *Error
		if err != nil && !errors.As(err, &ce) {
			t.Errorf("%v is no Error", err)
		}
	}
}

// TestValidateCustom: columns of custom extractors may be asked for by name.
func TestValidateCustom(t *testing.T) {
	custom := []extract.Custom{{Name: "mine", New: func() extract.Accumulator { return nil }, Features: []feature.Desc{{Name: "my_count", Kind: feature.Int}}}}
	c := Default()
	c.SpecificFeatures = []string{"my_count"}
	if err := c.ValidateWith(custom); err != nil {
		t.Error(err)
	}
	if err := c.Validate(); err == nil {
		t.Error("a custom column is known without its extractor")
	}
}

func TestWarnings(t *testing.T) {
	c := Default()
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("%q", w)
	}
	c.AnonymizeIPs = true
	if w := c.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "anonymize_ips") {
		t.Errorf("%q", w)
	}
	c.AnonymizeIPs, c.IncludeIPAddresses = false, false
	if w := c.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "include_flow_id") {
		t.Errorf("%q", w)
	}
	c.AnonymizationSalt, c.Profile, c.SpecificFeatures = "pinyon", "JJ-CORE", []string{"iat_mean"}
	if w := c.Warnings(); len(w) != 1 || !strings.HasPrefix(w[0], "profile") {
		t.Errorf("%q", w)
	}
}

func TestOptions(t *testing.T) {
	c := Default()
	c.FlowTimeout, c.BurstThresholdMS, c.ActiveTimeout, c.TCPCloseDelay = 0.1234567895, 0.0000016, 1e-12, 0
	c.MaxConcurrentFlows, c.FlowEvictionStrategy, c.Decap = 9, "oldest", "inner"
	want := flow.Options{Timeout: 123456790, Active: 1, Terminate: true, Limit: 9, Strategy: flow.Oldest}
	if got := c.Flow(); !reflect.DeepEqual(got, want) || c.Decapsulation() != packet.DecapInner {
		t.Errorf("%+v, want %+v", got, want)
	}
	c.Profile, c.Missing, c.SpecificFeatures = "JJ-CORE,JJ-EXTENDED", "null", []string{"iat_mean"}
	x := c.Columns()
	if x.BurstThreshold != 2 || !x.Nulls || !reflect.DeepEqual(x.Profiles, []string{"JJ-CORE", "JJ-EXTENDED"}) || x.SampleMemory != 1<<30 {
		t.Errorf("%+v", x)
	}
	// Every switch reaches its option and no other.
	for name, got := range map[string]func(*groups.Options) bool{
		"include_ip_addresses": func(o *groups.Options) bool { return o.Addresses }, "include_ports": func(o *groups.Options) bool { return o.Ports },
		"include_flow_id": func(o *groups.Options) bool { return o.FlowID }, "include_trace": func(o *groups.Options) bool { return o.Trace },
		"include_raw_sequences": func(o *groups.Options) bool { return o.Sequences }, "include_splt": func(o *groups.Options) bool { return o.SPLT },
		"anonymize_ips": func(o *groups.Options) bool { return o.Anonymize }, "bidirectional_split": func(o *groups.Options) bool { return o.Split },
	} {
		for _, v := range []string{"true", "false"} {
			c := Default()
			if err := c.Set(name, v); err != nil {
				t.Fatal(err)
			}
			if got(c.Columns()) != (v == "true") {
				t.Errorf("%s: %s has no effect", name, v)
			}
		}
	}
}

func TestSet(t *testing.T) {
	c := Default()
	for _, s := range [][]string{
		{"flow_timeout", "1", "2.5"}, {"features", "timing, size", "tcp"}, {"sample_memory", "2G"},
		{"include_ports", "false"}, {"sampling_seed", "18446744073709551615"}, {"profile", "JJ-CORE"},
	} {
		if err := c.Set(s[0], s[1:]...); err != nil {
			t.Error(err)
		}
	}
	if c.FlowTimeout != 2.5 || strings.Join(c.Features, "+") != "timing+size+tcp" || c.SampleMemory != 2<<30 || c.IncludePorts || c.SamplingSeed != math.MaxUint64 {
		t.Errorf("%+v", c)
	}
	for _, s := range [][2]string{
		{"flow_timeout", `flow_timeout: got "soon"; want a number`}, {"num_workers", `num_workers: got "soon"; want a whole number`},
		{"key_vlan", `key_vlan: got "soon"; want true or false`}, {"sample_memory", `sample_memory: got "soon"; want a size, as 1GiB`},
		{"flow_timeot", "flow_timeot: unknown key"},
	} {
		if err := c.Set(s[0], "soon"); err == nil || err.Error() != s[1] {
			t.Errorf("%v, want %s", err, s[1])
		}
	}
}

func TestApplyEnv(t *testing.T) {
	env := map[string]string{"JOYFULJAY_FLOW_TIMEOUT": "30", "PINYON_MAX_FLOWS": "5", "JOYFULJAY_MAX_FLOWS": "6", "PINYON_NUM_WORKERS": ""}
	lookup := func(k string) (string, bool) { v, ok := env[k]; return v, ok }
	c := Default()
	if err := c.ApplyEnv(lookup); err != nil || c.FlowTimeout != 30 || c.MaxConcurrentFlows != 5 || c.NumWorkers != 1 {
		t.Errorf("%v %+v", err, c)
	}
	env["PINYON_NUM_WORKERS"] = "many"
	if err := c.ApplyEnv(lookup); err == nil || err.Error() != `PINYON_NUM_WORKERS: got "many"; want a whole number` {
		t.Error(err)
	}
}

func TestSize(t *testing.T) {
	for s, want := range map[string]Size{
		"0": 0, "1": 1, "17b": 17, "1GiB": 1 << 30, "1 gib": 1 << 30, "2g": 2 << 30, "3KB": 3000, "4kib": 4096, "7T": 7 << 40,
	} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", s, got, err, want)
		}
		if got, err := ParseSize(want.String()); err != nil || got != want {
			t.Errorf("%s: %d, %v", want, got, err)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "1.5G", "9223372036854775808", "8388608TiB", "1XB"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q is %d", s, got)
		}
	}
}

func TestSaveMode(t *testing.T) {
	c := Default()
	for _, salt := range []string{"", "pinyon"} {
		c.AnonymizationSalt = salt
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
		if i, err := os.Stat(path); err != nil || salt != "" && i.Mode().Perm()&0o077 != 0 {
			t.Errorf("salt %q: %v %v", salt, i.Mode(), err)
		}
	}
	if err := c.Save("config.ini"); err == nil || !strings.Contains(err.Error(), "config.ini: want a name that ends in") {
		t.Error(err)
	}
}

// TestMemoryLimit: the number of flows follows from the limit alone, the lower of two limits holds,
// and a limit that is there stays.
func TestMemoryLimit(t *testing.T) {
	for _, c := range []struct {
		memory Size
		flows  int
		want   int
	}{
		{0, 0, 0}, {0, 7, 7}, {1 << 20, 0, 256}, {1 << 20, 255, 255}, {1 << 20, 257, 256}, {12 << 30, 0, 3 << 20}, {math.MaxInt64, 0, math.MaxInt32},
	} {
		a := Default()
		hash := a.Hash()
		a.MemoryLimit, a.MaxConcurrentFlows = c.memory, c.flows
		if got := a.FlowLimit(); got != c.want || a.Flow().Limit != got {
			t.Errorf("%d bytes and %d flows: %d, want %d", c.memory, c.flows, got, c.want)
		}
		a.MaxConcurrentFlows = 0
		if a.Hash() != hash {
			t.Errorf("%d bytes: another hash", c.memory)
		}
		a.LimitMemory()
		if c.memory != 0 && a.MemoryLimit != c.memory {
			t.Errorf("%d bytes became %d", c.memory, a.MemoryLimit)
		}
		if c.memory == 0 && (a.MemoryLimit != halfOf(machine.Memory()) || a.Validate() != nil) {
			t.Errorf("the limit of this machine is %d", a.MemoryLimit)
		}
	}
	for in, want := range map[int64]Size{0: 0, -1: 0, 1: 1 << 20, 3 << 20: 1 << 20, 16 << 30: 8 << 30} {
		if got := halfOf(in); got != want {
			t.Errorf("half of %d: %d, want %d", in, got, want)
		}
	}
	a := Default()
	a.MemoryLimit = 1<<20 - 1
	if a.Validate() == nil {
		t.Error("less than a MiB is a limit")
	}
}

// TestDrawShardKey: a key is drawn where there is none, another one each time, and fits a number
// of JSON; one that is set stays, and the hash of the configuration does not depend on it.
func TestDrawShardKey(t *testing.T) {
	a, b := Default(), Default()
	hash := a.Hash()
	a.DrawShardKey()
	b.DrawShardKey()
	if a.ShardKey == 0 || a.ShardKey == b.ShardKey || a.ShardKey >= 1<<53 || a.Hash() != hash {
		t.Errorf("%d and %d, %s", a.ShardKey, b.ShardKey, a.Hash())
	}
	was := a.ShardKey
	if a.DrawShardKey(); a.ShardKey != was {
		t.Errorf("%d became %d", was, a.ShardKey)
	}
}
