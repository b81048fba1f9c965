package settings

import (
	"slices"
	"strings"

	"pinyon/internal/conf"
	"pinyon/logging"
)

// A Form is one of the two spellings of a file.
type Form int

// Guide has one top key, sniffer; Code has the sections interface, capture, logging, export,
// performance and security.
const (
	Guide Form = iota
	Code
)

// String is guide or code.
func (f Form) String() string { return [...]string{"guide", "code"}[f] }

// A Key describes one key of a file.
type Key struct {
	Guide   string   // its place in the form of that name, as sniffer.output.format
	Code    string   // and in the other one, as export.format
	Aliases []string // further places that are read
	Default any      // bool, int, uint64, float64, string, Size, []string or []int
	Allowed string   // what the value may be; "" for anything of its kind
	Doc     string   // one sentence
	Idle    bool     // is read and written, and changes nothing
}

// Keys describes every key, in the order in which files are written.
func Keys() []Key {
	ks := make([]Key, len(keys))
	d := Default()
	for i := range keys {
		k := &keys[i]
		ks[i] = Key{Guide: k.guide, Code: k.code, Aliases: slices.Clone(k.also), Default: value(k.field(d)), Allowed: k.allowed, Doc: k.doc, Idle: k.changesNothing()}
	}
	return ks
}

// key is what the table knows of a key.
type key struct {
	guide, code string
	also        []string // of either form
	field       func(*Capture) any
	allowed     string
	ok          func(*Capture) bool // nil: every value is allowed
	idle        bool                // has nothing to act on it by its nature
	doc         string
}

// changesNothing reports whether the key is read and written, and no more.
func (k *key) changesNothing() bool { return k.idle }

// path is the key's place in a form.
func (k *key) path(f Form) string {
	if f == Code {
		return k.code
	}
	return k.guide
}

const (
	outputEnabled = "sniffer.output.enabled"

	levels  = "DEBUG, INFO, WARNING, ERROR or CRITICAL"
	maxTime = 1e9 // seconds, about 31 years
)

