// Package provenance says how a table was made: by which program and configuration, of which
// inputs, and what became of every record.
package provenance

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"pinyon/account"
	"pinyon/config"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/groups"
	"pinyon/internal/version"
	"pinyon/label"
	"pinyon/source"
)

// Provenance says where a data set comes from: the program, the configuration, the inputs,
// and everything that was counted on the way. It is written beside output files, and
// without GeneratedAt into them, so that equal inputs give equal bytes.
type Provenance struct {
	Tool string `json:"tool"`
	// Partial says that rows are missing: the run was interrupted, or the output that this is
	// of could not be written. It stands behind the tool because package files, which marks
	// outputs whose beginning was written before, looks for it there.
	Partial       bool      `json:"partial"`
	ToolVersion   string    `json:"tool_version"`
	PinyonVersion string    `json:"pinyon_version"`
	SchemaVersion string    `json:"schema_version"`
	Profile       *string   `json:"profile"`
	Backend       string    `json:"backend"`
	CaptureMode   string    `json:"capture_mode"`
	ConfigHash    string    `json:"config_hash"`
	GeneratedAt   string    `json:"timestamp_generated,omitempty"`
	Privacy       Privacy   `json:"privacy"`
	SamplingRate  float64   `json:"sampling_rate"`
	SamplingSeed  uint64    `json:"sampling_seed"`
	ShardKey      uint64    `json:"shard_key,omitempty"`    // by which flows had their share of a limit; 0 is the fixed one
	MemoryLimit   uint64    `json:"memory_limit,omitempty"` // bytes for flows
	FlowLimit     int       `json:"flow_limit,omitempty"`   // flows at a time, by whichever limit
	Missing       string    `json:"missing"`
	Labels        *Labels   `json:"labels,omitempty"` // where rows have one
	Inputs        []Input   `json:"inputs"`
	Capture       *Live     `json:"capture,omitempty"`  // of a live run
	Rows          *uint64   `json:"rows,omitempty"`     // unknown before the end
	Counters      *Counters `json:"counters,omitempty"` // unknown before the end
}

// Privacy says what was hidden.
type Privacy struct {
	IPAnonymization bool `json:"ip_anonymization"`
	PortRedaction   bool `json:"port_redaction"`
	MACs            bool `json:"mac_anonymization,omitempty"`
	Names           bool `json:"name_anonymization,omitempty"`
}

// Labels say where the labels of rows come from. Report is unknown before the end.
type Labels struct {
	Files    []label.File  `json:"files"`
	Map      string        `json:"map,omitempty"`
	FromPath string        `json:"from_path,omitempty"`
	Default  string        `json:"default"`
	Report   *label.Report `json:"report,omitempty"`
}

// Live says how packets were captured, and at the end what became of them.
type Live struct {
	Interfaces []string      `json:"interfaces"`
	Filter     string        `json:"filter"`
	Snaplen    int           `json:"snaplen"`
	Stats      *source.Stats `json:"stats,omitempty"`
}

// Input is one input. Size is in bytes, 0 where it has none; SHA256 only if asked
// for; Counters and Error only if there are several inputs, or one failed.
type Input struct {
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256,omitempty"`
	Error    string    `json:"error,omitempty"`
	Counters *Counters `json:"counters,omitempty"`
	Merged   []Input   `json:"merged,omitempty"` // the captures that were read as this one, by name and size
}

// Counters account for every record: those read are the packets in rows and what Dropped
// sums up. The rest is information on records that were used.
type Counters struct {
	Records        uint64            `json:"records"`
	PacketsInRows  uint64            `json:"packets_in_rows"`
	Dropped        uint64            `json:"dropped"`
	DroppedBy      map[string]uint64 `json:"dropped_by"`
	NonIP          map[string]uint64 `json:"non_ip_by,omitempty"`
	Noted          map[string]uint64 `json:"noted"`
	Rows           uint64            `json:"rows"`
	EndReasons     map[string]uint64 `json:"end_reasons"`
	FilesDamaged   uint64            `json:"files_damaged"`
	FilesTruncated uint64            `json:"files_truncated"`
	FilesFailed    uint64            `json:"files_failed"`
	groups.Stats
}

// Sum sums the counters of all inputs of a run.
func Sum(inputs []account.Report, stats groups.Stats) *Counters {
	c := newCounters()
	for i := range inputs {
		c.add(&inputs[i])
	}
	c.Stats = stats
	return c
}

// Of is the counters of one input.
func Of(in *account.Report) *Counters {
	c := newCounters()
	c.add(in)
	return c
}

func newCounters() *Counters {
	return &Counters{DroppedBy: map[string]uint64{}, NonIP: map[string]uint64{}, Noted: map[string]uint64{}, EndReasons: map[string]uint64{}}
}

