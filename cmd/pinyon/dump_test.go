package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/internal/allocs"
	"pinyon/packet"
	"pinyon/pcap"
)

func TestDump(t *testing.T) {
	in := captureFile(t)
	out := want(t, 0, in+": 19 records, 1 matched", "dump", "-r", in, "udp")
	if !strings.HasPrefix(out, "1970-01-01T00:") || !strings.Contains(out, "Z IP ") || !strings.Contains(out, ": UDP, length ") || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q", out)
	}
	if out := want(t, 0, "19 records, 18 matched", "dump", "-r", in, "-e", "frame.number", "-e", "ip.version,udp.len", "tcp", "and", "ip"); !strings.HasPrefix(out, "1\t4\t\n2\t4\t\n") {
		t.Errorf("got %q", out)
	}
	if out := want(t, 0, "3 records, 3 matched", "dump", "-r", in, "-c", "3"); strings.Count(out, "\n") != 3 {
		t.Errorf("got %q", out)
	}
	if out := want(t, 0, "", "dump", "--fields"); strings.Count(out, "\n") != len(frameFields) || !strings.Contains(out, "\ntcp.flags ") {
		t.Errorf("got %q", out)
	}
	status, out, said := runWith(t, bytes.NewReader(captureBytes(t)), "dump", "-r", "-", "-e", "frame.number")
	if status != 0 || strings.Count(out, "\n") != 19 || !strings.Contains(said, "standard input: 19 records") {
		t.Errorf("exit %d, %q, %q", status, out, said)
	}
	whole := captureBytes(t)
	cut := write(t, "cut.pcap", whole[:len(whole)-5])
	if out := want(t, exitIncomplete, cut+": record 19 at ", "dump", "-r", cut); strings.Count(out, "\n") != 18 {
		t.Errorf("got %q", out)
	}
	want(t, exitError, "nowhere", "dump", "-r", "nowhere")
	want(t, exitError, "not a capture", "dump", "-r", write(t, "x", []byte("just words\n")))
	for _, c := range []struct{ message, args string }{
		{`unknown field "ip.bogus"`, "-e ip.src -e ip.bogus -r " + in},
		{"unknown field", "-e ip -r " + in},
		{"give one of them", "-i eth0 -r " + in},
		{"--duration", "-d 5 -r " + in},
		{"--decap", "--decap outer -r " + in},
		{"\n  tcp port =\n           ^", "-r " + in + " tcp port ="},
		{in + " (EN10MB): ", "-r " + in + " wlan type mgt"},
		{"not tell directions", "-r " + in + " inbound"},
		{"at 9", "-i nosuch tcp port ="},
		{"lines as well", "-w - -x -r " + in},
		{"what -r reads", "-w " + in + " -r " + in},
	} {
		if out := want(t, exitUsage, c.message, append([]string{"dump"}, strings.Fields(c.args)...)...); out != "" {
			t.Errorf("%s: %q", c.args, out)
		}
	}
	want(t, exitDevice, "nosuch", "dump", "-i", "nosuch")
	for _, args := range [][]string{{"dump", "-r", ""}, {"dump", "-i", ""}, {"dump", "-i", "nosuch", "-i", ""}, {"dump", "-r", in, "-w", ""}, {"live", ""}, {"live", "nosuch", ""},
		{"live", "nosuch", "--save-pcap", ""}, {"live", "nosuch", "--packets", ""}, {"live", "nosuch", "--user", ""}} {
		want(t, exitUsage, "empty", args...)
	}
}

// framesOf are the frames of a capture, with all but what belongs to the file.
func framesOf(t *testing.T, path string) (list []packet.Frame) {
	t.Helper()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for f, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		f.Data, f.Block, f.Number = bytes.Clone(f.Data), nil, 0
		list = append(list, f)
	}
	return list
}

