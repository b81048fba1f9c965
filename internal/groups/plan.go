package groups

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/cryptopan"
	"pinyon/internal/dispatch"
	"pinyon/internal/graph"
	"pinyon/internal/near"
	"pinyon/label"
)

// Options say which columns are wanted and how they are computed.
type Options struct {
	Groups   []string // group names, "all", "extra", or the alias "tranalyzer"; empty is all
	Features []string // column names, with or without group; empty is every column of the groups
	// AskedOrder has the columns in the order of Features instead of the schema's.
	AskedOrder bool
	Profiles   []string // profile names; with some, they decide instead of Features
	// ProfileIDs are the columns of a profile of the user's own, joined to Profiles.
	ProfileIDs []string

	Addresses bool // src_ip, dst_ip
	Ports     bool // src_port, dst_port and their classes
	FlowID    bool
	Trace     bool // start_ns, end_ns, end_reason, first_packet, last_packet, input
	Sequences bool // iat_sequence, timestamp_sequence, pkt_len_sequence
	SPLT      bool

	Anonymize bool
	Prefixes  bool // with Anonymize: keep shared prefixes (Crypto-PAn) instead of hashing
	Salt      string
	// HashMACs and HashNames have texts of stations, and all other ones that are not safe and no
	// addresses of rows, leave as hashes; see hashed.
	HashMACs, HashNames bool
	// CommunitySeed is the seed of community_id, which there is only if Addresses and Ports
	// are there and Anonymize is not: whoever has it can find what they hide.
	CommunitySeed uint16

	Split     bool // output names of bidirectional_split
	SplitJJ   bool // the reference's names instead (15 columns)
	Qualified bool // output names with their group
	Nulls     bool // absent values are nulls

	BurstThreshold int64 // ns
	EntropyBytes   int   // sampled a direction
	ListLength     int   // packets in sequences
	ExactSamples   int   // gaps a flow keeps; 0 is no limit
	SampleMemory   int64 // bytes of gaps of all flows together
	Shards         int   // logical shards that share SampleMemory

	GraphPorts  bool // address and port make a node of the graph of hosts
	GraphMode   GraphMode
	Temporal    bool // conn_src_flow_rate, conn_temporal_spread, conn_burst_connections
	Communities string
	MaxSources  int // of betweenness; 0 is no limit
	// Endless leaves out columns that can be filled only when all flows of an input are
	// known: an input that has no end never gets there.
	Endless bool

	Custom []Custom
	// Labels, if not nil, give every row its label, in a column called LabelColumn behind all others.
	Labels      *label.Labels
	LabelColumn string
}

// GraphMode says whether the columns that need the whole graph appear; the zero value says
// they do.
type GraphMode bool

// NoGraphMetrics leaves degrees, betweenness, communities and clustering out.
const NoGraphMetrics GraphMode = true

// A Plan is the outcome of Options: the schema, and what has to be kept while packets come
// in. It is read-only and may be shared.
type Plan struct {
	Schema *column.Schema

	columns []planned
	leftOut int
	on      set
	need    need
	parsers dispatch.Set

	theta        int64
	entropyBytes int
	listLen      int
	exactSamples int
	sampleShare  int64
	anonymize    bool
	prefixes     *cryptopan.Cipher // or nil: addresses are hashed
	salt         string
	seed         uint16 // of community_id
	graph        graph.Options
	graphPorts   bool
	late         bool // some column is
	custom       []Custom
	labels       *label.Labels
	inputs       []string
	interfaces   map[int][]string // of inputs that have several
	processes    map[int]func(uint32) (pid int, name string)
}

// planned is one column of the output.
type planned struct {
	f      *Feature
	group  int // index into tables, or -1
	custom int // index into Plan.custom, or -1
	at     int // position in the custom extractor's features
}

// Aliases name several groups at once.
var aliases = map[string][]string{
	"tranalyzer": {"mac", "ip_extended", "ipv6_options", "tcp_sequence", "tcp_window", "tcp_options", "tcp_mptcp", "tcp_rtt", "tcp_fingerprint", "icmp"},
}

// extraWord switches on the columns beyond the groups' own.
const extraWord = "extra"

// Names are the names of the groups that are built, in column order.
func Names() []string {
	names := make([]string, len(groups))
	for i := range groups {
		names[i] = groups[i].name
	}
	return names
}

// All is every column of the groups that are built, optional ones included, in order.
func All() []feature.Desc {
	var ds []feature.Desc
	for i := range tables {
		for j := range tables[i].table {
			ds = append(ds, tables[i].table[j].Desc)
		}
	}
	return ds
}

// IsExtra reports whether a column is one of those that the word extra switches on.
func IsExtra(name string) bool {
	for i := range extras {
		for j := range extras[i].table {
			if extras[i].table[j].Name == name {
				return true
			}
		}
	}
	return false
}

