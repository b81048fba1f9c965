// Package settings is what a file tells a capture: devices, limits, filter, files, log, address
// lists. Two published forms of YAML are read into one structure, the one with the top key
// sniffer (Guide) and the one with six sections (Code), and either is written again. It opens
// no device and no file but those it reads.
package settings

import (
	"pinyon/internal/conf"
)

// Size is a number of bytes; in files it may have a unit, as 128KB or 8MiB.
type Size = conf.Size

// An Error says which key is wrong, and where. Load and Validate join several of them.
type Error = conf.Error

// Capture is everything that a file may tell a capture. Start from Default: the zero value is
// not valid. Keys describes each field, with its place in both forms.
type Capture struct {
	Interfaces     []string // "any" alone is all of them; none is what Detection finds
	Detection      string   // auto, manual, preferred_type
	PreferredTypes []string // kinds of device, the first that is there counts
	CheckNames     bool     // names of devices are looked at before one is opened

	Count        uint64  // packets; 0 is without end
	Timeout      float64 // seconds that the capture lasts; 0 is without end
	Promiscuous  bool
	Monitor      bool
	BufferSize   Size // of each device's ring
	Snaplen      int  // bytes of a packet that are kept
	Realtime     bool // a line for every packet
	MemoryLimit  int  // packets; without effect, a ring is bounded in bytes
	ProcessBatch int  // packets; without effect, a ring has blocks

	Filter          string // in the language of pcap-filter(7)
	Optimize        bool
	MaxFilterLength int // bytes of Filter
	SanitizeFilter  bool
	Filters         Filters

	Output   Output
	Logging  Logging
	Perform  Performance
	Security Security

	from map[string]place // where a key's value was given, by its name in Guide
}

// Filters are conditions that a file spells as a mapping, or as a list of expressions. Packets
// pass that Capture.Filter, one of Expressions and the rest accept.
type Filters struct {
	Protocol    []string // words of the filter language that stand alone, as tcp
	Ports       []int
	IPs         []string // addresses and prefixes
	Exclude     []string // broadcast, multicast, addresses, prefixes, or expressions
	Expressions []string
}

// Output says which files the packets go to.
type Output struct {
	Enabled     bool // files are written; a file that gives another key of Output means it
	Directory   string
	Pattern     string // file name; see Pattern
	Format      string // parquet, pcap, pcapng
	Compression string // of Parquet: snappy, gzip, zstd, lz4, none
	BatchSize   int    // packets of a Parquet file's row group
	Rotation    Rotation
}

// Rotation says when a new file begins, at whichever limit comes first.
type Rotation struct {
	Enabled  bool
	Interval string // hourly, daily, seconds or a time as 30m; multiples of it by UTC
	MaxSize  Size   // 0 is no limit
	MaxFiles int    // that stay, the oldest goes first; 0 is all
}

// Logging is what is told while a capture runs, and where.
type Logging struct {
	Level       string // DEBUG, INFO, WARNING, ERROR, CRITICAL
	Format      string // template in the style of Python, or json; "" is text
	Directory   string // of log files whose path has none
	ToFile      bool   // false is no log file whatever the handlers say
	Console     Handler
	File        Handler
	Security    Handler // what the address lists and the rate limit refused
	Packet      Handler // a line for every packet
	Performance Handler // sums, every LogInterval
}

// A Handler is one place where log lines go.
type Handler struct {
	Enabled  bool
	Level    string
	Colored  bool   // of a terminal
	Path     string // of a file
	Rotation string // hourly, daily, or "" for size alone
	MaxSize  Size   // 0 is no limit
	Backups  int    // files beside the one that grows
}

// Performance is how the work is done, and how it is watched.
type Performance struct {
	BufferTimeout float64 // milliseconds that a read waits
	Workers       int     // rings that share a device's packets
	Batch         bool    // without effect
	Parallel      bool    // without effect
	Monitoring    bool    // sums are told
	LogInterval   float64 // seconds between them
	ParquetPath   string  // without effect
}

// Security is what keeps packets out, each of them counted.
type Security struct {
	DetectAnomalies   bool     // without effect: columns of flows tell
	AlertOnSuspicious bool     // without effect
	RateLimit         int      // packets a second; 0 is no limit
	Blacklist         []string // addresses and prefixes whose packets are refused
	Whitelist         []string // with some, packets of no other address pass
}

// Default is what a capture does without a file.
func Default() *Capture {
	return &Capture{
		Detection: "auto", PreferredTypes: []string{"ethernet", "wireless"}, CheckNames: true,
		Promiscuous: true, BufferSize: 8 << 20, Snaplen: 262144, MemoryLimit: 10000, ProcessBatch: 100,
		Optimize: true, MaxFilterLength: 65536, SanitizeFilter: true,
		Output: Output{Directory: "./captures", Pattern: "capture_{date}_{time}.parquet", Format: "parquet", Compression: "snappy", BatchSize: 50000, Rotation: Rotation{Interval: "hourly"}},
		Logging: Logging{Level: "INFO", ToFile: true,
			Console:     Handler{Enabled: true, Level: "INFO", Colored: true},
			File:        Handler{Level: "INFO", Path: "pinyon.log", MaxSize: 100e6, Backups: 7},
			Security:    Handler{Level: "WARNING", Path: "security.log", MaxSize: 100e6, Backups: 7},
			Packet:      Handler{Level: "DEBUG", Path: "packet.log", Rotation: "hourly", MaxSize: 500e6, Backups: 7},
			Performance: Handler{Level: "INFO", Path: "performance.log", MaxSize: 100e6, Backups: 7},
		},
		Perform: Performance{BufferTimeout: 100, Workers: 1, Batch: true, Monitoring: true, LogInterval: 60},
	}
}