// TestDumpWrite: a file of all frames holds what the capture holds.
func TestDumpWrite(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"http1.pcap", "sll2.pcap", "cut96.pcap", "nano.pcap", "two_interfaces.pcapng"} {
		in := filepath.Join("../../testdata", name)
		for _, ext := range []string{".pcap", ".pcapng"} {
			out := filepath.Join(dir, name+ext)
			if printed := want(t, 0, "", "dump", "-r", in, "-w", out); printed != "" {
				t.Errorf("%s: printed %q", name, printed)
			}
			got, frames := framesOf(t, out), framesOf(t, in)
			if ext == ".pcap" { // has no interfaces
				for i := range frames {
					frames[i].Iface = 0
				}
			}
			if !reflect.DeepEqual(got, frames) {
				t.Errorf("%s: other frames in %s", name, ext)
			}
		}
	}
	if printed := want(t, 0, "", "dump", "-r", "../../testdata/http1.pcap", "-w", filepath.Join(dir, "x.pcap"), "--print", "-c", "2"); strings.Count(printed, "\n") != 2 {
		t.Errorf("printed %q", printed)
	}
	// Whatever went wrong, no file stays that looks complete.
	before := filesIn(t, dir)
	want(t, exitUsage, "link type", "dump", "-r", "../../testdata/http1.pcap", "-w", filepath.Join(dir, "y.pcap"), "wlan type mgt")
	want(t, exitError, "no such file", "dump", "-r", "../../testdata/http1.pcap", "-w", filepath.Join(dir, "none", "y.pcap"))
	mixed := write(t, "mixed.pcapng", mixedCapture(t))
	want(t, exitUsage, "EN10MB and RAW need a .pcapng", "dump", "-r", mixed, "-w", filepath.Join(dir, "y.pcap"))
	if after := filesIn(t, dir); !slices.Equal(before, after) {
		t.Errorf("files %v; before %v", after, before)
	}
	out := filepath.Join(dir, "mixed.pcapng")
	want(t, 0, "3 records, 3 matched", "dump", "-r", mixed, "-w", out)
	if got := framesOf(t, out); !reflect.DeepEqual(got, framesOf(t, mixed)) {
		t.Errorf("got %+v", got)
	}
	if printed := want(t, 0, "", "dump", "-r", out, "-e", "frame.interface,frame.link"); printed != "a\tEN10MB\n1\tRAW\na\tEN10MB\n" {
		t.Errorf("interfaces %q", printed)
	}
	// Without a frame the file still says of what there is none.
	want(t, 0, "3 records, 0 matched", "dump", "-r", mixed, "-w", out, "port", "7")
	if text := want(t, 0, "", "info", out); !strings.Contains(text, "a: EN10MB (1)") {
		t.Error(text)
	}
	status, b, _ := runPinyon(t, "dump", "-r", "../../testdata/http1.pcap", "-w", "-")
	if status != 0 || !reflect.DeepEqual(framesOf(t, write(t, "std.pcap", []byte(b))), framesOf(t, "../../testdata/http1.pcap")) {
		t.Errorf("exit %d, standard output of %d bytes", status, len(b))
	}
}

// TestDumpPackets: -w FILE.parquet has a row for every frame that matches, of any link types.
func TestDumpPackets(t *testing.T) {
	out := filepath.Join(t.TempDir(), "packets.parquet")
	for name, args := range map[string][]string{
		"trace.pcap": nil, "two_interfaces.pcapng": nil, "sll2.pcap": {"icmp"}, "arp.pcap": nil, "vxlan.pcap": {"--decap", "inner"},
	} {
		in := filepath.Join("..", "..", "testdata", name)
		lines := strings.Count(want(t, 0, "", append([]string{"dump", "-r", in, "-e", "frame.number"}, args...)...), "\n")
		want(t, 0, "", append([]string{"dump", "-r", in, "-w", out, "--store-payload", "10"}, args...)...)
		if n := rowsOf(t, out); n != lines || n == 0 {
			t.Errorf("%s: %d rows, %d lines", name, n, lines)
		}
	}
	in := captureFile(t)
	want(t, exitUsage, "--store-payload", "dump", "-r", in, "-w", "x.pcap", "--store-payload", "5")
	want(t, exitUsage, "--store-payload", "dump", "-r", in, "-w", out, "--store-payload", "-5")
}

// rowsOf is how many rows a Parquet file has.
func rowsOf(t *testing.T, path string) int {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return int(r.NumRows())
}

// TestDumpSections: an interface number means another interface in another section.
func TestDumpSections(t *testing.T) {
	var b bytes.Buffer
	for _, name := range []string{"a", "b\x1b"} {
		w := pcap.NewNGWriter(&b, pcap.NGOptions{})
		w.AddInterface(pcap.InterfaceOptions{Link: packet.LinkRaw, Name: name})
		w.Write(&packet.Frame{Data: []byte("x"), Link: packet.LinkRaw})
		w.Close()
	}
	in := write(t, "in.pcapng", b.Bytes())
	out := filepath.Join(t.TempDir(), "out.pcapng")
	want(t, 0, "2 matched", "dump", "-r", in, "-w", out)
	for _, name := range []string{in, out} {
		if got := want(t, 0, "", "dump", "-r", name, "-e", "frame.interface"); got != "a\n\"b\\x1b\"\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if list := framesOf(t, out); list[0].Iface != 0 || list[1].Iface != 1 {
		t.Errorf("%+v", list)
	}
}

