package source

// Counts are the oddities a source met, each a number of records. They are information:
// the records are used unless the name says otherwise.
type Counts struct {
	Records             uint64 `json:"records"`                        // handed out
	CapLenExceedsWire   uint64 `json:"caplen_exceeds_wirelen"`         // wire length raised to the captured one
	CapLenExceedsSnap   uint64 `json:"caplen_exceeds_snaplen"`         // used whole
	NoTimestamp         uint64 `json:"no_timestamp"`                   // time of the record before
	TimeOutOfRange      uint64 `json:"time_out_of_range,omitempty"`    // beyond the years 1677 to 2262: the nearer end stands in
	UnknownInterface    uint64 `json:"unknown_interface"`              // block skipped
	SkippedBlocks       uint64 `json:"skipped_blocks"`                 // pcapng blocks that hold no packet
	Truncated           bool   `json:"file_truncated,omitempty"`       // the last record was cut by the end of the file
	Damaged             bool   `json:"file_damaged,omitempty"`         // reading ended at a damaged record
	UnsupportedSections uint64 `json:"unsupported_sections,omitempty"` // pcapng sections of an unknown major version, skipped
}

// Add adds the counts of another source.
func (c *Counts) Add(o *Counts) {
	c.Records += o.Records
	c.CapLenExceedsWire += o.CapLenExceedsWire
	c.CapLenExceedsSnap += o.CapLenExceedsSnap
	c.NoTimestamp += o.NoTimestamp
	c.TimeOutOfRange += o.TimeOutOfRange
	c.UnknownInterface += o.UnknownInterface
	c.SkippedBlocks += o.SkippedBlocks
	c.UnsupportedSections += o.UnsupportedSections
	c.Truncated = c.Truncated || o.Truncated
	c.Damaged = c.Damaged || o.Damaged
}
