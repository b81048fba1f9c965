package settings

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"pinyon/filter"
	"pinyon/packet"
)

func parse(t testing.TB, text string) (*Capture, error) {
	t.Helper()
	c := Default()
	_, err := c.Parse([]byte(text), "x.yaml")
	return c, err
}

// plain is c without the places that values came from.
func plain(c *Capture) *Capture {
	d := *c
	d.from = nil
	return &d
}

// TestTable: every field has one key, every place one meaning, and the default is allowed.
func TestTable(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	c, fields, places := Default(), map[uintptr]bool{}, map[string]bool{}
	for i := range keys {
		p := reflect.ValueOf(keys[i].field(c)).Pointer()
		if fields[p] || keys[i].doc == "" {
			t.Errorf("%s: its field has two keys, or it has no sentence", keys[i].guide)
		}
		fields[p] = true
		for _, at := range append([]string{keys[i].guide, keys[i].code}, keys[i].also...) {
			if places[at] {
				t.Errorf("%s is there twice", at)
			}
			places[at] = true
		}
	}
	// Each field of the structure has a key, but those of a console, which has no file.
	var count func(v reflect.Value) int
	count = func(v reflect.Value) (n int) {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case !v.Type().Field(i).IsExported():
			case f.Kind() == reflect.Struct:
				n += count(f)
			default:
				n++
			}
		}
		return n
	}
	const handlerFiles, colors = 4, 4 // path, rotation, size, backups of the console; colours of four files
	if got := count(reflect.ValueOf(*c)) - handlerFiles - colors; got != len(keys) {
		t.Errorf("%d fields, %d keys", got, len(keys))
	}
}

// randomize gives every key a random value that is allowed.
func randomize(r *rand.Rand) *Capture {
	texts := []string{"", "null", "yes", "3", "a: b", "#x", "é", " x ", "%(message)s", "~", "'", "\"", "a,b", "- x", "&a", "1e3"}
	for {
		c := Default()
		for i := range keys {
			k := &keys[i]
			before := reflect.ValueOf(k.field(c)).Elem().Interface()
			switch p := k.field(c).(type) {
			case *bool:
				*p = r.IntN(2) == 0
			case *int:
				*p = r.IntN(1 << r.IntN(20))
			case *uint64:
				*p = r.Uint64N(1 << 50)
			case *float64:
				*p = float64(r.IntN(1e6)) / 64
			case *Size:
				*p = Size(r.Int64N(1 << r.IntN(40)))
			case *string:
				*p = texts[r.IntN(len(texts))]
			case *[]string:
				*p = nil
				for range r.IntN(3) {
					*p = append(*p, []string{"10.0.0.0/8", "::1", "tcp", "lo", "ethernet", "192.168.1.5", "null"}[r.IntN(7)])
				}
			case *[]int:
				*p = nil
				for range r.IntN(3) {
					*p = append(*p, r.IntN(65536))
				}
			}
			if k.ok != nil && !k.ok(c) || filterChecks[k.guide] != nil && filterChecks[k.guide](c) != nil {
				reflect.ValueOf(k.field(c)).Elem().Set(reflect.ValueOf(before))
			}
		}
		if c.Validate() == nil {
			return c
		}
	}
}

// TestRoundTrip: what is written in either form is read again as it was, comments or not, and
// one form becomes the other without a loss.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range 150 {
		c := randomize(r)
		for _, f := range []Form{Guide, Code} {
			data, err := c.ToYAML(f, r.IntN(2) == 0)
			if err != nil {
				t.Fatal(err)
			}
			got := Default()
			form, err := got.Parse(data, "x.yaml")
			if err != nil || form != f || !reflect.DeepEqual(plain(got), plain(c)) {
				t.Fatalf("%v %v\n%s\n%+v\n%+v", form, err, data, plain(got), plain(c))
			}
			if err := got.Validate(); err != nil {
				t.Fatal(err)
			}
			c = got
		}
	}
}