// NewPlan resolves the options. Errors name what is unknown.
func NewPlan(o *Options) (*Plan, error) {
	p := &Plan{
		theta: o.BurstThreshold, entropyBytes: o.EntropyBytes, listLen: o.ListLength,
		exactSamples: o.ExactSamples, anonymize: o.Anonymize, salt: o.Salt, seed: o.CommunitySeed, custom: o.Custom,
		sampleShare: o.SampleMemory / int64(max(o.Shards, 1)),
		Schema:      &column.Schema{Nulls: o.Nulls, Version: feature.SchemaVersion},
	}
	if o.Anonymize && o.Prefixes {
		p.prefixes = cryptopan.New(prefixKey(o.Salt))
	}
	p.graphPorts = o.GraphPorts
	p.graph = graph.Options{MaxSources: o.MaxSources, Temporal: o.Temporal}
	if o.Communities != "" {
		var err error
		if p.graph.Communities, err = graph.ParseAlgorithm(o.Communities); err != nil {
			return nil, err
		}
	}
	wanted, err := groupSet(o.Groups)
	if err != nil {
		return nil, err
	}
	keep, err := o.filter()
	if err != nil {
		return nil, err
	}
	own := ownExtras()
	for g := range tables {
		t := &tables[g]
		further := g >= len(groups) // there by the word extra, or each by its name
		if !wanted[t.name] && !further || further && !wanted[extraWord] && len(o.Features) == 0 && !(own[t.name] && wanted[t.name]) {
			continue
		}
		for i := range t.table {
			f := &t.table[i]
			if !o.has(f.when) || !keep(f) {
				continue
			}
			if o.Endless && t.late {
				p.leftOut++
				continue
			}
			p.columns = append(p.columns, planned{f: o.covered(f), group: g, custom: -1})
			if !further {
				p.on |= 1 << g
			}
			p.need |= f.need
			p.parsers |= t.parsers
			p.late = p.late || t.late
			p.graph.Metrics = p.graph.Metrics || f.when == optGraph
		}
	}
	if p.on.has(groupTCPRTT) || p.on.has(groupTCPSequence) {
		p.need |= needSeq
	}
	p.closure()
	if err := p.addCustom(o, keep); err != nil {
		return nil, err
	}
	if len(p.columns) == 0 {
		return nil, fmt.Errorf("no column is left%s", o.chosen())
	}
	if o.AskedOrder {
		p.askedOrder(o.Features)
	}
	if p.labels = o.Labels; p.labels != nil {
		p.columns = append(p.columns, planned{f: labelFeature(o.LabelColumn), group: -1, custom: -1})
	}
	return p, p.name(o)
}

// askedOrder puts the columns into the order of words, and those that are in none behind.
func (p *Plan) askedOrder(words []string) {
	at := func(c *planned) int {
		for i, w := range words {
			if d := &c.f.Desc; w == d.Name || w == d.ID() {
				return i
			}
		}
		return len(words)
	}
	slices.SortStableFunc(p.columns, func(a, b planned) int { return at(&a) - at(&b) })
}

// closure switches on accumulators and parsers that others read, so that no value depends on
// what else is asked for.
func (p *Plan) closure() {
	p.parsers = p.parsers.WithNeeded()
	if p.on.has(groupPadding) || p.on.has(groupFingerprint) {
		p.on |= 1<<groupTiming | 1<<groupSize
	}
}

// name fills in the schema with output names.
func (p *Plan) name(o *Options) error {
	seen := make(map[string]string)
	for _, c := range p.columns {
		d := c.f.Desc
		out := d.Name
		switch {
		case o.Split && o.SplitJJ:
			out = d.SplitNameJJ()
		case o.Split:
			out = d.SplitName()
		}
		if o.Qualified {
			out = d.Group + "." + out
		}
		if other, ok := seen[out]; ok {
			return fmt.Errorf("columns %s and %s are both called %s", other, d.ID(), out)
		}
		seen[out] = d.ID()
		if o.Anonymize && d.Form == feature.Address {
			d.Form = feature.NoForm // a hash is no address
		}
		p.Schema.Fields = append(p.Schema.Fields, column.Field{Desc: d, Out: out})
	}
	return nil
}

func (o *Options) has(w option) bool {
	switch w {
	case optAddresses:
		return o.Addresses
	case optPorts:
		return o.Ports
	case optFlowID:
		return o.FlowID
	case optTrace:
		return o.Trace
	case optSequences:
		return o.Sequences
	case optSPLT:
		return o.SPLT
	case optGraph:
		return o.GraphMode != NoGraphMetrics
	case optTemporal:
		return o.Temporal
	case optCommunity:
		return o.Addresses && o.Ports && !o.Anonymize
	}
	return true
}

// ownExtras are the groups whose columns are all among the extras, so that their names can be
// asked for as those of the others can.
func ownExtras() map[string]bool {
	names := make(map[string]bool)
	for i := range extras {
		if n := extras[i].name; !slices.Contains(Names(), n) {
			names[n] = true
		}
	}
	return names
}

