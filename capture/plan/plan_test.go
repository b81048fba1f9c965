package plan

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pinyon/capture/settings"
)

// planOf is the plan for a file with one key, at a fixed time and without functions, as text.
func planOf(t *testing.T, text string) (string, error) {
	t.Helper()
	c := settings.Default()
	if _, err := c.Parse([]byte(text), "x.yaml"); err != nil {
		t.Fatal(err)
	}
	p, err := New(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if f := p.Files; f != nil {
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		fmt.Fprintln(&b, f.Rotation.Names(at, 7), f.Rotation.Every, f.Rotation.Size, f.Rotation.Keep, f.Rows)
		if f.Rotation.Names(at, 8) == "" || f.Path == "" {
			t.Error("a file has no name")
		}
	}
	q := *p
	q.Files = nil
	fmt.Fprintf(&b, "%+v", q)
	return b.String(), nil
}

// other is a value of a key that is allowed and is not its default.
func other(k *settings.Key) string {
	if k.Guide == "sniffer.logging.format" {
		return "json"
	}
	last := k.Guide[strings.LastIndexByte(k.Guide, '.')+1:]
	if v, ok := map[string]string{"interface": "lo", "detection_method": "preferred_type", "preferred_types": "[loopback]", "filter": "udp", "protocol": "tcp", "ports": "80", "ips": "10.0.0.1",
		"exclude": "broadcast", "expressions": "'tcp port 80'", "directory": "elsewhere", "filename_pattern": "'x-{seq}'", "format": "pcap", "compression": "gzip", "interval": "daily",
		"rotation": "daily", "level": "ERROR", "path": "other.log", "blacklist": "10.0.0.0/8", "whitelist": "'fd00::/8'", "worker_threads": "2",
		"buffer_size": "1MiB", "snaplen": "96", "max_filter_length": "2", "max_memory_packets": "1000"}[last]; ok {
		return v
	}
	switch d := k.Default.(type) {
	case bool:
		return fmt.Sprint(!d)
	case string:
		return "other"
	case []string:
		return "[other]"
	case settings.Size:
		return fmt.Sprint(int64(d) + 4096)
	case int:
		return fmt.Sprint(d + 1)
	case uint64:
		return fmt.Sprint(d + 1)
	case float64:
		return fmt.Sprint(d + 1)
	}
	return "1"
}

// TestEveryKey: each key that a file may give changes the plan, or is refused, or says itself that
// it changes nothing; in both forms alike.
func TestEveryKey(t *testing.T) {
	base := map[string]string{
		"sniffer.logging.level":              "sniffer: {logging: {console: {level: DEBUG}, level: %s}}",
		"sniffer.logging.directory":          "sniffer: {logging: {file: true, directory: %s}}",
		"sniffer.logging.log_to_file":        "sniffer: {logging: {file: true, log_to_file: %s}}",
		"sniffer.logging.format":             "sniffer: {logging: {format: %s}}", // what a key needs beside it to matter
		"sniffer.preferred_types":            "sniffer: {detection_method: preferred_type, preferred_types: %s}",
		"sniffer.detection_method":           "sniffer: {preferred_types: loopback, detection_method: %s}",
		"sniffer.output.rotation.interval":   "sniffer: {output: {rotation: {enabled: true, interval: %s}}}",
		"sniffer.output.rotation.max_size":   "sniffer: {output: {rotation: {enabled: true, max_size: %s}}}",
		"sniffer.output.rotation.max_files":  "sniffer: {output: {rotation: {enabled: true, max_files: %s}}}",
		"sniffer.output.rotation.enabled":    "sniffer: {output: {rotation: {enabled: %s}}}",
		"sniffer.output.batch_size":          "sniffer: {output: {batch_size: %s}}",
		"sniffer.output.compression":         "sniffer: {output: {compression: %s}}",
		"sniffer.output.format":              "sniffer: {output: {format: %s}}",
		"sniffer.output.filename_pattern":    "sniffer: {output: {filename_pattern: %s}}",
		"sniffer.output.directory":           "sniffer: {output: {directory: %s}}",
		"sniffer.output.enabled":             "sniffer: {output: {enabled: %s}}",
		"sniffer.security.max_filter_length": "sniffer: {filter: udp, security: {max_filter_length: %s}}",
		"sniffer.security.rate_limit":        "sniffer: {security: {rate_limit: %s}}",
		"sniffer.performance.log_interval":   "sniffer: {performance: {log_interval: %s}}",
	}
	seen := 0
	for _, k := range settings.Keys() {
		text, ok := base[k.Guide]
		if i := strings.LastIndexByte(k.Guide, '.'); strings.HasPrefix(k.Guide, "sniffer.logging.handlers.") && !strings.HasSuffix(k.Guide, ".enabled") {
			on := ""
			if !strings.Contains(k.Guide, ".console.") {
				on = "enabled: true, "
			}
			text, ok = "sniffer: {logging: {level: DEBUG, handlers: {"+strings.TrimPrefix(k.Guide[:i], "sniffer.logging.handlers.")+": {"+on+k.Guide[i+1:]+": %s}}}}", true
		}
		if !ok {
			text = strings.ReplaceAll(k.Guide, ".", ": {") + ": %s" + strings.Repeat("}", strings.Count(k.Guide, "."))
		}
		def := k.Default
		was := fmt.Sprint(def)
		switch d := def.(type) {
		case []string:
			was = "['" + strings.Join(d, "', '") + "']"
			if len(d) == 0 {
				was = "[]"
			}
		case []int:
			was = "[]"
		case string:
			was = "'" + d + "'"
		}
		before, errBefore := planOf(t, fmt.Sprintf(text, was))
		after, err := planOf(t, fmt.Sprintf(text, other(&k)))
		switch {
		case k.Idle:
			if before != after || err != nil {
				t.Errorf("%s is said to change nothing, and does: %v", k.Guide, err)
			}
		case k.Guide == "sniffer.preferred_types": // whose default this machine may not have
			if err != nil || !strings.Contains(after, "[lo]") {
				t.Errorf("%s: %s, %v", k.Guide, after, err)
			}
		case k.Guide == "sniffer.security.max_filter_length":
			if errBefore != nil || err == nil || !strings.Contains(err.Error(), "x.yaml:1: sniffer.filter: ") {
				t.Errorf("%s: %v", k.Guide, err)
			}
		case errBefore != nil || err != nil:
			t.Errorf("%s: %v, %v", k.Guide, errBefore, err)
		case before == after:
			t.Errorf("%s: %s changes nothing: %s", k.Guide, other(&k), after)
		}
		seen++
	}
	if seen < 60 {
		t.Errorf("%d keys", seen)
	}
}

// TestRefused: what is allowed by itself and cannot be done is told with file, line and key.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"sniffer:\n  buffer_size: 1TiB\n":                                    "x.yaml:2: sniffer.buffer_size: ",
		"sniffer:\n  output:\n    rotation: {enabled: true, interval: ''}\n": "x.yaml:3: sniffer.output.rotation.enabled: ",
		"capture:\n  num_threads: 64\n  buffer_size: 500GiB\n":               "x.yaml:3: capture.buffer_size: ",
		"interface: {detection_method: manual}\n":                            "x.yaml:1: interface.detection_method: ",
	} {
		if _, err := planOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestDefault: a plan for no file is that of a capture without one.
func TestDefault(t *testing.T) {
	p, err := New(settings.Default())
	if err != nil || p.Files != nil || p.Lines || !reflect.DeepEqual(p.Gate.Block, p.Gate.Allow) || p.Gate.Rate != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}
