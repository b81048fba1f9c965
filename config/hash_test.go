package config

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCanonicalJSON(t *testing.T) {
	const want = `{"active_timeout":0,"anonymization_method":"hash","anonymize_ips":false,"betweenness_max_nodes":10000,"bidirectional_split":false,"bpf_filter":null,` +
		`"burst_threshold_ms":50,"community_id_seed":0,"connection_community_algorithm":"louvain","connection_include_graph_metrics":true,` +
		`"connection_include_temporal":false,"connection_use_ports":false,"decap":"none","entropy_sample_bytes":256,"exact_samples":4194304,` +
		`"features":["all"],"flow_eviction_strategy":"lru","flow_timeout":60,"include_flow_id":true,"include_ip_addresses":true,` +
		`"include_ports":true,"include_raw_sequences":false,"include_splt":false,"include_trace":false,"key_vlan":false,` +
		`"max_concurrent_flows":0,"max_sequence_length":100,"missing":"zero","profile":null,"sample_memory":1073741824,"sampling_rate":1,` +
		`"sampling_seed":0,"specific_features":null,"tcp_close_delay":5,"terminate_on_fin_rst":true}`
	c := Default()
	if got := string(c.CanonicalJSON()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if h := c.Hash(); !strings.HasPrefix(h, "sha256:") || len(h) != 7+64 {
		t.Error(h)
	}
	// What only an encoder could get wrong is read back by another one.
	var got map[string]any
	if err := json.Unmarshal(other().CanonicalJSON(), &got); err != nil {
		t.Fatal(err)
	}
	if got["sampling_seed"] != "9223372036854775809" || got["active_timeout"] != 1e-7 || got["tcp_close_delay"] != 1e8 || !reflect.DeepEqual(got["features"], []any{"timing", "yes", "a\u2028<b>"}) {
		t.Errorf("%v", got)
	}
}

// TestHash: every key that rows depend on changes the hash, and no other.
func TestHash(t *testing.T) {
	plain := []string{"num_workers", "row_memory", "anonymization_salt", "labels", "label_map", "shard_key", "memory_limit"}
	d := Default().Hash()
	for i := range keys {
		c := Default()
		to, from := reflect.ValueOf(keys[i].field(c)), reflect.ValueOf(keys[i].field(other()))
		to.Elem().Set(from.Elem())
		if changed := c.Hash() != d; changed == slices.Contains(plain, keys[i].Name) {
			t.Errorf("%s: changed = %v", keys[i].Name, changed)
		}
	}
}

// TestCanonicalNumbers has samples of RFC 8785 appendix B.
func TestCanonicalNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.1: "0.1", 1e-6: "0.000001", 9.999999999999997e-7: "9.999999999999997e-7", 1e21: "1e+21", 1e23: "1e+23",
		9.999999999999997e22: "9.999999999999997e+22", 999999999999999900000: "999999999999999900000", 5e-324: "5e-324",
		1.7976931348623157e308: "1.7976931348623157e+308", 333333333.3333332: "333333333.3333332",
	} {
		if got := string(appendNumber(nil, v)); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
	if got := string(appendNumber(nil, math.Copysign(0, -1))); got != "0" {
		t.Error(got)
	}
	if got := string(appendCanonical(nil, "\u20ac$\x0f\nA'B\"\\\\\"/\b\t\f\r\u2028\x7f\xff")); got != "\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\t\\f\\r\u2028\x7f\ufffd\"" {
		t.Error(got)
	}
}