// TestPages: the examples of the published pages, each way to write the same thing.
func TestPages(t *testing.T) {
	for text, check := range map[string]func(c *Capture) bool{
		"sniffer:\n  interface: lo\n  packet_count: 100\n  timeout: 10\n  logging: {level: DEBUG}\n": func(c *Capture) bool {
			return c.Interfaces[0] == "lo" && c.Count == 100 && c.Timeout == 10 && c.Logging.Level == "DEBUG"
		},
		"sniffer: {timeout: null, promisc_mode: true, buffer_size: 131072}": func(c *Capture) bool { return c.Timeout == 0 && c.Promiscuous && c.BufferSize == 131072 },
		"sniffer: {filters: ['tcp port 80', 'udp port 53']}":                func(c *Capture) bool { return c.Expression() == "(tcp port 80) or (udp port 53)" },
		"sniffer: {filter: ip, filters: {protocol: tcp, ports: [80, 443], ips: [192.168.1.0/24, '::1'], exclude: [broadcast, multicast]}}": func(c *Capture) bool {
			return c.Expression() == "(ip) and (tcp) and (port 80 or port 443) and (net 192.168.1.0/24 or host ::1) and not (broadcast) and not (multicast)"
		},
		"sniffer: {output: {rotation: daily}}": func(c *Capture) bool { return c.Output.Rotation.Enabled && c.Output.Rotation.Interval == "daily" },
		"sniffer: {output: {rotation: {enabled: true, interval: hourly, max_size: 1GB, max_files: 10}}}": func(c *Capture) bool {
			return c.Output.Rotation == Rotation{true, "hourly", 1e9, 10}
		},
		"sniffer: {output: {rotation: false}}":                     func(c *Capture) bool { return !c.Output.Rotation.Enabled },
		"sniffer: {logging: {console: true, file: {path: x.log}}}": func(c *Capture) bool { return c.Logging.Console.Enabled && c.Logging.File.Path == "x.log" },
		"sniffer: {logging: {handlers: [{type: file, level: DEBUG, path: y.log}]}}": func(c *Capture) bool {
			return !c.Logging.Console.Enabled && c.Logging.File.Enabled && c.Logging.File.Path == "y.log" && c.Logging.File.Level == "DEBUG"
		},
		"sniffer: {logging: {handlers: {packet: {enabled: true, rotation: hourly, max_size: 500MB}}}}": func(c *Capture) bool {
			return c.Logging.Packet.Enabled && c.Logging.Packet.MaxSize == 500e6
		},
		"interface: {name: eth0, detection_method: preferred_type, preferred_types: [wireless]}": func(c *Capture) bool { return c.Detection == "preferred_type" && c.PreferredTypes[0] == "wireless" },
		"logging: {enable_file_logging: true, max_log_file_size: 10485760, log_backup_count: 5}": func(c *Capture) bool {
			return c.Logging.File.Enabled && c.Logging.File.MaxSize == 10<<20 && c.Logging.File.Backups == 5
		},
		"export: {format: parquet, dir: /tmp, filename: captured_packets.parquet}":     func(c *Capture) bool { return c.Output.Directory == "/tmp" },
		"{\"capture\": {\"snaplen\": 64}, \"security\": {\"max_filter_length\": 200}}": func(c *Capture) bool { return c.Snaplen == 64 && c.MaxFilterLength == 200 },
		"":           func(c *Capture) bool { return reflect.DeepEqual(plain(c), Default()) },
		"sniffer:\n": func(c *Capture) bool { return reflect.DeepEqual(plain(c), Default()) },
	} {
		c, err := parse(t, text)
		if err != nil || !check(c) {
			t.Errorf("%s: %v %+v", text, err, c)
		} else if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestEveryKey: of each key, in each form, a misspelling, a value of another kind and one that
// is not allowed are told with file, line and key.
func TestEveryKey(t *testing.T) {
	deep := func(path, value string) string {
		text := "# a comment\n"
		names := strings.Split(path, ".")
		for i, n := range names {
			text += strings.Repeat("  ", i) + n + ":"
			if i < len(names)-1 {
				text += "\n"
			}
		}
		return text + " " + value + "\n"
	}
	for i := range keys {
		for _, path := range append([]string{keys[i].guide, keys[i].code}, keys[i].also...) {
			at := fmt.Sprintf("x.yaml:%d: %s", strings.Count(path, ".")+2, path)
			if _, err := parse(t, deep(path, "{a: b}")); err == nil || !strings.Contains(err.Error(), at+": ") {
				t.Errorf("%s: a mapping gives %v", path, err)
			}
			if _, err := parse(t, deep(path+"x", "1")); err == nil || !strings.Contains(err.Error(), at+"x: unknown key; did you mean ") {
				t.Errorf("%s: a misspelling gives %v", path, err)
			}
			if keys[i].ok == nil && filterChecks[keys[i].guide] == nil {
				continue
			}
			// One of these is wrong for whatever is checked.
			told := false
			for _, v := range []string{"-1", "1e12", "'{'", "99999999999", "[a, a, '/']", "''", "9", "[70000]", "2000000000"} {
				c, err := parse(t, deep(path, v))
				if err == nil {
					err = c.Validate()
					told = told || err != nil && strings.Contains(err.Error(), at+": ")
				}
			}
			if !told {
				t.Errorf("%s: no value is refused", path)
			}
		}
	}
}

// TestHostile: a file from a stranger costs little memory, gives an error, and nothing of it
// that is not asked for is told.
func TestHostile(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", 'b'+i, 'b'+i, strings.Repeat(fmt.Sprintf("*%c,", 'a'+i), 9))
	}
	many := &strings.Builder{}
	for i := range 1000000 {
		fmt.Fprintf(many, "k%d: 1\n", i)
	}
	for name, text := range map[string]string{
		"bomb": bomb, "in a key": "sniffer:\n  interface: &l [*l]\n", "itself": "sniffer: &s\n  filters: *s\n", "merged": "sniffer:\n  <<: {interface: x}\n",
		"many": many.String(), "some": many.String()[:maxFile-10], "deep": strings.Repeat("[", 200000), "deep keys": strings.Repeat("{a: ", 60000),
		"list": "sniffer: {filters: {ports: [" + strings.Repeat("1,", 20000) + "]}}", "secret": "sniffer:\n  password: hunter2\n  filters: {token: hunter2}\n",
		"two": "sniffer: {}\n---\nsniffer: {}\n", "both": "sniffer: {}\ncapture: {}\n", "scalar": "hunter2", "key": "sniffer: {\"\\e[2J\": 1}", "binary": "\x00\x01",
		"dotted": "sniffer: {output.format: csv}", "list key": "sniffer: {[a]: b}", "twice": "sniffer:\n  promisc: true\n  promisc_mode: true\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse(t, text)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 300<<20 {
			t.Errorf("%s: %d bytes", name, used)
		}
		if msg := err.Error(); len(msg) > 8000 || strings.Contains(msg, "hunter2") || strings.Contains(msg, "\x1b") || !strings.Contains(msg, "x.yaml") {
			t.Errorf("%s: %.300q", name, msg)
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %T", name, err)
		}
	}
}

