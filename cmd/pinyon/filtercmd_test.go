package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guide are the expressions that a user of tcpdump expects to work.
var guide = []string{
	"", "tcp", "udp", "icmp", "arp", "ip", "esp", "ah", "proto gre", "port 80", "src port 443", "dst port 22", "portrange 8000-9000",
	"udp port 53", "tcp port 80 or tcp port 443", "host 10.77.0.1", "src host 10.77.0.1", "dst host 10.77.0.2", "net 192.168.1.0/24",
	"src net 10", "dst net 10.77", "tcp and (port 80 or port 443) and src net 10.77.0.0/16",
	"tcp port 80 and tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420", "ip[6:2] & 0x1fff != 0", "tcp[tcpflags] & tcp-syn != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)", "tcp[tcpflags] == 0", "tcp[tcpflags] & (tcp-fin|tcp-rst|tcp-push|tcp-urg) != 0",
	"icmp[icmptype] == icmp-echo", "icmp[icmptype] == icmp-timxceed", "greater 1000", "less 64", "broadcast", "multicast", "not broadcast",
	"ip6", "vlan", "vlan and tcp", "mpls", "mpls and icmp", "pppoes", "pppoes and tcp", "sctp", "icmp6", "ether host 02:00:00:00:77:01", "ether proto 0x88cc",
}

func TestFilterCheck(t *testing.T) {
	for _, c := range []struct{ args, out string }{
		{"tcp port 80", "valid for frames of type EN10MB (1): "},
		{"inbound", "of a device (not of a file)"},
		{"inbound --link LINUX_SLL2", "type LINUX_SLL2 (276): "},
		{"wlan type mgt --link ieee802_11_radio", "IEEE802_11_RADIO (127)"},
		{"ip --link 101", "RAW (101)"},
		{"tcp --no-optimize", "EN10MB"},
	} {
		if out := want(t, 0, "", append([]string{"filter", "check"}, strings.Fields(c.args)...)...); !strings.Contains(out, c.out) || strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, " instructions\n") {
			t.Errorf("%s: %q", c.args, out)
		}
	}
	for _, c := range []struct{ args, message string }{
		{"tcp port = 3", "\"=\" at 9: "},
		{"tcp port = 3", "\n  tcp port = 3\n           ^\n"},
		{"port nosuch", "\n  port nosuch\n       ^^^^^^\n"},
		{"wlan type mgt", `"type" at 5`},
		{"ip and ip6", "rejects all"},
		{"host no.such.name", "no.such.name"},
		{"tcp --link bogus", "unknown link type"},
		{"tcp --bogus", "unknown flag"},
		{"", "an argument is missing"},
	} {
		want(t, exitUsage, c.message, append([]string{"filter", "check"}, strings.Fields(c.args)...)...)
	}
}

func TestFilterDump(t *testing.T) {
	const text = "(000) ldh      [12]\n(001) jeq      #0x806           jt 2\tjf 3\n(002) ret      #262144\n(003) ret      #0\n"
	if out := want(t, 0, "", "filter", "dump", "arp"); out != text {
		t.Errorf("got\n%s", out)
	}
	if out := want(t, 0, "", "filter", "dump", "vlan", "--live"); !strings.Contains(out, "[vlanp]") {
		t.Errorf("got\n%s", out)
	}
	want(t, 0, "note: no program for the kernel", "filter", "dump", "ip protochain 6", "--live")
	want(t, exitUsage, "give one", "filter", "dump", "arp", "--dd", "--ddd")
	want(t, exitUsage, "give one", "filter", "dump", "arp", "--dd", "-d")
	want(t, exitUsage, "3 at most", "filter", "dump", "arp", "-dddd")
	for short, long := range map[string]string{"-d": "", "-dd": "--dd", "-ddd": "--ddd"} {
		args := []string{"filter", "dump", "arp"}
		if long != "" {
			args = append(args, long)
		}
		if a, b := want(t, 0, "", "filter", "dump", short, "arp"), want(t, 0, "", args...); a != b {
			t.Errorf("%s: got\n%s\nwant\n%s", short, a, b)
		}
	}
	want(t, exitUsage, "at 9", "filter", "dump", "tcp", "port", "=")
	want(t, exitUsage, "not tell directions", "filter", "dump", "inbound")
	tcpdump := program(t, "tcpdump")
	same := 0
	for _, link := range []string{"EN10MB", "RAW", "LINUX_SLL2", "NULL"} {
		for _, expr := range guide {
			theirs, err := exec.Command(tcpdump, "-y", link, "-ddd", expr).Output()
			status, ours, _ := runPinyon(t, "filter", "dump", expr, "--link", link, "--ddd")
			if (err == nil) != (status == 0) {
				t.Errorf("%s, %q: tcpdump: %v; exit %d", link, expr, err, status)
			}
			if err != nil || ours != string(theirs) {
				continue // the programs are compared where they are made
			}
			same++
			for _, form := range []string{"-d", "-dd"} {
				theirs, err := exec.Command(tcpdump, "-y", link, form, expr).Output()
				args := []string{"filter", "dump", expr, "--link", link}
				if form == "-dd" {
					args = append(args, "--dd")
				}
				if ours := want(t, 0, "", args...); err != nil || ours != string(theirs) {
					t.Errorf("%s, %q, %s: %v\n%s\nwant\n%s", link, expr, form, err, ours, theirs)
				}
			}
		}
	}
	if same < 50 {
		t.Errorf("only %d programs to compare the forms of", same)
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s to compare with: %v", name, err)
	}
	return path
}