// keys is every key.
var keys = slices.Concat([]key{
	{guide: "sniffer.interface", code: "interface.name", field: func(c *Capture) any { return &c.Interfaces },
		doc:     "Devices to capture from, any for all of them; without one the detection method finds it.",
		allowed: "names, each once, or any alone", ok: func(c *Capture) bool { return deviceNames(c.Interfaces) }},
	{guide: "sniffer.detection_method", code: "interface.detection_method", field: func(c *Capture) any { return &c.Detection },
		doc:     "How a device is found where none is named: the most useful one, none at all, or the first of the preferred types.",
		allowed: "auto, manual or preferred_type", ok: oneOf(func(c *Capture) string { return c.Detection }, "auto", "manual", "preferred_type")},
	{guide: "sniffer.preferred_types", code: "interface.preferred_types", field: func(c *Capture) any { return &c.PreferredTypes },
		doc: "Kinds of device that are tried in this order.", allowed: "kinds that pinyon interfaces shows, as ethernet", ok: func(c *Capture) bool { return kinds(c.PreferredTypes) }},
	{guide: "sniffer.packet_count", code: "capture.packet_count", field: func(c *Capture) any { return &c.Count },
		doc: "Packets after which the capture ends; 0 is never."},
	{guide: "sniffer.timeout", code: "capture.timeout", field: func(c *Capture) any { return &c.Timeout },
		doc: "Seconds after which the capture ends; 0 is never.", allowed: "a number from 0 to 1e9", ok: func(c *Capture) bool { return c.Timeout >= 0 && c.Timeout <= maxTime }},
	{guide: "sniffer.promisc_mode", code: "capture.promiscuous_mode", also: []string{"sniffer.promisc"}, field: func(c *Capture) any { return &c.Promiscuous },
		doc: "Take packets for other hosts too."},
	{guide: "sniffer.monitor_mode", code: "capture.monitor_mode", field: func(c *Capture) any { return &c.Monitor },
		doc: "Want 802.11 frames, of radio devices in monitor mode."},
	{guide: "sniffer.buffer_size", code: "capture.buffer_size", field: func(c *Capture) any { return &c.BufferSize },
		doc: "Bytes of each device's ring in the kernel.", allowed: "64KiB to 1TiB", ok: func(c *Capture) bool { return c.BufferSize >= 64<<10 && c.BufferSize <= 1<<40 }},
	{guide: "sniffer.snaplen", code: "capture.snaplen", field: func(c *Capture) any { return &c.Snaplen },
		doc: "Bytes of a packet that are kept.", allowed: "1 to 262144", ok: func(c *Capture) bool { return c.Snaplen >= 1 && c.Snaplen <= 262144 }},
	{guide: "sniffer.filter", code: "capture.filter_expression", also: []string{"sniffer.filter_str"}, field: func(c *Capture) any { return &c.Filter },
		doc: "Packets to take, in the language of pcap-filter(7); empty is all.", allowed: "a filter that compiles, of security.max_filter_length bytes at most"},
	{guide: "sniffer.filter_optimize", code: "capture.filter_optimize", field: func(c *Capture) any { return &c.Optimize },
		doc: "Shorten the filter's program."},
	{guide: "sniffer.filters.protocol", code: "capture.filters.protocol", field: func(c *Capture) any { return &c.Filters.Protocol },
		doc: "Protocols to take, any of them.", allowed: "words as tcp, udp, icmp, icmp6, arp, ip, ip6, sctp"},
	{guide: "sniffer.filters.ports", code: "capture.filters.ports", field: func(c *Capture) any { return &c.Filters.Ports },
		doc: "Ports to take, any of them.", allowed: "0 to 65535", ok: func(c *Capture) bool {
			return !slices.ContainsFunc(c.Filters.Ports, func(p int) bool { return p < 0 || p > 65535 })
		}},
	{guide: "sniffer.filters.ips", code: "capture.filters.ips", field: func(c *Capture) any { return &c.Filters.IPs },
		doc: "Addresses and prefixes to take, any of them.", allowed: "addresses and prefixes, as 10.0.0.0/8", ok: func(c *Capture) bool { return prefixes(c.Filters.IPs) }},
	{guide: "sniffer.filters.exclude", code: "capture.filters.exclude", field: func(c *Capture) any { return &c.Filters.Exclude },
		doc: "What not to take.", allowed: "broadcast, multicast, addresses, prefixes, or filters that compile"},
	{guide: "sniffer.filters.expressions", code: "capture.filters.expressions", field: func(c *Capture) any { return &c.Filters.Expressions },
		doc: "Filters of which one has to accept a packet; filters itself may be this list.", allowed: "filters that compile"},

	{guide: outputEnabled, code: "export.enabled", field: func(c *Capture) any { return &c.Output.Enabled },
		doc: "Write files of packets; a file that gives another key of them, and not this one, means it."},
	{guide: "sniffer.output.directory", code: "export.dir", also: []string{"sniffer.output_dir"}, field: func(c *Capture) any { return &c.Output.Directory },
		doc: "Directory of the files of packets."},
	{guide: "sniffer.output.filename_pattern", code: "export.filename", field: func(c *Capture) any { return &c.Output.Pattern },
		doc:     "Name of a file, with {timestamp}, {date}, {time}, {interface}, {seq} and {host}, times in UTC; the format's extension takes the place of another one.",
		allowed: "a name without a directory and with these words alone in braces", ok: func(c *Capture) bool { return patternOK(c.Output.Pattern) }},
	{guide: "sniffer.output.format", code: "export.format", field: func(c *Capture) any { return &c.Output.Format },
		doc: "What the files are.", allowed: "parquet, pcap or pcapng", ok: oneOf(func(c *Capture) string { return c.Output.Format }, "parquet", "pcap", "pcapng")},
	{guide: "sniffer.output.compression", code: "export.compression", field: func(c *Capture) any { return &c.Output.Compression },
		doc: "Compression of Parquet files.", allowed: "snappy, gzip, zstd, lz4 or none", ok: oneOf(func(c *Capture) string { return c.Output.Compression }, "snappy", "gzip", "zstd", "lz4", "none")},
	{guide: "sniffer.output.batch_size", code: "export.batch_size", field: func(c *Capture) any { return &c.Output.BatchSize },
		doc: "Packets of a row group, which are written together; of Parquet.", allowed: "1 to 10000000", ok: within(func(c *Capture) int { return c.Output.BatchSize }, 1, 10000000)},
	{guide: "sniffer.output.rotation.enabled", code: "export.rotation.enabled", field: func(c *Capture) any { return &c.Output.Rotation.Enabled },
		doc: "Begin new files; rotation itself may be hourly or daily."},
	{guide: "sniffer.output.rotation.interval", code: "export.rotation.interval", field: func(c *Capture) any { return &c.Output.Rotation.Interval },
		doc: "When a new file begins, at multiples of it in UTC.", allowed: "hourly, daily, seconds, a time as 30m, or nothing", ok: func(c *Capture) bool { _, err := ParseInterval(c.Output.Rotation.Interval); return err == nil }},
	{guide: "sniffer.output.rotation.max_size", code: "export.rotation.max_size", field: func(c *Capture) any { return &c.Output.Rotation.MaxSize },
		doc: "Bytes that no file grows over; 0 is no limit."},
	{guide: "sniffer.output.rotation.max_files", code: "export.rotation.max_files", field: func(c *Capture) any { return &c.Output.Rotation.MaxFiles },
		doc: "Files that stay, the oldest goes first; 0 is all.", allowed: "0 or more", ok: func(c *Capture) bool { return c.Output.Rotation.MaxFiles >= 0 }},

	{guide: "sniffer.logging.level", code: "logging.level", field: func(c *Capture) any { return &c.Logging.Level },
		doc: "The least that is told anywhere.", allowed: levels, ok: level(func(c *Capture) string { return c.Logging.Level })},
	{guide: "sniffer.logging.format", code: "logging.log_format", field: func(c *Capture) any { return &c.Logging.Format },
		doc:     "Form of a line: json, or a template such as %(asctime)s %(levelname)s %(message)s; empty is text.",
		allowed: "json, a template with %(message)s, or nothing", ok: func(c *Capture) bool { return formatOK(c.Logging.Format) }},
	{guide: "sniffer.logging.directory", code: "logging.log_dir", field: func(c *Capture) any { return &c.Logging.Directory },
		doc: "Directory of log files."},
	{guide: "sniffer.logging.log_to_file", code: "logging.log_to_file", field: func(c *Capture) any { return &c.Logging.ToFile },
		doc: "Whether there are log files at all."},
},
	handler("console", "enable_console_logging", func(c *Capture) *Handler { return &c.Logging.Console }),
	handler("file", "enable_file_logging", func(c *Capture) *Handler { return &c.Logging.File }),
	handler("security", "enable_security_logging", func(c *Capture) *Handler { return &c.Logging.Security }),
	handler("packet", "enable_packet_logging", func(c *Capture) *Handler { return &c.Logging.Packet }),
	handler("performance", "enable_performance_logging", func(c *Capture) *Handler { return &c.Logging.Performance }),
	[]key{
		{guide: "sniffer.performance.buffer_timeout", code: "performance.buffer_timeout", field: func(c *Capture) any { return &c.Perform.BufferTimeout },
			doc: "Milliseconds that a read waits for packets.", allowed: "a number above 0, at most 1e6", ok: func(c *Capture) bool { return c.Perform.BufferTimeout > 0 && c.Perform.BufferTimeout <= 1e6 }},
		{guide: "sniffer.performance.worker_threads", code: "capture.num_threads", field: func(c *Capture) any { return &c.Perform.Workers },
			doc: "Rings that share a device's packets.", allowed: "1 to 64", ok: within(func(c *Capture) int { return c.Perform.Workers }, 1, 64)},
		{guide: "sniffer.performance.batch_processing", code: "performance.batch_processing", field: func(c *Capture) any { return &c.Perform.Batch }, idle: true,
			doc: "Packets always come in blocks of a ring."},
		{guide: "sniffer.performance.parallel_processing", code: "performance.parallel_processing", field: func(c *Capture) any { return &c.Perform.Parallel }, idle: true,
			doc: "The number of rings says what runs in parallel."},
		{guide: "sniffer.performance.max_memory_packets", code: "capture.max_memory_packets", field: func(c *Capture) any { return &c.MemoryLimit }, idle: true,
			doc: "The ring bounds the memory, in bytes.", allowed: "100 or more, a multiple of 10", ok: func(c *Capture) bool { return c.MemoryLimit >= 100 && c.MemoryLimit%10 == 0 }},
		{guide: "sniffer.performance.max_processing_batch_size", code: "capture.max_processing_batch_size", field: func(c *Capture) any { return &c.ProcessBatch }, idle: true,
			doc: "Blocks of a ring are as large as they are.", allowed: "1 or more", ok: func(c *Capture) bool { return c.ProcessBatch >= 1 }},
		{guide: "sniffer.performance.enable_realtime_display", code: "capture.enable_realtime_display", field: func(c *Capture) any { return &c.Realtime },
			doc: "Print a line for every packet; live prints it to standard error."},
		{guide: "sniffer.performance.enable_monitoring", code: "performance.enable_monitoring", field: func(c *Capture) any { return &c.Perform.Monitoring },
			doc: "Tell the sums while the capture runs."},
		{guide: "sniffer.performance.log_interval", code: "performance.log_interval", field: func(c *Capture) any { return &c.Perform.LogInterval },
			doc: "Seconds from one to the next.", allowed: "a number from 1 to 1e9", ok: func(c *Capture) bool { return c.Perform.LogInterval >= 1 && c.Perform.LogInterval <= maxTime }},
		{guide: "sniffer.performance.parquet_path", code: "performance.parquet_path", field: func(c *Capture) any { return &c.Perform.ParquetPath }, idle: true,
			doc: "Sums go to the log and to metrics."},

		{guide: "sniffer.security.detect_anomalies", code: "security.detect_anomalies", field: func(c *Capture) any { return &c.Security.DetectAnomalies }, idle: true,
			doc: "Columns of flows tell what is unusual."},
		{guide: "sniffer.security.alert_on_suspicious", code: "security.alert_on_suspicious", field: func(c *Capture) any { return &c.Security.AlertOnSuspicious }, idle: true,
			doc: "Columns of flows tell what is unusual."},
		{guide: "sniffer.security.rate_limit", code: "security.rate_limit", field: func(c *Capture) any { return &c.Security.RateLimit },
			doc: "Packets a second beyond which packets are dropped and counted; 0 is no limit.", allowed: "0 to 1000000000", ok: within(func(c *Capture) int { return c.Security.RateLimit }, 0, 1000000000)},
		{guide: "sniffer.security.blacklist", code: "security.blacklist", field: func(c *Capture) any { return &c.Security.Blacklist },
			doc: "Addresses and prefixes whose packets are dropped and counted.", allowed: "addresses and prefixes, as 10.0.0.0/8", ok: func(c *Capture) bool { return prefixes(c.Security.Blacklist) }},
		{guide: "sniffer.security.whitelist", code: "security.whitelist", field: func(c *Capture) any { return &c.Security.Whitelist },
			doc: "With some, packets of no other addresses are kept; the others are counted.", allowed: "addresses and prefixes, as 10.0.0.0/8", ok: func(c *Capture) bool { return prefixes(c.Security.Whitelist) }},
		{guide: "sniffer.security.validate_interface_names", code: "security.validate_interface_names", field: func(c *Capture) any { return &c.CheckNames }, idle: true,
			doc: "Names of devices are always looked at."},
		{guide: "sniffer.security.sanitize_filter_expressions", code: "security.sanitize_filter_expressions", field: func(c *Capture) any { return &c.SanitizeFilter }, idle: true,
			doc: "Filters are always compiled before a device is opened."},
		{guide: "sniffer.security.max_filter_length", code: "security.max_filter_length", field: func(c *Capture) any { return &c.MaxFilterLength },
			doc: "Bytes that the filter may have.", allowed: "1 to 65536", ok: within(func(c *Capture) int { return c.MaxFilterLength }, 1, 65536)},
	})

