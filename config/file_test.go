package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// load writes text to a file of that name and reads it as a configuration.
func load(t *testing.T, name, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil && !strings.HasPrefix(err.Error(), path) {
		t.Errorf("%v does not name the file", err)
	}
	return c, err
}

func TestLoadConfig(t *testing.T) {
	want := Default()
	want.Features, want.FlowTimeout, want.KeyVLAN = []string{"timing", "size"}, 30, true
	want.SampleMemory, want.Missing, want.SamplingSeed = 512<<20, "null", 1<<64-1
	for name, text := range map[string]string{
		"a.json": `{"features": ["timing", "size"], "flow_timeout": 30, "key_vlan": true, "sample_memory": "512MiB", "missing": "null", "sampling_seed": 18446744073709551615}`,
		"b.JSON": "\xef\xbb\xbf" + `{"features": "timing,size", "flow_timeout": 30.0, "key_vlan": true, "sample_memory": 536870912, "missing": "null", "sampling_seed": 18446744073709551615, "sampling_rate": null}`,
		"c.yaml": "features: [timing, size]\nflow_timeout: 30\nkey_vlan: yes\nsample_memory: 512MiB\nmissing: \"null\"\nsampling_seed: 18446744073709551615\n",
		"d.yml":  "# comment\n---\nfeatures:\n- timing\n- size\nflow_timeout: 30.0\nkey_vlan: true\nsample_memory: 536870912\nmissing: 'null'\nsampling_seed: 18446744073709551615\nprofile:\n",
		"e.yml":  "{missing: &m 'null', flow_timeout: &t 3e1, key_vlan: on, features: [timing, size], sample_memory: 512 MiB, sampling_seed: 0xffffffffffffffff}",
	} {
		got, err := load(t, name, text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v\nwant %+v", name, err, got, want)
		}
	}
	for name, text := range map[string]string{"a.yaml": "", "b.yaml": "# nothing\n", "c.yaml": "null\n", "d.yaml": "{}", "e.json": " {} ", "f.yaml": "features: null\nprofile: ~\nflow_timeout:\n"} {
		if got, err := load(t, name, text); err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}
}

func TestLoadConfigErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.json", "{\n\"flow_timeot\": 3}", ":2: flow_timeot: unknown key"},
		{"a.yaml", "key_vlan: true\n\nflow_timeot: 3\n", ":3: flow_timeot: unknown key"},
		{"a.json", "{\"key_vlan\": true,\n\"key_vlan\": true}", ":2: key_vlan: given twice"},
		{"a.yaml", "key_vlan: true\nkey_vlan: true\n", ":2: key_vlan: given twice"},
		{"a.json", `{"flow_timeout": "30"}`, `:1: flow_timeout: got "30"; want a number`},
		{"a.json", `{"num_workers": 1.5}`, ":1: num_workers: got 1.5; want a whole number"},
		{"a.yaml", "num_workers: 2.0", ":1: num_workers: got 2e+00; want a whole number"},
		{"a.json", `{"sampling_seed": -1}`, ":1: sampling_seed: got -1; want a whole number from 0 to 18446744073709551615"},
		{"a.json", `{"flow_timeout": 1e999}`, ":1: flow_timeout: got 1e999; want a number"},
		{"a.json", `{"include_ports": 1}`, ":1: include_ports: got 1; want true or false"},
		{"a.yaml", "include_ports: \"yes\"", `:1: include_ports: got "yes"; want true or false`},
		{"a.yaml", "anonymization_salt: 12345", ":1: anonymization_salt: want text, in quotation marks"},
		{"a.yaml", "profile: 2020-01-01", ":1: profile: got 2020-01-01; want text"},
		{"a.yaml", "profile: yes", ""},
		{"a.json", `{"profile": ["JJ-CORE"]}`, ":1: profile: got a list; want text"},
		{"a.json", `{"features": {"timing": true}}`, ":1: features: got a mapping; want a list of names"},
		{"a.yaml", "features:\n  timing: true", ":2: features: got a mapping; want a list of names"},
		{"a.json", `{"features": []}`, ":1: features: the list is empty; want names"},
		{"a.yaml", "features: [timing, 5]", ":1: features: entry 2: got 5; want text"},
		{"a.yaml", "features: [[timing]]", ":1: features: entry 1: want text"},
		{"a.yaml", "features: &a [*a]", ":1: features: entry 1: want text"},
		{"a.json", `{"sample_memory": "much"}`, `:1: sample_memory: got "much"; want a size, as 1GiB`},
		{"a.json", `{"sample_memory": -5}`, `:1: sample_memory: got -5; want a size, as 1GiB`},
		{"a.yaml", "missing: null", `:1: missing: got null; write "null" in quotation marks`},
		{"a.json", "{\n\n\"key_vlan\": tru}", ":3: invalid character"},
		{"a.json", `{"key_vlan": true`, ":1: unexpected EOF"},
		{"a.json", `{"key_vlan" true}`, ":1: expected colon after object key"},
		{"a.json", `{1: 2}`, ":1: invalid character"},
		{"a.json", "", ":1: unexpected EOF"},
		{"a.json", "[1]", ":1: want a JSON object"},
		{"a.json", "{}\n{}", ":2: more after the object"},
		{"a.yaml", "- 1", ":1: want a mapping"},
		{"a.yaml", "key_vlan: [", ": yaml: line 1"},
		{"a.yaml", "key_vlan: true\n---\nkey_vlan: false\n", ":2: more than one document"},
		{"a.toml", "", ": want a name that ends in .json, .yaml or .yml"},
		{"a.json", strings.Repeat(" ", maxConfig+1), ": over 1048576 bytes"},
	} {
		_, err := load(t, c.name, c.text)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.name+c.want)):
			t.Errorf("%.40s: %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// other is a configuration in which every key differs from its default.
func other() *Config {
	return &Config{
		FlowTimeout: 0.1, ActiveTimeout: 1e-7, TCPCloseDelay: 1e8, MaxConcurrentFlows: 3, FlowEvictionStrategy: "oldest",
		ShardKey: 9, MemoryLimit: 3 << 20, KeyVLAN: true, Decap: "inner", SamplingRate: 0.25, SamplingSeed: 1<<63 + 1, BPFFilter: "tcp port 443 and \"x\"",
		Features: []string{"timing", "yes", "a\u2028<b>"}, SpecificFeatures: []string{"1"}, Profile: "JJ-CORE,JJ-EXTENDED", BidirectionalSplit: true,
		IncludeTrace: true, IncludeRawSequences: true, IncludeSPLT: true, MaxSequenceLength: 7, AnonymizeIPs: true,
		AnonymizationMethod: "prefix", AnonymizationSalt: "12345", AnonymizeMACs: true, AnonymizeNames: true, CommunityIDSeed: 65535, Missing: "null", Labels: []string{"l.csv"}, LabelMap: "unsw-nb15", LabelDefault: "none", LabelFromPath: "a(b)", LabelColumn: "class", BurstThresholdMS: 1e3, EntropySampleBytes: 0, ExactSamples: 0, SampleMemory: 1000, RowMemory: 2000,
		NumWorkers: 0, ConnectionUsePorts: true, ConnectionIncludeTemporal: true, ConnectionCommunityAlgorithm: "greedy", BetweennessMaxNodes: 5,
	}
}

func TestRoundTrip(t *testing.T) {
	a, b := reflect.ValueOf(*Default()), reflect.ValueOf(*other())
	for i := range a.NumField() {
		if reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			t.Errorf("%s is the default", a.Type().Field(i).Name)
		}
	}
	for _, c := range []*Config{Default(), other()} {
		for _, name := range []string{"c.json", "c.yaml"} {
			path := filepath.Join(t.TempDir(), name)
			if err := c.Save(path); err != nil {
				t.Fatal(err)
			}
			got, err := Load(path)
			if err != nil || !reflect.DeepEqual(got, c) {
				text, _ := os.ReadFile(path)
				t.Errorf("%s: %v\n%+v\nwant %+v\n%s", name, err, got, c, text)
			}
		}
		j, err := c.ToJSON()
		if err != nil || !json.Valid(j) || !strings.HasPrefix(string(j), "{\n  \"flow_timeout\": ") {
			t.Errorf("%v %s", err, j)
		}
		got := new(Config)
		if err := json.Unmarshal(j, got); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%v %+v", err, got)
		}
		if m, err := json.Marshal(struct{ C *Config }{c}); err != nil || !json.Valid(m) {
			t.Errorf("%v %s", err, m)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"features": ["timing"], "sample_memory": "1GiB", "flow_timeout": 1e-3, "profile": null}`))
	f.Add([]byte(`{"features": "a,b", "sample_memory": 12, "sampling_seed": 18446744073709551615}`))
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, FromJSON) })
}

func FuzzFromYAML(f *testing.F) {
	f.Add([]byte("features: [timing]\nsample_memory: 1GiB\nflow_timeout: 1e-3\nprofile: ~\n"))
	f.Add([]byte("a: &a [x]\nfeatures: *a\nkey_vlan: on\n"))
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, FromYAML) })
}

// again: what can be read can be written in both forms and read again, if JSON has the
// numbers.
func again(t *testing.T, b []byte, read func([]byte) (*Config, error)) {
	c, err := read(b)
	if err != nil {
		return
	}
	j, err := c.ToJSON()
	if err != nil {
		return
	}
	y, err := c.ToYAML()
	if err != nil {
		t.Fatal(err)
	}
	fromJ, err := FromJSON(j)
	if err != nil {
		t.Fatalf("%v\n%s", err, j)
	}
	fromY, err := FromYAML(y)
	if err != nil {
		t.Fatalf("%v\n%s", err, y)
	}
	if !reflect.DeepEqual(fromJ, fromY) {
		t.Fatalf("%+v\n%+v", fromJ, fromY)
	}
	if c.Validate() == nil && !json.Valid(c.CanonicalJSON()) {
		t.Fatalf("%s", c.CanonicalJSON())
	}
}
