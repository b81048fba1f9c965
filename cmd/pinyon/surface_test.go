package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"pinyon/config"
)

// promised are the flags that commands have been promised to have, -x behind a flag being its short
// form and =name the flag that an alias stands for, and the test that shows each of them at work.
var promised = []struct{ command, flags, test string }{
	{"extract", "output-o format-f config-c workers-w", "TestFlagEffects"},
	{"extract", "features feature profile no-ips no-ports include-sequences bidir-split", "TestColumns"},
	{"extract", "timeout flow-timeout=timeout", "TestPrecedence"},
	{"extract", "anonymize-ips", "TestSalt"},
	{"extract", "streaming", "TestExtractStdout"},
	{"extract", "progress no-progress=progress", "TestFlagEffects"},
	{"extract", "db-table db-if-exists db-batch-size", "TestDatabase"},
	{"extract", "kafka-brokers kafka-topic kafka-key", "TestKafka"},
	{"extract", "kafka-batch-size kafka-acks kafka-compression kafka-linger kafka-client-id kafka-header kafka-tls-ca kafka-tls-cert kafka-tls-key kafka-sasl", "TestKafkaFlags"},
	{"extract", "recursive", "TestDirectory"},
	{"extract", "merge", "TestMerge"},
	{"extract", "part edges", "TestParts"},
	{"plan", "output-o group recursive workers-w", "TestParts"},
	{"stitch", "format-f hash-inputs", "TestParts"},
	{"extract", "hash-inputs", "TestProvenance"},
	{"extract", "keep-going", "TestBadInputs"},
	{"extract", "tee", "TestTee"},
	{"extract", "provenance", "TestStaleSidecar"},
	{"extract", "summary", "TestSummaryJSON"},
	{"extract", "prometheus-port prometheus-addr metrics-port=prometheus-port", "TestMonitoring"},
	{"extract", "labels label-map label-default label-from-path", "TestLabels"},
	{"dashboard export", "datasource-uid", "TestDashboard"},
	{"live", "prometheus-port prometheus-addr", "TestMonitoring"},
	{"live", "duration-d output-o", "TestLivePackets"},
	{"live", "pid process children linger", "TestLiveProcess"},
	{"live", "format-f", "TestLiveErrors"},
	{"live", "save-pcap features", "TestLiveEqualsExtract"},
	{"live", "count", "TestLiveRotation"},
	{"live", "timeout", "TestLiveRows"},
	{"live", "snaplen buffer-size", "TestLiveErrors"},
	{"live", "immediate promisc no-promisc=promisc filter fail-on-loss", "TestLiveFlags"},
	{"live", "feature profile no-ips no-ports include-sequences bidir-split", "TestColumns"},
	{"live", "streaming", "TestExtractStdout"},
	{"live", "db-table db-if-exists db-batch-size", "TestDatabase"},
	{"live", "kafka-brokers kafka-topic kafka-key", "TestKafka"},
	{"watch", "output-dir-o output=output-dir format-f recursive no-recursive=recursive config-c settle existing once skip-empty move delete", "TestWatchFlags"},
	{"watch", "workers-w name drain", "TestWatch"},
	{"watch", "prometheus-port prometheus-addr", "TestWatchMetrics"},
	{"watch", "db-table db-if-exists db-batch-size", "TestDatabase"},
	{"watch", "kafka-brokers kafka-topic kafka-key", "TestKafka"},
	{"schema", "output-o format-f", "TestSmallCommands"},
	{"schema", "group", "TestSchemaExtra"},
	{"features", "group", "TestSmallCommands"},
	{"profiles list", "json", "TestProfiles"},
	{"profiles show", "json group", "TestProfiles"},
	{"profiles validate", "", ""},
	{"validate", "expected tolerance rtol verbose-v json", "TestValidateExpected"},
	{"validate", "profile", "TestColumns"},
	{"validate", "schema", "TestValidateSchema"},
	{"status", "json", "TestSmallCommands"},
	{"info", "json", "TestInfo"},
	{"cite", "format-f", "TestSmallCommands"},
	{"interfaces", "json", "TestInterfaces"},
}

// unbuilt are promises that are not kept yet, with what stands in the way. One that is kept by now
// belongs into promised.
var unbuilt = []struct{ command, flags, reason string }{
	{"serve", "pid process", "of live alone"},
	{"repl", "", "not begun"},
	{"tui", "cwd check", "not begun"},
}

// command finds a command by its words; nil if there is none.
func command(words string) *cobra.Command {
	root := newApp("pinyon", strings.NewReader(""), os.Stdout, os.Stderr).root()
	c, rest, err := root.Find(strings.Fields(words))
	if err != nil || len(rest) > 0 || c == root {
		return nil
	}
	return c
}

// tests are the bodies of the tests of this directory, those for other systems too.
func tests(t *testing.T) map[string]string {
	t.Helper()
	list, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for _, path := range list {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				bodies[fn.Name.Name] = string(src[set.Position(fn.Pos()).Offset:set.Position(fn.End()).Offset])
			}
		}
	}
	return bodies
}

// mentions reports whether a text gives a flag, not only one that begins like it.
func mentions(text, flag string) bool {
	for _, rest := range strings.Split(text, flag)[1:] {
		if rest == "" || strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789-", rest[0]) < 0 {
			return true
		}
	}
	return false
}

