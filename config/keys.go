package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"pinyon/label"
)

// A Key describes one key of the configuration: in files, as a flag, in the environment.
type Key struct {
	Name    string   // in files
	Flag    string   // without dashes; a boolean has the form no-Flag as well
	Short   string   // one-letter flag, or ""
	Aliases []string // other names of the flag
	Env     []string // variables that set it; the first that is there counts
	Kind    string   // number, integer, boolean, text, list, size
	Default string   // as a flag takes it; "" where it is null
	Allowed string   // what the value may be; "" for anything of its kind
	Doc     string   // one sentence
}

// Keys describes every key, in the order of Config.
func Keys() []Key {
	ks := make([]Key, len(keys))
	for i := range keys {
		ks[i] = keys[i].Key
		ks[i].Aliases, ks[i].Env = slices.Clone(ks[i].Aliases), slices.Clone(ks[i].Env)
	}
	return ks
}

// key is what the table below knows of a key.
type key struct {
	Key
	field func(*Config) any  // its field's address
	ok    func(*Config) bool // nil: every value is allowed
	plain bool               // the rows do not depend on it: not in the hash
	null  bool               // "" is null in files
	late  bool               // came after hashes were written down: in the hash only where it is not the default
}

// maxSeconds is about 31 years: times in nanoseconds stay far from overflow.
const maxSeconds = 1e9

// maxSequence keeps a batch of lists within 32-bit offsets.
const maxSequence = 1000000