func (c *Counters) add(in *account.Report) {
	drop := func(name string, n uint64) {
		c.DroppedBy[name] += n
		c.Dropped += n
	}
	c.Records += in.Source.Counts.Records + in.Source.Counts.UnknownInterface
	c.PacketsInRows += in.InRows
	c.Rows += in.Rows
	drop("unknown_interface", in.Source.Counts.UnknownInterface)
	drop("filtered", in.Filtered)
	drop("sampled_out", in.Sampled)
	drop("edge_out", in.EdgeOut)
	for reason, n := range in.Decode.All() {
		if reason.Dropped() {
			drop(reason.String(), n)
		} else {
			c.Noted[reason.String()] += n
		}
	}
	for name, n := range in.Decode.NonIP() {
		c.NonIP[name] += n
	}
	c.Noted["ts_backwards"] += in.Late
	c.Noted["fragment_orphan"] += in.Orphans
	c.Noted["syn_held"] += in.Held.Held
	c.Noted["syn_held_began"] += in.Held.Began
	c.Noted["syn_held_forced"] += in.Held.Forced
	c.Noted["time_out_of_range"] += in.Source.Counts.TimeOutOfRange
	c.Noted["no_timestamp"] += in.Source.Counts.NoTimestamp
	c.Noted["caplen_exceeds_wirelen"] += in.Source.Counts.CapLenExceedsWire
	c.Noted["caplen_exceeds_snaplen"] += in.Source.Counts.CapLenExceedsSnap
	c.Noted["skipped_blocks"] += in.Source.Counts.SkippedBlocks
	c.Noted["unsupported_sections"] += in.Source.Counts.UnsupportedSections
	for r := flow.FIN; r < flow.Reasons; r++ {
		c.EndReasons[r.String()] += in.Ended[r]
	}
	switch {
	case in.Source.Counts.Damaged:
		c.FilesDamaged++
	case in.Source.Counts.Truncated:
		c.FilesTruncated++
	case in.Err != nil:
		c.FilesFailed++
	}
}

// New describes the beginning of a run over inputs; profile is what its profile is called,
// "" for none. Sizes and hashes of the inputs are the caller's to fill in.
func New(c *config.Config, profile string, ins []source.Input) *Provenance {
	v := &Provenance{
		Tool: "pinyon", ToolVersion: version.Number, PinyonVersion: version.Number, SchemaVersion: feature.SchemaVersion,
		Backend: "pcap", CaptureMode: "offline", ConfigHash: c.Hash(),
		Privacy:      Privacy{IPAnonymization: c.AnonymizeIPs, PortRedaction: !c.IncludePorts, MACs: c.AnonymizeMACs, Names: c.AnonymizeNames},
		SamplingRate: c.SamplingRate, SamplingSeed: c.SamplingSeed, ShardKey: c.ShardKey, MemoryLimit: uint64(c.MemoryLimit), FlowLimit: c.FlowLimit(), Missing: c.Missing,
		Inputs: make([]Input, len(ins)),
	}
	if profile != "" {
		v.Profile = &profile
	}
	for i := range ins {
		v.Inputs[i].Name = ins[i].Name
		if ins[i].Live {
			v.Backend, v.CaptureMode = "afpacket", "live"
		}
	}
	return v
}

// End enters what became of the inputs, in whose order reports is.
func (v *Provenance) End(reports []account.Report, rows uint64, stats groups.Stats) {
	v.Rows, v.Counters = &rows, Sum(reports, stats)
	for i := range reports {
		in := &reports[i]
		if in.Err != nil {
			v.Inputs[i].Error = strings.ToValidUTF8(in.Err.Error(), "\ufffd")
		}
		if len(v.Inputs) > 1 && len(v.Inputs) <= maxCounted || in.Err != nil {
			v.Inputs[i].Counters = Of(in)
		}
	}
}

// maxCounted is how many inputs the provenance counts one by one; of more it does so for
// those with an error. An input's counters take 1.4 kB.
const maxCounted = 1000

// Stamp sets GeneratedAt, in UTC.
func (v *Provenance) Stamp(t time.Time) { v.GeneratedAt = t.UTC().Format(time.RFC3339) }

// JSON is the provenance as a sidecar holds it, indented by two spaces, with a final newline.
func (v *Provenance) JSON() []byte { return v.encode("  ") }

// Compact is the provenance on one line without its end.
func (v *Provenance) Compact() []byte { return bytes.TrimRight(v.encode(""), "\n") }

func (v *Provenance) encode(indent string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		panic("BUG: provenance: " + err.Error()) // strings and numbers only
	}
	return b.Bytes()
}