// TestPromisedFlags walks the lists: every promised flag exists, stands in its command's help, and is given by
// the test that is named for it; what is not built is no excuse once it is.
func TestPromisedFlags(t *testing.T) {
	bodies := tests(t)
	for _, p := range promised {
		c := command(p.command)
		if c == nil {
			t.Errorf("there is no command %s", p.command)
			continue
		}
		help := want(t, 0, "", append(strings.Fields(p.command), "--help")...)
		for _, word := range strings.Fields(p.flags) {
			name, main, _ := strings.Cut(word, "=")
			short := ""
			if n := len(name); n > 2 && name[n-2] == '-' && c.Flags().Lookup(name) == nil {
				name, short = name[:n-2], name[n-1:]
			}
			f := c.Flags().Lookup(name)
			if f == nil {
				f = c.InheritedFlags().Lookup(name)
			}
			switch {
			case f == nil:
				t.Errorf("%s has no flag --%s", p.command, name)
				continue
			case f.Shorthand != short && short != "":
				t.Errorf("%s --%s: short form %q; want -%s", p.command, name, f.Shorthand, short)
			case main != "" && !mentions(help, "--"+main), main == "" && !mentions(help, "--"+name):
				t.Errorf("%s --help says nothing of --%s", p.command, name)
			}
			body, ok := bodies[p.test]
			if !ok || !mentions(body, "--"+name) && (short == "" || !mentions(body, "-"+short)) && !mentions(body, `"`+name) {
				t.Errorf("%s --%s: no test %s gives it", p.command, name, p.test)
			}
		}
	}
	for _, u := range unbuilt {
		c := command(u.command)
		if u.reason == "" {
			t.Errorf("%s: no reason", u.command)
		}
		for _, name := range strings.Fields(u.flags) {
			if c != nil && c.Flags().Lookup(name) != nil {
				t.Logf("%s --%s is built: it belongs into promised", u.command, name)
			}
		}
	}
}

// TestConfigKeys: every key of the configuration has a flag that stands in the help, and reaches the
// run by that as by a file: the rows' configuration is the same one, and another than the default.
func TestConfigKeys(t *testing.T) {
	other := map[string]string{ // values that are no default, where that needs knowledge of the key
		"flow_eviction_strategy": "oldest", "decap": "inner", "bpf_filter": "udp", "features": "timing", "specific_features": "dst_port",
		"profile": "JJ-CORE", "anonymization_method": "prefix", "missing": "null", "connection_community_algorithm": "label_propagation",
		"labels": "a.csv", "label_map": "cic-ids2017", "label_default": "x", "sampling_rate": "0.5", "anonymization_salt": "salt", "sample_memory": "1MiB", "row_memory": "8MiB", "memory_limit": "8MiB",
	}
	help := want(t, 0, "", "extract", "--help")
	def := config.Default().Hash()
	for _, k := range config.Keys() {
		value := other[k.Name]
		switch {
		case value != "":
		case k.Kind == "boolean":
			value = map[string]string{"true": "false", "false": "true"}[k.Default]
		default:
			value = "7"
		}
		if !mentions(help, "--"+k.Flag) {
			t.Errorf("%s: --help says nothing of --%s", k.Name, k.Flag)
		}
		c := &cobra.Command{}
		flags := addConfigFlags(c)
		if err := c.ParseFlags([]string{"--" + k.Flag + "=" + value}); err != nil {
			t.Errorf("--%s=%s: %v", k.Flag, value, err)
			continue
		}
		byFlag, err := flags.config()
		if err != nil {
			t.Errorf("--%s=%s: %v", k.Flag, value, err)
			continue
		}
		text := value
		if k.Kind == "text" {
			text = `"` + value + `"`
		}
		if k.Kind == "list" {
			text = "[" + value + "]"
		}
		path := write(t, "c.yaml", []byte(k.Name+": "+text+"\n"))
		byFile, err := config.Load(path)
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if err := byFile.Validate(); err != nil {
			t.Errorf("%s: %s: %v", k.Name, value, err)
		}
		a, errA := byFlag.ToJSON()
		b, errB := byFile.ToJSON()
		d, errD := config.Default().ToJSON()
		if errA != nil || errB != nil || errD != nil || string(a) != string(b) || string(a) == string(d) {
			t.Errorf("%s: %s by flag and by file are not one thing, or the default: %v %v %v", k.Name, value, errA, errB, errD)
		}
		plain := map[string]bool{"anonymization_salt": true, "num_workers": true, "row_memory": true, "labels": true, "label_map": true, "shard_key": true, "memory_limit": true}[k.Name]
		if (byFlag.Hash() == def) != plain {
			t.Errorf("%s: %s: the configuration's hash is that of the default: %v", k.Name, value, byFlag.Hash() == def)
		}
	}
}

// TestFlagEffects: the common flags do what they say.
func TestFlagEffects(t *testing.T) {
	in := captureFile(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	plain := want(t, 0, "", "extract", in, "--features", "flow_meta")
	want(t, 0, path, "extract", in, "--features", "flow_meta", "-o", path, "--workers", "2")
	if read(t, path) != plain {
		t.Error("-o writes other rows")
	}
	if got := want(t, 0, "", "extract", in, "--features", "flow_meta", "-w", "8", "--progress", "--no-progress"); got != plain {
		t.Error("-w 8 writes other rows")
	}
	if got := want(t, 0, "", "extract", in, "-c", write(t, "c.yaml", []byte("features: flow_meta\n")), "--progress=false"); got != plain {
		t.Error("-c: other rows")
	}
	if got := want(t, 0, "", "extract", in, "--features", "flow_meta", "-f", "jsonl"); !strings.HasPrefix(got, "{") {
		t.Errorf("-f jsonl: %.40q", got)
	}
	if got := want(t, 0, "", "extract", in, "--features", "flow_meta", "--format", "tsv"); !strings.Contains(got, "\t") {
		t.Errorf("--format tsv: %.40q", got)
	}
}
