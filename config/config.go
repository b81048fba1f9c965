// Package config is the configuration of a run, every key of it once: its type, default,
// allowed values, sentence, flag and variables; as JSON and YAML; and its hash.
package config

import (
	"fmt"
	"strings"

	"pinyon/capture/settings"
	"pinyon/extract"
	"pinyon/internal/conf"
	"pinyon/internal/groups"
)

// Config says what a flow is, which columns are wanted and how they are computed. Start from
// Default: the zero value is not valid. In files a field goes by its json tag; ranges,
// defaults and a sentence on each are in Keys.
type Config struct {
	// What a flow is.
	FlowTimeout          float64 `json:"flow_timeout"`    // seconds
	ActiveTimeout        float64 `json:"active_timeout"`  // seconds; 0 is off
	TCPCloseDelay        float64 `json:"tcp_close_delay"` // seconds
	TerminateOnFinRst    bool    `json:"terminate_on_fin_rst"`
	MaxConcurrentFlows   int     `json:"max_concurrent_flows"`   // 0 is no limit
	FlowEvictionStrategy string  `json:"flow_eviction_strategy"` // lru, oldest
	ShardKey             uint64  `json:"shard_key"`              // 0 is fixed for files and drawn for devices
	MemoryLimit          Size    `json:"memory_limit"`           // bytes, from which a number of flows follows; 0 is none for files and half the machine's memory for devices
	KeyVLAN              bool    `json:"key_vlan"`
	Decap                string  `json:"decap"` // none, inner
	SamplingRate         float64 `json:"sampling_rate"`
	SamplingSeed         uint64  `json:"sampling_seed"`
	BPFFilter            string  `json:"bpf_filter"` // "" is none

	// Which columns.
	Features            []string `json:"features"`          // groups; empty is all
	SpecificFeatures    []string `json:"specific_features"` // columns; empty is all
	Profile             string   `json:"profile"`           // names joined by commas; "" is none
	BidirectionalSplit  bool     `json:"bidirectional_split"`
	IncludeFlowID       bool     `json:"include_flow_id"`
	IncludeIPAddresses  bool     `json:"include_ip_addresses"`
	IncludePorts        bool     `json:"include_ports"`
	IncludeTrace        bool     `json:"include_trace"`
	IncludeRawSequences bool     `json:"include_raw_sequences"`
	IncludeSPLT         bool     `json:"include_splt"`
	MaxSequenceLength   int      `json:"max_sequence_length"` // packets
	AnonymizeIPs        bool     `json:"anonymize_ips"`
	AnonymizationMethod string   `json:"anonymization_method"` // hash, prefix
	AnonymizationSalt   string   `json:"anonymization_salt"`
	AnonymizeMACs       bool     `json:"anonymize_macs"`
	AnonymizeNames      bool     `json:"anonymize_names"`
	CommunityIDSeed     int      `json:"community_id_seed"`
	Missing             string   `json:"missing"` // zero, null

	// Which class a flow is of.
	Labels        []string `json:"labels"`          // files; empty is none
	LabelMap      string   `json:"label_map"`       // file or preset; "" is the usual columns
	LabelDefault  string   `json:"label_default"`   // of flows without a label
	LabelFromPath string   `json:"label_from_path"` // regular expression; "" is none
	LabelColumn   string   `json:"label_column"`    // output name

	// How they are computed.
	BurstThresholdMS   float64 `json:"burst_threshold_ms"`   // milliseconds
	EntropySampleBytes int     `json:"entropy_sample_bytes"` // bytes a direction
	ExactSamples       int     `json:"exact_samples"`        // gaps a flow; 0 is no limit
	SampleMemory       Size    `json:"sample_memory"`        // bytes
	RowMemory          Size    `json:"row_memory"`           // bytes; 0 is a quarter of the machine's memory, at most 1 GiB
	NumWorkers         int     `json:"num_workers"`          // 0 is every core

	// Connections between hosts.
	ConnectionUsePorts            bool   `json:"connection_use_ports"`
	ConnectionIncludeGraphMetrics bool   `json:"connection_include_graph_metrics"`
	ConnectionIncludeTemporal     bool   `json:"connection_include_temporal"`
	ConnectionCommunityAlgorithm  string `json:"connection_community_algorithm"`
	BetweennessMaxNodes           int    `json:"betweenness_max_nodes"`
}