// mixedCapture has frames of two link types; one interface has no name.
func mixedCapture(t *testing.T) []byte {
	var b bytes.Buffer
	w := pcap.NewNGWriter(&b, pcap.NGOptions{})
	w.AddInterface(pcap.InterfaceOptions{Link: packet.LinkEthernet, Name: "a"})
	w.AddInterface(pcap.InterfaceOptions{Link: packet.LinkRaw})
	for i, link := range []uint16{packet.LinkEthernet, packet.LinkRaw, packet.LinkEthernet} {
		if err := w.Write(&packet.Frame{Data: []byte("0123456789abcdef"), Wire: 60, Link: link, Iface: uint32(i % 2), TS: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return b.Bytes()
}

// TestDumpHex: bytes are shown as tcpdump -XX shows them.
func TestDumpHex(t *testing.T) {
	tcpdump := program(t, "tcpdump")
	for _, name := range []string{"http1.pcap", "sll2.pcap", "cut96.pcap"} {
		theirs, ok := tcpdumpLines(tcpdump, "../../testdata/"+name, "-XX", "-q", "-t")
		if !ok {
			t.Skip("tcpdump does not read ", name)
		}
		hex := func(lines []string) (h []string) {
			for _, l := range lines {
				if strings.HasPrefix(l, "\t0x") {
					h = append(h, strings.TrimRight(l, " "))
				}
			}
			return h
		}
		ours := hex(strings.Split(want(t, 0, "", "dump", "-x", "-r", "../../testdata/"+name), "\n"))
		if len(ours) < 20 || !slices.Equal(ours, hex(theirs)) {
			t.Errorf("%s: %d lines of bytes are not tcpdump's %d", name, len(ours), len(hex(theirs)))
		}
	}
}

// tsharkFields are fields of dump with what tshark calls them for IPv4 and IPv6, and the
// protocol that IP must carry: of others tshark shows what lies deeper.
var tsharkFields = []struct {
	path, v4, v6 string
	proto        string
}{
	{"frame.number", "frame.number", "", ""},
	{"frame.time_epoch", "frame.time_epoch", "", ""},
	{"frame.len", "frame.len", "", ""},
	{"frame.caplen", "frame.cap_len", "", ""},
	{"eth.src", "eth.src", "", "link"},
	{"eth.dst", "eth.dst", "", "link"},
	{"eth.type", "eth.type", "", "link"},
	{"vlan.id", "vlan.id", "", "tag"},
	{"ip.src", "ip.src", "ipv6.src", "ip"},
	{"ip.dst", "ip.dst", "ipv6.dst", "ip"},
	{"ip.ttl", "ip.ttl", "ipv6.hlim", "ip"},
	{"ip.tos", "ip.dsfield", "", "4"},
	{"ip.proto", "ip.proto", "", "4"},
	{"ip.len", "ip.len", "", "4"},
	{"ip.hdr_len", "ip.hdr_len", "", "4"},
	{"ip.id", "ip.id", "", "4"},
	{"tcp.srcport", "tcp.srcport", "tcp.srcport", "6"},
	{"tcp.dstport", "tcp.dstport", "tcp.dstport", "6"},
	{"tcp.flags", "tcp.flags", "tcp.flags", "6"},
	{"tcp.seq", "tcp.seq_raw", "tcp.seq_raw", "6"},
	{"tcp.ack", "tcp.ack_raw", "tcp.ack_raw", "6"},
	{"tcp.window", "tcp.window_size_value", "tcp.window_size_value", "6"},
	{"tcp.len", "tcp.len", "tcp.len", "6"},
	{"tcp.options", "tcp.options", "tcp.options", "6"},
	{"tcp.mss", "tcp.options.mss_val", "tcp.options.mss_val", "6"},
	{"tcp.wscale", "tcp.options.wscale.shift", "tcp.options.wscale.shift", "6"},
	{"tcp.tsval", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsval", "6"},
	{"tcp.tsecr", "tcp.options.timestamp.tsecr", "tcp.options.timestamp.tsecr", "6"},
	{"udp.srcport", "udp.srcport", "udp.srcport", "17"},
	{"udp.dstport", "udp.dstport", "udp.dstport", "17"},
	{"icmp.type", "icmp.type", "icmpv6.type", "icmp"},
	{"icmp.code", "icmp.code", "icmpv6.code", "icmp"},
	{"icmp.id", "icmp.ident", "icmpv6.echo.identifier", "icmp"},
	{"icmp.seq", "icmp.seq", "icmpv6.echo.sequence_number", "icmp"},
}

// TestDumpTshark: the values of fields are tshark's.
func TestDumpTshark(t *testing.T) {
	tshark := program(t, "tshark")
	ours := []string{"dump", "-e", "frame.link,ip.version,ip.proto,ip.frag_offset,frame.caplen,frame.len"}
	theirs := []string{"-n", "-T", "fields", "-E", "occurrence=f", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"}
	const before = 6
	column := map[string]int{} // of tshark's; it fills a field given twice once
	for _, f := range tsharkFields {
		ours = append(ours, "-e", f.path)
		for _, name := range []string{f.v4, f.v6} {
			if _, ok := column[name]; !ok && name != "" {
				column[name] = len(column)
				theirs = append(theirs, "-e", name)
			}
		}
	}
	compared, differ := 0, 0
	for i, file := range captures(t) {
		if i%3 != 0 && os.Getenv("PINYON_LONG") == "" {
			continue // tshark takes a third of a second to start
		}
		out, err := exec.Command(tshark, append([]string{"-r", file}, theirs...)...).Output()
		if err != nil {
			continue
		}
		status, text, _ := runPinyon(t, append(ours, "-r", file)...)
		if status != 0 {
			continue
		}
		lines, want := strings.Split(text, "\n"), strings.Split(string(out), "\n")
		if len(lines) != len(want) {
			t.Logf("%s: %d lines, tshark %d", file, len(lines), len(want))
			continue
		}
		for i, line := range lines[:len(lines)-1] {
			mine, their := strings.Split(line, "\t"), strings.Split(want[i], "\t")
			link, version, proto := mine[0], mine[1], mine[2]
			for j, f := range tsharkFields {
				switch f.proto {
				case "link":
					if link != "EN10MB" || version == "" {
						continue
					}
				case "tag": // tshark calls that of 0x88a8 otherwise
					if link != "EN10MB" || mine[before+6] != "0x8100" {
						continue
					}
				case "ip":
					if version == "" {
						continue
					}
				case "4":
					if version != "4" {
						continue
					}
					if authenticated := their[column["ip.proto"]] == "51"; authenticated && (f.path == "ip.proto" || f.path == "ip.hdr_len") {
						continue // the fields of Pinyon count AH in
					}
				case "6", "17":
					if proto != f.proto {
						continue
					}
				case "icmp":
					if !(version == "4" && proto == "1" || version == "6" && proto == "58") {
						continue
					}
				}
				a, b := mine[before+j], their[column[f.v4]]
				if version == "6" && f.v6 != "" {
					b = their[column[f.v6]]
				}
				if f.path == "icmp.id" || f.path == "icmp.seq" { // by base
					a, b = sameNumber(a), sameNumber(b)
				}
				if f.path == "eth.type" && b == "" {
					continue // a type in SNAP, which tshark calls otherwise
				}
				if compared++; a != b {
					if differ++; strings.HasPrefix(file, "../") || testing.Verbose() {
						t.Logf("%s, frame %d: %s is %q, tshark's %q", file, i+1, f.path, a, b)
					}
					if strings.HasPrefix(file, "../") {
						t.Fail()
					}
				}
			}
		}
	}
	t.Logf("%d values compared, %d of the corpus differ", compared, differ)
	if compared < 5000 || differ > compared/100 {
		t.Errorf("%d values compared, %d differ", compared, differ)
	}
}

func sameNumber(s string) string {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return s
	}
	return strconv.FormatUint(n, 10)
}

// TestDumpFields: every field has a sentence and a path of its own, and says something of
// some capture; none of them allocates.
func TestDumpFields(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range frameFields {
		if seen[f.path] || !strings.HasSuffix(f.doc, ".") {
			t.Errorf("field %s: %q", f.path, f.doc)
		}
		seen[f.path] = true
	}
	said := map[string]bool{}
	for _, name := range []string{"http1_v6.pcap", "udp_frag4.pcap", "qinq.pcap", "ping4.pcap", "sll2.pcap", "arp.pcap"} {
		for _, f := range frameFields {
			out := want(t, 0, "", "dump", "-r", "../../testdata/"+name, "-e", f.path)
			if strings.Trim(out, "\n") != "" {
				said[f.path] = true
			}
			if strings.ContainsAny(out, "\t\r\x1b") {
				t.Errorf("%s of %s: %q", f.path, name, out)
			}
		}
	}
	for path := range seen {
		if !said[path] && !strings.HasPrefix(path, "sctp.") && !strings.HasPrefix(path, "dccp.") && !strings.HasPrefix(path, "udplite.") {
			t.Errorf("%s is empty in every capture", path)
		}
	}
	list := framesOf(t, "../../testdata/http1.pcap")
	d := &dumper{app: newApp("pinyon", nil, io.Discard, io.Discard)}
	for _, f := range frameFields {
		if f.path != "frame.summary" {
			d.fields = append(d.fields, f)
		}
	}
	d.out = bufio.NewWriter(io.Discard)
	i := 0
	if n := allocs.PerRun(t, 500, func() {
		d.row.f = list[i%len(list)]
		i++
		if err := d.printRow(); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// TestDumpFile: a file where an expression belongs is told of.
func TestDumpFile(t *testing.T) {
	path := write(t, "x.pcap", captureBytes(t))
	want(t, 2, "-r "+path+" reads it", "dump", path)
}