// handler is the keys of a log handler.
func handler(name, enable string, of func(*Capture) *Handler) []key {
	in := func(k string) string { return "sniffer.logging.handlers." + name + "." + k }
	code := func(k, published string) string {
		if name == "file" && published != "" {
			return "logging." + published
		}
		return "logging.handlers." + name + "." + k
	}
	ks := []key{
		{guide: in("enabled"), code: "logging." + enable, field: func(c *Capture) any { return &of(c).Enabled }, doc: "Whether lines go to " + name + "."},
		{guide: in("level"), code: code("level", ""), field: func(c *Capture) any { return &of(c).Level }, allowed: levels,
			ok: level(func(c *Capture) string { return of(c).Level }), doc: "The least that goes there."},
	}
	if name == "console" {
		return append(ks, key{guide: in("colored"), code: code("colored", ""), field: func(c *Capture) any { return &of(c).Colored }, doc: "Whether a terminal gets colours."})
	}
	return append(ks,
		key{guide: in("path"), code: code("path", ""), field: func(c *Capture) any { return &of(c).Path }, doc: "Its file.",
			allowed: "a name", ok: func(c *Capture) bool { return of(c).Path != "" && !strings.ContainsRune(of(c).Path, 0) }},
		key{guide: in("rotation"), code: code("rotation", ""), field: func(c *Capture) any { return &of(c).Rotation }, allowed: "hourly, daily, seconds, a time as 30m, or nothing",
			ok: func(c *Capture) bool { _, err := ParseInterval(of(c).Rotation); return err == nil }, doc: "When it begins anew, beside the size."},
		key{guide: in("max_size"), code: code("max_size", "max_log_file_size"), field: func(c *Capture) any { return &of(c).MaxSize }, allowed: "1KiB or more, or 0 for no limit",
			ok: func(c *Capture) bool { return of(c).MaxSize == 0 || of(c).MaxSize >= 1024 }, doc: "Bytes over which it begins anew."},
		key{guide: in("backup_count"), code: code("backup_count", "log_backup_count"), field: func(c *Capture) any { return &of(c).Backups }, allowed: "0 to 10000",
			ok: within(func(c *Capture) int { return of(c).Backups }, 0, 10000), doc: "Former files that stay."})
}

// formatOK reports whether lines of a log can have a form.
func formatOK(s string) bool {
	if s == "" || s == "json" {
		return true
	}
	_, err := logging.ParseTemplate(s)
	return err == nil
}

func oneOf(get func(*Capture) string, words ...string) func(*Capture) bool {
	return func(c *Capture) bool { return slices.Contains(words, get(c)) }
}

func level(get func(*Capture) string) func(*Capture) bool {
	return func(c *Capture) bool { _, ok := conf.Level(get(c)); return ok }
}

func within(get func(*Capture) int, least, most int) func(*Capture) bool {
	return func(c *Capture) bool { return get(c) >= least && get(c) <= most }
}