// groupSet resolves group words. "all" is every group that is built.
func groupSet(words []string) (map[string]bool, error) {
	built, own := Names(), ownExtras()
	wanted := make(map[string]bool)
	if len(words) == 0 {
		words = []string{"all"}
	}
	for _, w := range words {
		switch {
		case w == extraWord:
			wanted[w] = true
		case w == "all":
			for _, g := range built {
				wanted[g] = true
			}
		case aliases[w] != nil:
			for _, g := range aliases[w] {
				wanted[g] = true
			}
		case slices.Contains(built, w) || own[w]:
			wanted[w] = true
		case w == "burst":
			return nil, fmt.Errorf("feature group %q does not exist; bursts are in timing", w)
		default:
			all := append(append([]string{"all", extraWord}, built...), slices.Sorted(maps.Keys(own))...)
			return nil, fmt.Errorf("unknown feature group %q; groups are: %s%s", w, strings.Join(all, ", "), near.Hint(w, append(all, slices.Sorted(maps.Keys(aliases))...)))
		}
	}
	return wanted, nil
}

// IsWord reports whether a word stands for groups or for one of further columns.
func IsWord(w string) bool { return aliases[w] != nil || w == extraWord || ownExtras()[w] }

// chosen says what of the options chose columns.
func (o *Options) chosen() string {
	text := ""
	for _, c := range []struct {
		what  string
		words []string
	}{{"groups", o.Groups}, {"features", o.Features}, {"profiles", o.Profiles}} {
		if len(c.words) > 0 {
			text += "; " + c.what + ": " + strings.Join(c.words, ", ")
		}
	}
	return text
}

// filter makes the test that a column passes to stay. It works on canonical names.
func (o *Options) filter() (func(*Feature) bool, error) {
	if len(o.Profiles) > 0 || len(o.ProfileIDs) > 0 {
		for _, name := range o.Profiles {
			if !slices.Contains(feature.Profiles, feature.Profile(name)) {
				return nil, fmt.Errorf("unknown profile %q; profiles are: JJ-CORE, JJ-EXTENDED, JJ-EXPERIMENTAL%s", name, near.Hint(name, profileWords()))
			}
		}
		ids, err := o.known(o.ProfileIDs)
		if err != nil {
			return nil, err
		}
		return func(f *Feature) bool {
			return f.Optional || slices.Contains(o.Profiles, string(f.Profile)) || ids[f.Name]
		}, nil
	}
	if len(o.Features) == 0 {
		return func(*Feature) bool { return true }, nil
	}
	names, err := o.known(o.Features)
	if err != nil {
		return nil, err
	}
	return func(f *Feature) bool { return names[f.Name] }, nil
}

func profileWords() (words []string) {
	for _, p := range feature.Profiles {
		words = append(words, string(p))
	}
	return words
}

// known resolves column names, with or without their group, to canonical ones.
func (o *Options) known(words []string) (map[string]bool, error) {
	ids := make(map[string]string)
	for _, d := range All() {
		ids[d.Name], ids[d.ID()] = d.Name, d.Name
	}
	for i := range o.Custom {
		for _, d := range o.Custom[i].Features {
			ids[d.Name], ids[o.Custom[i].Name+"."+d.Name] = d.Name, d.Name
		}
	}
	names := make(map[string]bool)
	for _, w := range words {
		name, ok := ids[w]
		if !ok {
			return nil, fmt.Errorf("unknown feature %q%s", w, near.Hint(w, slices.Sorted(maps.Keys(ids))))
		}
		names[name] = true
	}
	return names, nil
}

// Late reports whether there are columns that can be filled only when all flows of an input
// are known; see Join.
func (p *Plan) Late() bool { return p.late }

// LeftOut is how many columns Endless left out.
func (p *Plan) LeftOut() int { return p.leftOut }

// IsLate reports whether column i of the schema is such a column.
func (p *Plan) IsLate(i int) bool {
	c := &p.columns[i]
	return c.group >= 0 && tables[c.group].late
}

// SetInputs names the inputs, for the input column; before the run.
func (p *Plan) SetInputs(names []string) {
	p.inputs, p.interfaces, p.processes = names, nil, nil
	if p.labels != nil {
		p.labels.Begin(names)
	}
}

// SetInterfaces names the interfaces of an input that has several, for the input column; after
// SetInputs.
func (p *Plan) SetInterfaces(input int, names []string) {
	if p.interfaces == nil {
		p.interfaces = map[int][]string{}
	}
	p.interfaces[input] = names
}

// SetProcesses says who knows the processes that an input's packets belong to; after SetInputs.
func (p *Plan) SetProcesses(input int, find func(number uint32) (pid int, name string)) {
	if p.processes == nil {
		p.processes = map[int]func(uint32) (int, string){}
	}
	p.processes[input] = find
}

// process is the process of a number that an input gave; 0 if there is none.
func (p *Plan) process(i int, number uint32) (pid int, name string) {
	if find := p.processes[i]; find != nil && number != 0 {
		return find(number)
	}
	return 0, ""
}

// input is the name of an input, or of one of its interfaces.
func (p *Plan) input(i int, iface uint16) string {
	if names := p.interfaces[i]; int(iface) < len(names) {
		return names[iface]
	}
	if i < len(p.inputs) {
		return p.inputs[i]
	}
	return ""
}