// TestExpression: a packet passes the joined filter iff it passes each part, by the parts'
// own programs.
func TestExpression(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	match := func(expr string, f *packet.Frame) bool {
		s, err := filter.NewSet(expr, &filter.Options{})
		if errors.Is(err, filter.ErrRejectsAll) {
			return false
		}
		if err != nil {
			t.Fatal(expr, err)
		}
		ok, err := s.Match(f)
		if errors.Is(err, filter.ErrRejectsAll) {
			return false
		}
		if err != nil {
			t.Fatal(expr, err)
		}
		return ok
	}
	anyOf := func(list []string, f *packet.Frame) bool {
		for _, e := range list {
			if match(e, f) {
				return true
			}
		}
		return len(list) == 0
	}
	pick := func(from ...string) (out []string) {
		for _, s := range from {
			if r.IntN(3) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	passed := 0
	for range 300 {
		c := Default()
		if r.IntN(2) == 0 {
			c.Filter = []string{"ip or arp", "tcp or udp", "not udp"}[r.IntN(3)]
		}
		c.Filters.Protocol, c.Filters.Expressions = pick("tcp", "udp"), pick("port 80 or port 9", "less 2000")
		c.Filters.IPs, c.Filters.Exclude = pick("10.0.0.0/8", "10.0.0.1", "1.2.3.4"), pick("port 443", "10.0.0.3", "udp or port 22")
		if r.IntN(3) == 0 {
			c.Filters.Ports = []int{80, 443}
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 54)
		b[12], b[14], b[23], b[26], b[29], b[30], b[33] = 8, 0x45, []byte{6, 17}[r.IntN(2)], 10, byte(1+r.IntN(3)), 10, byte(1+r.IntN(3))
		b[17] = 40
		port := []int{80, 443, 22, 9}[r.IntN(4)]
		b[34], b[35], b[36], b[37] = 0xff, 0xfe, byte(port>>8), byte(port)
		f := &packet.Frame{Data: b, Wire: 54, Link: packet.LinkEthernet}
		var ports, hosts []string
		for _, p := range c.Filters.Ports {
			ports = append(ports, fmt.Sprint("port ", p))
		}
		for _, h := range c.Filters.IPs {
			hosts = append(hosts, condition(h))
		}
		want := (c.Filter == "" || match(c.Filter, f)) && anyOf(c.Filters.Expressions, f) && anyOf(c.Filters.Protocol, f) && anyOf(ports, f) && anyOf(hosts, f)
		for _, e := range c.Filters.Exclude {
			want = want && !match(condition(e), f)
		}
		if got := match(c.Expression(), f); got != want {
			t.Fatalf("%s: %v; want %v", c.Expression(), got, want)
		}
		if want {
			passed++
		}
	}
	if passed == 0 || passed == 300 {
		t.Errorf("%d of 300 passed", passed)
	}
}

func TestParseInterval(t *testing.T) {
	for s, want := range map[string]time.Duration{"": 0, "hourly": time.Hour, "daily": 24 * time.Hour, "90": 90 * time.Second, "30m": 30 * time.Minute} {
		if d, err := ParseInterval(s); err != nil || d != want {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"0", "-1", "weekly?", "1ms", "1e300"} {
		if d, err := ParseInterval(s); err == nil {
			t.Errorf("%q: %v", s, d)
		}
	}
}

// FuzzParse: no input panics, and what is read and allowed comes back from both forms.
func FuzzParse(f *testing.F) {
	for _, form := range []Form{Guide, Code} {
		data, err := Default().ToYAML(form, false)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("sniffer:\n  filters: [tcp]\n  output: {rotation: daily}\n  logging: {handlers: [{type: file}], console: true}\n"))
	f.Add([]byte("interface: {name: &a eth0}\ncapture: {filters: {ips: [*a]}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Default()
		if _, err := c.Parse(data, "x"); err != nil || c.Validate() != nil {
			return
		}
		for _, form := range []Form{Guide, Code} {
			text, err := c.ToYAML(form, true)
			if err != nil {
				t.Fatal(err)
			}
			got := Default()
			if _, err := got.Parse(text, "y"); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if again, err := got.ToYAML(form, true); err != nil || string(again) != string(text) {
				t.Fatalf("%v\n%s\n%s", err, text, again)
			}
		}
	})
}