// Default is the configuration of a run without one. It is the caller's to change.
func Default() *Config {
	return &Config{
		FlowTimeout: 60, TCPCloseDelay: 5, TerminateOnFinRst: true,
		FlowEvictionStrategy: "lru", Decap: "none", SamplingRate: 1, AnonymizationMethod: "hash",
		Features:      []string{"all"},
		IncludeFlowID: true, IncludeIPAddresses: true, IncludePorts: true,
		MaxSequenceLength: 100, Missing: "zero",
		LabelDefault: "unknown", LabelColumn: "label",
		BurstThresholdMS: 50, EntropySampleBytes: 256,
		ExactSamples: 4194304, SampleMemory: 1 << 30, NumWorkers: 1,
		ConnectionIncludeGraphMetrics: true, ConnectionCommunityAlgorithm: "louvain", BetweennessMaxNodes: 10000,
	}
}

// A Error says which key is wrong, and where.
type Error = conf.Error

// Capture is what a file tells a capture, in a form of its own; capture.FromConfig takes it.
type Capture = settings.Capture

// Validate returns an error for the first key whose value is not allowed: a *Error
// that names the key, its value and what is allowed. Names of groups, columns and profiles
// are looked up; a column of a custom extractor is only known to
// ValidateWith.
func (c *Config) Validate() error { return c.ValidateWith(nil) }

// ValidateWith is Validate that knows the columns of custom extractors too.
func (c *Config) ValidateWith(custom []extract.Custom) error {
	for i := range keys {
		if k := &keys[i]; k.ok != nil && !k.ok(c) {
			return &Error{Key: k.Name, Err: fmt.Errorf("%s is not allowed; want %s", k.quote(c), k.Allowed)}
		}
	}
	type named struct {
		key string
		opt groups.Options
	}
	names := []named{
		{"features", groups.Options{Groups: c.Features}},
		{"profile", groups.Options{Profiles: c.profiles()}},
	}
	if len(c.SpecificFeatures) > 0 {
		// Whether a column is optional, and off, is not the question yet.
		names = append(names, named{"specific_features", groups.Options{
			Features: c.specific(), Custom: further(custom),
			Addresses: true, Ports: true, FlowID: true, Trace: true, Sequences: true, SPLT: true,
		}})
	}
	for i := range names {
		if _, err := groups.NewPlan(&names[i].opt); err != nil {
			return &Error{Key: names[i].key, Err: err}
		}
	}
	if _, err := groups.NewPlan(c.Columns(custom...)); err != nil {
		return &Error{Err: err}
	}
	return nil
}

// Warnings are what is allowed and likely not meant, a sentence each.
func (c *Config) Warnings() []string {
	var w []string
	if c.AnonymizationSalt == "" {
		if c.AnonymizeIPs && c.IncludeIPAddresses {
			w = append(w, "anonymize_ips with an empty anonymization_salt: every IPv4 address can be recovered by trying them all")
		} else if c.IncludeFlowID && (c.AnonymizeIPs || !c.IncludeIPAddresses) {
			w = append(w, "include_flow_id with an empty anonymization_salt: the hidden IPv4 addresses can be recovered by trying them all")
		}
	}
	if c.AnonymizationSalt == "" && (c.AnonymizeMACs || c.AnonymizeNames) {
		w = append(w, "anonymize_macs or anonymize_names with an empty anonymization_salt: whoever guesses a value can tell whether it is the one")
	}
	if c.LabelMap != "" && len(c.Labels) == 0 {
		w = append(w, "label_map is set, and there are no labels to read by it")
	}
	if c.Profile != "" && len(c.SpecificFeatures) > 0 {
		w = append(w, "profile is set, so specific_features is not looked at")
	}
	return w
}

// profiles are the names in Profile.
func (c *Config) profiles() []string {
	if c.Profile == "" {
		return nil
	}
	return splitNames(c.Profile)
}

// splitNames splits at commas and drops the spaces around names.
func splitNames(s string) []string {
	names := strings.Split(s, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}