func TestFilterTest(t *testing.T) {
	in := captureFile(t)
	whole := captureBytes(t)
	cut := write(t, "cut.pcap", whole[:len(whole)-5])
	if out := want(t, 0, "1 of 19 frames match", "filter", "test", "udp", "-r", in); !regexp.MustCompile(`^\d+ 1970-01-01T00:\d\d:\d\d\.\d{9}Z IP [0-9.]+ > [0-9.]+: UDP, length \d+\n$`).MatchString(out) {
		t.Errorf("got %q", out)
	}
	if out := want(t, 0, "18 of 19", "filter", "test", "tcp", "and", "ip", "-r", in, "--count"); out != "18\n" {
		t.Errorf("got %q", out)
	}
	if out := want(t, 0, "2 of 38", "filter", "test", "udp", "-r", in, "-r", in); !strings.HasPrefix(out, in+":") {
		t.Errorf("got %q", out)
	}
	if out := want(t, exitIncomplete, cut+": record 19 at ", "filter", "test", "", "-r", cut, "--count"); out != "18\n" {
		t.Errorf("got %q", out)
	}
	want(t, exitIncomplete, "nowhere", "filter", "test", "", "-r", in, "-r", "nowhere", "--count")
	want(t, exitError, "nowhere", "filter", "test", "", "-r", "nowhere", "--count")
	status, out, said := runWith(t, bytes.NewReader(whole), "filter", "test", "", "-r", "-", "--count")
	if status != 0 || out != "19\n" {
		t.Errorf("exit %d, %q, %q", status, out, said)
	}
	want(t, exitUsage, "give a capture", "filter", "test", "tcp")
	want(t, exitUsage, "twice", "filter", "test", "tcp", "-r", "-", "-r", "-")
	want(t, exitUsage, "\n  tcp port\n", "filter", "test", "tcp port", "-r", in)
	want(t, exitUsage, in+" (EN10MB): ", "filter", "test", "wlan type mgt", "-r", in)
}

// captures are those of testdata, and of the corpus if PINYON_CORPUS names one.
func captures(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures: ", err)
	}
	if root := os.Getenv("PINYON_CORPUS"); root != "" {
		filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && isCaptureName(path) {
				names = append(names, path)
			}
			return nil
		})
	}
	return names
}

// tcpdumpLines is what tcpdump prints of a capture; ok is false if it cannot read all of it.
func tcpdumpLines(path, file string, args ...string) (lines []string, ok bool) {
	out, err := exec.Command(path, append([]string{"-n", "-K", "-r", file}, args...)...).Output()
	if err != nil {
		return nil, false
	}
	lines = strings.Split(string(out), "\n")
	return lines[:len(lines)-1], true
}