// keys is every key. Its name is the json tag of its field, its kind the field's type, its
// default that of Default.
var keys = complete([]key{
	{field: func(c *Config) any { return &c.FlowTimeout }, Key: Key{Flag: "timeout", Aliases: []string{"flow-timeout"}, Env: []string{"PINYON_FLOW_TIMEOUT", "JOYFULJAY_FLOW_TIMEOUT"}, Allowed: "a number above 0, at most 1e9",
		Doc: "Seconds without a packet after which a flow ends."},
		ok: func(c *Config) bool { return c.FlowTimeout > 0 && c.FlowTimeout <= maxSeconds }},
	{field: func(c *Config) any { return &c.ActiveTimeout }, Key: Key{Allowed: "a number from 0 to 1e9",
		Doc: "Age in seconds at which a flow is written out and its successor opened; 0 is never."},
		ok: func(c *Config) bool { return c.ActiveTimeout >= 0 && c.ActiveTimeout <= maxSeconds }},
	{field: func(c *Config) any { return &c.TCPCloseDelay }, Key: Key{Allowed: "a number from 0 to 1e9",
		Doc: "Seconds for which a closed TCP connection still takes late packets."},
		ok: func(c *Config) bool { return c.TCPCloseDelay >= 0 && c.TCPCloseDelay <= maxSeconds }},
	{field: func(c *Config) any { return &c.TerminateOnFinRst }, Key: Key{
		Doc: "End a TCP flow when its connection was closed or reset."}},
	{field: func(c *Config) any { return &c.MaxConcurrentFlows }, Key: Key{Env: []string{"PINYON_MAX_FLOWS", "JOYFULJAY_MAX_FLOWS"}, Allowed: "0 or more",
		Doc: "Most flows kept at a time; beyond it one is written out early; 0 is no limit."},
		ok: func(c *Config) bool { return c.MaxConcurrentFlows >= 0 }},
	choice(func(c *Config) *string { return &c.FlowEvictionStrategy }, "Which flow goes under that limit: the one least recently seen, or the one opened first.", "lru", "oldest"),
	{field: func(c *Config) any { return &c.ShardKey }, plain: true, Key: Key{
		Doc: "Number by which flows are dealt out to 64 shares of that limit, so that nobody who does not know it can fill one share; 0 is the same one for all files, and for devices one that each run draws and its provenance tells."}},
	{field: func(c *Config) any { return &c.MemoryLimit }, plain: true, Key: Key{Allowed: "a size of 1MiB or more, or 0",
		Doc: "Memory for flows: a flow for every 4 KiB of it is kept at a time, whatever columns there are, beyond which one is written out early; 0 is no limit for files, and half the machine's memory for devices."},
		ok: func(c *Config) bool { return c.MemoryLimit == 0 || c.MemoryLimit >= 1<<20 }},
	{field: func(c *Config) any { return &c.KeyVLAN }, Key: Key{
		Doc: "Keep flows of different outermost VLANs apart."}},
	choice(func(c *Config) *string { return &c.Decap }, "Whether to look into tunnels for the innermost IP header.", "none", "inner"),
	{field: func(c *Config) any { return &c.SamplingRate }, Key: Key{Allowed: "a number from 0 to 1",
		Doc: "Share of packets to keep."},
		ok: func(c *Config) bool { return c.SamplingRate >= 0 && c.SamplingRate <= 1 }},
	{field: func(c *Config) any { return &c.SamplingSeed }, Key: Key{
		Doc: "Which packets sampling keeps; the same seed keeps the same ones."}},
	{field: func(c *Config) any { return &c.BPFFilter }, null: true, Key: Key{Flag: "filter", Allowed: "a filter that compiles",
		Doc: "Packets to use, in the language of pcap-filter; none is all."}},

	{field: func(c *Config) any { return &c.Features }, Key: Key{
		Doc: "Groups of columns, or all."}},
	{field: func(c *Config) any { return &c.SpecificFeatures }, Key: Key{Flag: "feature",
		Doc: "Columns, with or without their group; the others are left out."}},
	{field: func(c *Config) any { return &c.Profile }, null: true, Key: Key{
		Doc: "Profiles of columns, joined by commas: JJ-CORE, JJ-EXTENDED, JJ-EXPERIMENTAL; goes before specific_features."}},
	{field: func(c *Config) any { return &c.BidirectionalSplit }, Key: Key{Flag: "bidir-split",
		Doc: "Put the direction in front of directional columns' names: fwd_, bwd_."}},
	{field: func(c *Config) any { return &c.IncludeFlowID }, Key: Key{
		Doc: "Add flow_id, a hash of salt and 5-tuple."}},
	{field: func(c *Config) any { return &c.IncludeIPAddresses }, Key: Key{Flag: "ips", Aliases: []string{"include-ip-addresses"},
		Doc: "Have columns with addresses."}},
	{field: func(c *Config) any { return &c.IncludePorts }, Key: Key{Flag: "ports", Aliases: []string{"include-ports"},
		Doc: "Have columns with ports and their classes."}},
	{field: func(c *Config) any { return &c.IncludeTrace }, Key: Key{
		Doc: "Add start and end in nanoseconds, end reason, first and last record number and input."}},
	{field: func(c *Config) any { return &c.IncludeRawSequences }, Key: Key{Flag: "include-sequences",
		Doc: "Add list columns of times, gaps and lengths of the first packets."}},
	{field: func(c *Config) any { return &c.IncludeSPLT }, Key: Key{
		Doc: "Add lengths, times and directions of the first packets."}},
	{field: func(c *Config) any { return &c.MaxSequenceLength }, Key: Key{Allowed: "a number above 0, at most 1000000",
		Doc: "Packets in list columns."},
		ok: func(c *Config) bool { return c.MaxSequenceLength > 0 && c.MaxSequenceLength <= maxSequence }},
	{field: func(c *Config) any { return &c.AnonymizeIPs }, Key: Key{
		Doc: "Write what anonymization_method makes of them in place of addresses; MAC addresses and names in payload are not covered."}},
	choice(func(c *Config) *string { return &c.AnonymizationMethod }, "What stands for an address under anonymize_ips: a salted hash, or an address of which equal prefixes stay equal (Crypto-PAn).", "hash", "prefix"),
	{field: func(c *Config) any { return &c.AnonymizationSalt }, plain: true, Key: Key{
		Doc: "Text that goes into the hashes of addresses and of flow_id, and the key of Crypto-PAn: 64 hexadecimal digits are the key itself."}},
	{field: func(c *Config) any { return &c.AnonymizeMACs }, late: true, Key: Key{
		Doc: "Write salted hashes in place of MAC addresses."}},
	{field: func(c *Config) any { return &c.AnonymizeNames }, late: true, Key: Key{
		Doc: "Write salted hashes in place of names, paths, banners and other texts that may tell of a person; what is said of each column in docs/features.md."}},
	{field: func(c *Config) any { return &c.CommunityIDSeed }, Key: Key{Allowed: "0 to 65535",
		Doc: "Seed of community_id, which must be that of the programs whose logs it is to meet; theirs is 0 unless changed."},
		ok: func(c *Config) bool { return c.CommunityIDSeed >= 0 && c.CommunityIDSeed <= 65535 }},
	choice(func(c *Config) *string { return &c.Missing }, "How an absent value leaves: as the value its column has for that, or as null.", "zero", "null"),

	{field: func(c *Config) any { return &c.Labels }, plain: true, Key: Key{
		Doc: "Files of labels (CSV, JSON, JSON Lines, Parquet), which add a column with each flow's label; docs/labels.md."}},
	{field: func(c *Config) any { return &c.LabelMap }, plain: true, null: true, Key: Key{
		Doc: "What the columns of files of labels are called and how their values are written: a file, or a preset: " + strings.Join(label.Presets(), ", ") + "."}},
	{field: func(c *Config) any { return &c.LabelDefault }, late: true, Key: Key{
		Doc: "Label of flows that no record and no path gives one."}},
	{field: func(c *Config) any { return &c.LabelFromPath }, late: true, null: true, Key: Key{Allowed: "a regular expression (RE2)",
		Doc: "Label of the flows of an input that no record gives one: the first group, or without groups the whole, of what this finds in its path: captures/([^/]+)/."},
		ok: func(c *Config) bool { _, err := regexp.Compile(c.LabelFromPath); return err == nil }},
	{field: func(c *Config) any { return &c.LabelColumn }, late: true, Key: Key{Allowed: "a name",
		Doc: "Name of the column of labels."},
		ok: func(c *Config) bool { return c.LabelColumn != "" }},

	{field: func(c *Config) any { return &c.BurstThresholdMS }, Key: Key{Allowed: "a number above 0, at most 1e12",
		Doc: "Gap in milliseconds that ends a burst."},
		ok: func(c *Config) bool { return c.BurstThresholdMS > 0 && c.BurstThresholdMS <= maxSeconds*1e3 }},
	{field: func(c *Config) any { return &c.EntropySampleBytes }, Key: Key{Allowed: "0 to 1073741824",
		Doc: "Payload bytes a direction that entropy looks at."},
		ok: func(c *Config) bool { return c.EntropySampleBytes >= 0 && c.EntropySampleBytes <= 1<<30 }},
	{field: func(c *Config) any { return &c.ExactSamples }, Key: Key{Allowed: "0 or more",
		Doc: "Gaps a flow keeps for exact percentiles, beyond which they come from a sketch; 0 is no limit."},
		ok: func(c *Config) bool { return c.ExactSamples >= 0 }},
	{field: func(c *Config) any { return &c.SampleMemory }, Key: Key{Allowed: "a size above 0, as 1GiB",
		Doc: "Memory for the gaps of all flows, beyond which the largest flows' percentiles come from a sketch."},
		ok: func(c *Config) bool { return c.SampleMemory > 0 }},
	{field: func(c *Config) any { return &c.RowMemory }, plain: true, Key: Key{Allowed: "a size, as 256MiB, or 0",
		Doc: "Memory for rows that wait for the end of their input, beyond which they go to a temporary file; 0 is a quarter of the machine's memory, at most 1 GiB."},
		ok: func(c *Config) bool { return c.RowMemory >= 0 }},
	{field: func(c *Config) any { return &c.NumWorkers }, plain: true, Key: Key{Flag: "workers", Short: "w", Aliases: []string{"num-workers"}, Env: []string{"PINYON_NUM_WORKERS", "JOYFULJAY_NUM_WORKERS"}, Allowed: "0 or more",
		Doc: "Cores to use; 0 is all."},
		ok: func(c *Config) bool { return c.NumWorkers >= 0 }},

	{field: func(c *Config) any { return &c.ConnectionUsePorts }, Key: Key{
		Doc: "Take address and port, not the address alone, as a node of the connection graph."}},
	{field: func(c *Config) any { return &c.ConnectionIncludeGraphMetrics }, Key: Key{
		Doc: "Have columns with metrics of the connection graph."}},
	{field: func(c *Config) any { return &c.ConnectionIncludeTemporal }, Key: Key{
		Doc: "Add columns on when a host's connections came."}},
	choice(func(c *Config) *string { return &c.ConnectionCommunityAlgorithm }, "How communities of the connection graph are found.", "louvain", "greedy", "label_propagation"),
	{field: func(c *Config) any { return &c.BetweennessMaxNodes }, Key: Key{Allowed: "1 or more",
		Doc: "Nodes of the connection graph beyond which betweenness is approximated from that many."},
		ok: func(c *Config) bool { return c.BetweennessMaxNodes >= 1 }},
})

// choice is a key with a few words to choose from.
func choice(field func(*Config) *string, doc string, words ...string) key {
	return key{
		field: func(c *Config) any { return field(c) },
		ok:    func(c *Config) bool { return slices.Contains(words, *field(c)) },
		Key:   Key{Doc: doc, Allowed: strings.Join(words, " or ")},
	}
}

// complete fills in what the struct knows: names, kinds, defaults, and flags spelled like
// the name.
func complete(ks []key) []key {
	c := Default()
	names := make(map[any]string)
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		names[v.Field(i).Addr().Interface()] = v.Type().Field(i).Tag.Get("json")
	}
	for i := range ks {
		k := &ks[i]
		p := k.field(c)
		k.Name, k.Kind, k.Default = names[p], kind(p), text(p)
		if k.Flag == "" {
			k.Flag = strings.ReplaceAll(k.Name, "_", "-")
		}
	}
	return ks
}

// find is the key of a name, or nil.
func find(name string) *key {
	for i := range keys {
		if keys[i].Name == name {
			return &keys[i]
		}
	}
	return nil
}

// Set gives a key the value that a flag or a variable holds. A list takes several values,
// each of which may hold several, joined by commas; of anything else the last one counts.
// The value is not validated beyond its kind.
func (c *Config) Set(name string, values ...string) error {
	k := find(name)
	if k == nil {
		return &Error{Key: name, Err: fmt.Errorf("unknown key")}
	}
	if len(values) == 0 {
		return nil
	}
	if err := parse(k.field(c), values); err != nil {
		return &Error{Key: name, Err: err}
	}
	return nil
}

// names are the names of all keys.
func names() []string {
	all := make([]string, len(keys))
	for i := range keys {
		all[i] = keys[i].Name
	}
	return all
}

// ApplyEnv sets the keys whose variables are there and not empty; lookup is os.LookupEnv.
func (c *Config) ApplyEnv(lookup func(string) (string, bool)) error {
	for i := range keys {
		for _, name := range keys[i].Env {
			v, ok := lookup(name)
			if !ok || v == "" {
				continue
			}
			if err := parse(keys[i].field(c), []string{v}); err != nil {
				return &Error{Key: name, Err: err}
			}
			break
		}
	}
	return nil
}

// quote is the key's value in an error.
func (k *key) quote(c *Config) string {
	p := k.field(c)
	if s, ok := p.(*string); ok {
		return fmt.Sprintf("%q", *s)
	}
	return text(p)
}

// errSecret takes the place of an error that would show what it is about.
var errSecret = errors.New("want text, in quotation marks if it looks like something else")

// secret reports whether nobody may see the value.
func (k *key) secret() bool { return k.Name == "anonymization_salt" }