// TestFilterTestTcpdump: as many frames match as with tcpdump. Each capture meets every
// fourth expression.
func TestFilterTestTcpdump(t *testing.T) {
	tcpdump := program(t, "tcpdump")
	for i, file := range captures(t) {
		for j, expr := range guide {
			if (i+j)%4 != 0 {
				continue
			}
			theirs, err := exec.Command(tcpdump, "-n", "-t", "-q", "-r", file, "--count", expr).Output()
			if err != nil {
				continue // packed files, expressions without meaning
			}
			status, ours, said := runPinyon(t, "filter", "test", expr, "-r", file, "--count")
			if status == exitUsage && strings.Contains(said, " link type ") && !strings.HasPrefix(file, "../") {
				continue // ATM, ARCnet, frame relay: the filter package says so
			}
			if n, _, _ := strings.Cut(string(theirs), " "); status != 0 || ours != n+"\n" {
				t.Errorf("%s, %q: exit %d, %q; tcpdump: %q; %s", file, expr, status, ours, theirs, said)
			}
		}
	}
}

var (
	mptcpText  = regexp.MustCompile(`(mptcp \d+ [a-z-]+)[^,\]{]*(\{[^}]*\})?`)
	afterTCP   = regexp.MustCompile(`^(IP6? \S+ > \S+: Flags .*?, length \d+).*$`)
	plainUDP   = regexp.MustCompile(`^IP6? \S+ > \S+: (UDP|ICMP6?,? echo (request|reply)|ICMP time exceeded|ICMP6, neighbor).*, length \d+$`)
	anyARP     = regexp.MustCompile(`^ARP, (Request|Reply) .*, length \d+$`)
	vlanText   = regexp.MustCompile(`^((vlan|frelay|etag|vntag|fabricpath|pbb|nsh) \d+, )+`)
	tunnelText = regexp.MustCompile(`^IP6? \S+ > \S+: (ipip|6in4|gre|vxlan|geneve|gtpu|teredo|l2tp|erspan|capwap|nsh|vxlan-gpe)`)
	numericARP = regexp.MustCompile(`^[A-Za-z0-9 ,.:()-]+$`)
)

// TestSummaryTcpdump: where tcpdump's line says what a summary says, it is the summary.
func TestSummaryTcpdump(t *testing.T) {
	tcpdump := program(t, "tcpdump")
	compared, differ := 0, 0 // the corpus has what tcpdump reads on, such as ESP in UDP, or Pinyon, such as GTP
	for _, file := range captures(t) {
		theirs, ok := tcpdumpLines(tcpdump, file, "-S", "-t")
		if !ok {
			continue
		}
		_, out, _ := runPinyon(t, "filter", "test", "", "-r", file)
		var ours []string
		for line := range strings.Lines(out) {
			words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
			ours = append(ours, words[2])
		}
		i := 0
		for _, line := range theirs {
			if !strings.HasPrefix(line, "\t") { // else it goes on with the line before
				i++
			}
		}
		if i != len(ours) {
			t.Logf("%s: %d lines, tcpdump %d", file, len(ours), i)
			continue
		}
		i = 0
		for _, line := range theirs {
			if strings.HasPrefix(line, "\t") {
				continue
			}
			i++
			mine, _, _ := strings.Cut(vlanText.ReplaceAllString(ours[i-1], ""), " (frag id")
			switch {
			case tunnelText.MatchString(mine): // which tcpdump names otherwise, or does not open
				continue
			case strings.Contains(line, "urg ") || strings.Contains(line, "bad") || strings.Contains(line, "[|"):
				continue
			case afterTCP.MatchString(line):
				line = afterTCP.ReplaceAllString(mptcpText.ReplaceAllString(line, "$1"), "$1")
			case plainUDP.MatchString(line) || anyARP.MatchString(line) && numericARP.MatchString(line):
			default:
				continue
			}
			if compared++; mine == line {
				continue
			}
			if strings.HasPrefix(file, "../") {
				t.Errorf("%s, frame %d:\n%s\ntcpdump:\n%s", file, i, mine, line)
			} else if differ++; testing.Verbose() {
				t.Logf("%s, frame %d:\n%s\ntcpdump:\n%s", file, i, mine, line)
			}
		}
	}
	t.Logf("%d lines compared, %d of the corpus differ", compared, differ)
	if compared < 300 || differ > compared/100 {
		t.Errorf("%d lines compared, %d differ", compared, differ)
	}
}
