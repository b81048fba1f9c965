package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/internal/gen"
	"pinyon/internal/nstest"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/savefile"
)

// wire is a pair of devices, v0 and v1, that nobody else sends on.
func wire(t *testing.T) *nstest.Namespace {
	ns := nstest.New(t)
	ns.Quiet()
	ns.IP("link add v0 mtu 65535 type veth peer name v1 mtu 65535")
	ns.Up("v0", "v1")
	return ns
}

// frames are the Ethernet frames of captures in testdata.
func frames(t *testing.T, names ...string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, name := range names {
		r, err := pcap.Open(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var f packet.Frame
		for {
			if err := r.Next(&f); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if f.Link == packet.LinkEthernet && len(f.Data) >= 14 {
				all = append(all, bytes.Clone(f.Data))
			}
		}
		r.Close()
	}
	return all
}

// send sends frames over v0, in order.
func send(t *testing.T, ns *nstest.Namespace, frames [][]byte) {
	t.Helper()
	ns.Do(func() {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		ifr, _ := unix.NewIfreq("v0")
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
			t.Fatal(err)
		}
		to := &unix.SockaddrLinklayer{Ifindex: int(ifr.Uint32())}
		for i, f := range frames {
			if err := unix.Sendto(fd, f, 0, to); err != nil {
				t.Fatalf("frame %d of %d bytes: %v", i, len(f), err)
			}
		}
	})
}

// run is a live capture in a process of its own.
type liveRun struct {
	*exec.Cmd
	out  io.ReadCloser
	errs bytes.Buffer
	said chan string
}

// startLive starts `pinyon live` in the namespace and waits until it captures.
func startLive(t *testing.T, ns *nstest.Namespace, args ...string) *liveRun {
	t.Helper()
	return startCapture(t, ns, "live", args...)
}

// startCapture is startLive for any command that captures.
func startCapture(t *testing.T, ns *nstest.Namespace, command string, args ...string) *liveRun {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	r := &liveRun{Cmd: ns.Command(exe, append([]string{command, "-v"}, args...)...), said: make(chan string, 1)}
	r.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
	r.out, err = r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := r.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			r.errs.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "msg=capturing") {
				ready <- true
			}
		}
		ready <- false
		r.said <- r.errs.String()
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("no capture: %s", <-r.said)
		}
	case <-time.After(60 * time.Second):
		r.Process.Kill()
		t.Fatal("no capture after 60 s")
	}
	return r
}

// end waits for the capture and returns its exit status and what it said.
func (r *liveRun) end(t *testing.T) (status int, said string) {
	t.Helper()
	late := time.AfterFunc(60*time.Second, func() { r.Process.Kill() })
	defer late.Stop()
	io.Copy(io.Discard, r.out)
	said = <-r.said
	r.Wait()
	return r.ProcessState.ExitCode(), said
}

// summaryOf is the summary of --summary json.
func summaryOf(t *testing.T, said string) (s summary) {
	t.Helper()
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), &s); err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatalf("no summary in %s", said)
	return s
}

// TestLiveEqualsExtract: the rows of a capture are those of the file it saves, byte for
// byte, although silence ends most of the flows before the capture ends.
func TestLiveEqualsExtract(t *testing.T) {
	ns := wire(t)
	sent := frames(t, "closed.pcap", "4in6.pcap", "6in4.pcap")
	if len(sent) < 20 {
		t.Fatalf("only %d frames", len(sent))
	}
	for _, c := range []struct{ name, save, out, more string }{
		{"csv", "s.pcap", "live.csv", "--features all,extra"},
		{"two workers", "s.pcapng", "live.csv", "-w 2"},
		{"parquet", "s.pcap", "live.parquet", "--features flow_meta,timing"},
	} {
		dir := t.TempDir()
		save, out := filepath.Join(dir, c.save), filepath.Join(dir, c.out)
		more := strings.Fields(c.more)
		common := append([]string{"--timeout", "0.3", "--tcp-close-delay", "0.1", "--provenance", "none"}, more...)
		r := startLive(t, ns, append([]string{"v1", "-d", "2.5", "--save-pcap", save, "-o", out, "--summary", "json"}, common...)...)
		send(t, ns, sent)
		status, said := r.end(t)
		if status != exitOK {
			t.Fatalf("%s: exit %d: %s", c.name, status, said)
		}
		s := summaryOf(t, said)
		if n := s.Capture.Received; n != uint64(len(sent)) || s.Capture.Captured != n || s.Records != n || s.Capture.Lost() != 0 {
			t.Errorf("%s: sent %d, %+v", c.name, len(sent), s.Capture.Stats)
		}
		again := filepath.Join(dir, "again"+filepath.Ext(out))
		var errs bytes.Buffer
		if status := run(append([]string{"pinyon", "extract", save, "-o", again}, common...), nil, io.Discard, &errs); status != exitOK {
			t.Fatalf("%s: extract: exit %d: %s", c.name, status, errs.String())
		}
		got, want := readFile(t, out), readFile(t, again)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of the live rows differ from %d of the file's", c.name, len(got), len(want))
		}
		if len(want) < 1000 {
			t.Errorf("%s: only %d bytes of rows", c.name, len(want))
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLiveRows: rows come while the capture runs, without a further packet; an interrupt
// finishes the files.
func TestLiveRows(t *testing.T) {
	ns := wire(t)
	file := filepath.Join(t.TempDir(), "x.parquet")
	r := startLive(t, ns, "v1", "-f", "jsonl", "--timeout", "0.2", "--tee", "parquet="+file, "--save-pcap", filepath.Join(filepath.Dir(file), "s.pcap"))
	send(t, ns, frames(t, "closed.pcap"))
	rows := bufio.NewReader(r.out)
	late := time.AfterFunc(60*time.Second, func() { r.Process.Kill() })
	line, err := rows.ReadString('\n')
	late.Stop()
	if err != nil || !strings.HasPrefix(line, `{"flow_id":`) || strings.Contains(line, "conn_src") {
		t.Errorf("first row %.200q: %v", line, err)
	}
	if n := len(filesIn(t, filepath.Dir(file))); n == 0 {
		t.Error("no temporary file while the capture runs")
	}
	r.Process.Signal(os.Interrupt)
	status, said := r.end(t)
	if status != exitInterrupt {
		t.Errorf("exit %d", status)
	}
	if !strings.Contains(said, "group connection") {
		t.Errorf("nothing said about columns left out: %s", said)
	}
	for _, name := range []string{"x.parquet", "s.pcap", "x.parquet.provenance.json"} {
		if info, err := os.Stat(filepath.Join(filepath.Dir(file), name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLivePackets: --packets has a row for every packet, in files that follow each other by
// time; an interrupt finishes the last one, and of an abort nothing is left.
func TestLivePackets(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	sent := frames(t, "closed.pcap", "4in6.pcap", "arp.pcap")
	r := startLive(t, ns, "v1", "-d", "2.5", "--packets", filepath.Join(dir, "p.parquet"), "--rotate-interval", "1s", "--save-pcap", filepath.Join(dir, "s.pcap"), "-o", filepath.Join(dir, "x.csv"), "--summary", "json")
	send(t, ns, sent)
	time.Sleep(1200 * time.Millisecond)
	send(t, ns, sent)
	status, said := r.end(t)
	if status != exitOK {
		t.Fatalf("exit %d: %s", status, said)
	}
	rows, packets := 0, 0
	for _, name := range summaryOf(t, said).Capture.Saved {
		if savefile.IsRows(name) {
			rows += rowsOf(t, name)
			packets++
		}
	}
	if rows != 2*len(sent) || packets < 2 {
		t.Errorf("%d rows in %d files; sent %d", rows, packets, 2*len(sent))
	}
	for _, args := range [][]string{{"--packets", "x.csv"}, {"--store-payload", "5"}, {"--packets", "x.parquet", "--store-payload", "-1"},
		{"--save-pcap", "x.parquet"}, {"--packets", "x.parquet", "--rotate-size", "1MB"}, {"--rotate-interval", "5s"}} {
		want(t, exitUsage, args[len(args)-2], append([]string{"live", "nosuch"}, args...)...)
	}

	dir = t.TempDir()
	r = startLive(t, ns, "v1", "--packets", filepath.Join(dir, "p.parquet"), "--save-pcap", filepath.Join(dir, "s.pcap"), "-o", "-")
	send(t, ns, sent)
	r.Process.Signal(os.Interrupt)
	if status, said := r.end(t); status != exitInterrupt || rowsOf(t, filepath.Join(dir, "p.parquet")) != len(sent) {
		t.Errorf("exit %d: %s", status, said)
	}
}

// TestLiveRotation: files of frames follow each other, each whole, old ones go.
func TestLiveRotation(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	r := startLive(t, ns, "v1", "--count", "300", "--save-pcap", filepath.Join(dir, "r.pcap"), "--rotate-size", "10000", "--rotate-keep", "3", "-o", filepath.Join(dir, "x.csv"))
	one := bytes.Repeat([]byte{2, 0, 0, 0, 0, 1}, 20)
	var sent [][]byte
	for range 300 {
		sent = append(sent, one)
	}
	send(t, ns, sent)
	if status, said := r.end(t); status != exitOK {
		t.Fatalf("exit %d: %s", status, said)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "r-*.pcap"))
	if len(left) != 3 || filepath.Base(left[2]) != "r-00005.pcap" {
		t.Fatalf("files %v", left)
	}
	const perFile = (10000 - 24) / (16 + 120)
	total := 0
	for i, name := range left {
		rd, err := pcap.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		var f packet.Frame
		for rd.Next(&f) == nil {
			n++
		}
		rd.Close()
		if i < 2 && n != perFile {
			t.Errorf("%s: %d frames; want %d", name, n, perFile)
		}
		if info, _ := os.Stat(name); info.Size() > 10000 {
			t.Errorf("%s: %d bytes", name, info.Size())
		}
		total += n
	}
	if want := 300 - 2*perFile; total != want {
		t.Errorf("%d frames in the files that are left; want %d", total, want)
	}
}

// TestLiveRotationAgain: a run goes on behind the files of an earlier one, and keeps them.
func TestLiveRotationAgain(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	old := filepath.Join(dir, "r-00007.pcap")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	one := bytes.Repeat([]byte{2, 0, 0, 0, 0, 1}, 20)
	r := startLive(t, ns, "v1", "--count", "6", "--save-pcap", filepath.Join(dir, "r.pcap"), "--rotate-size", "400", "--rotate-keep", "2", "-o", "/dev/null", "-f", "csv")
	send(t, ns, [][]byte{one, one, one, one, one, one})
	if status, said := r.end(t); status != exitOK {
		t.Fatalf("exit %d: %s", status, said)
	}
	if got := strings.Join(filesIn(t, dir), " "); got != "r-00007.pcap r-00009.pcap r-00010.pcap" {
		t.Errorf("files %s", got)
	}
	if string(readFile(t, old)) != "old" {
		t.Error("a file of the earlier run was replaced")
	}
}

// TestLiveDevices: what becomes of a device ends the capture or does not, and says so.
func TestLiveDevices(t *testing.T) {
	ns := wire(t)
	out := filepath.Join(t.TempDir(), "x.csv")
	r := startLive(t, ns, "v1", "-o", out, "--features", "flow_meta", "--summary", "json")
	two := frames(t, "closed.pcap")[:2]
	send(t, ns, two)
	ns.IP("link set v1 down")
	ns.IP("link set v1 name other")
	ns.Up("other")
	ns.Ready("v0")
	send(t, ns, two)
	time.Sleep(200 * time.Millisecond)
	ns.IP("link del other")
	status, said := r.end(t)
	s := summaryOf(t, said)
	if status != exitIncomplete || s.Capture.Captured != 4 || s.Capture.Downs == 0 || s.Flows == 0 {
		t.Errorf("exit %d, %d captured, down %d times, %d flows: %s", status, s.Capture.Captured, s.Capture.Downs, s.Flows, said)
	}
	if len(s.Faults) != 1 || !strings.Contains(s.Faults[0].Error, "removed") {
		t.Errorf("faults %v", s.Faults)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
}

// TestLiveErrors: every way a capture cannot begin has its exit status and its words.
func TestLiveErrors(t *testing.T) {
	ns := wire(t)
	ns.IP("link set v0 down")
	ns.IP("link property add dev v0 altname other")
	index := 0
	ns.Do(func() {
		d, err := netif.ByName("v1")
		if err != nil {
			t.Fatal(err)
		}
		index = d.Index
	})
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		args   string
		status int
		words  string
		nobody bool
	}{
		{"live nosuch", exitDevice, "nosuch", false},
		{"live v0", exitError, "not up", false},
		{"live v1 --buffer-size 10", exitUsage, "65536", false},
		{"live v1 --buffer-size 100GiB --rings 64", exitUsage, "a quarter of the memory", false},
		{"live v1 --buffer-size 9223372036854775807", exitUsage, "a quarter of the memory", false},
		{"live v1 -d 0", exitUsage, "--duration", false},
		{"live v1 v1", exitUsage, "twice", false},
		{"live v1 v0 INDEX", exitUsage, "v1 is given twice", false},
		{"live v0 other", exitUsage, "v0 is given twice", false},
		{"live v1 -f npy", exitUsage, "needs a file", false},
		{"live v1 --rings 1000", exitUsage, "64", false},
		{"live v1 --user 4294967290", exitUsage, "no user 4294967290", false},
		{"live v1 --snaplen 0", exitUsage, "--snaplen", false},
		{"live v1 --rotate-size 10MB", exitUsage, "--save-pcap", false},
		{"live v1 --save-pcap -", exitUsage, "standard output", false},
		{"live v1 --save-pcap - --rotate-size 1MB -o x.csv", exitUsage, "no second file", false},
		{"live v1 --save-pcap a/../x.pcap -f csv -o x.pcap", exitUsage, "x.pcap", false},
		{"live v1 --packets x.parquet --tee parquet=./x.parquet", exitUsage, "x.parquet", false},
		{"live v1 --save-pcap never.pcap --feature nosuch", exitUsage, "nosuch", false},
		{"live v1 --user nosuchuser", exitUsage, "no user nosuchuser", false},
		{"live v1 -o /nonexistent/x.csv", exitError, "/nonexistent/x.csv", false},
		{"live v1 -d 1", exitPermission, "CAP_NET_RAW", true},
	} {
		c.args = strings.ReplaceAll(c.args, "INDEX", strconv.Itoa(index))
		cmd := ns.Command(exe, strings.Fields(c.args)...)
		if c.nobody {
			cmd = ns.Command("setpriv", append([]string{"--reuid=65534", "--clear-groups", exe}, strings.Fields(c.args)...)...)
			if _, err := exec.LookPath("setpriv"); err != nil {
				t.Log("no setpriv: not tried without privilege")
				continue
			}
			if info, err := os.Stat(filepath.Dir(exe)); err != nil || info.Mode().Perm()&1 == 0 {
				dir := t.TempDir()
				for d := dir; len(d) > 1; d = filepath.Dir(d) {
					os.Chmod(d, 0o755)
				}
				copied := filepath.Join(dir, "pinyon")
				if err := os.WriteFile(copied, readFile(t, exe), 0o755); err != nil {
					t.Fatal(err)
				}
				cmd.Args[len(cmd.Args)-1-len(strings.Fields(c.args))] = copied
			}
		}
		cmd.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
		said, err := cmd.CombinedOutput()
		var xe *exec.ExitError
		if err != nil && !errors.As(err, &xe) {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != c.status || !strings.Contains(string(said), c.words) {
			t.Errorf("%s: exit %d: %s; want %d and %q", c.args, got, said, c.status, c.words)
		}
		if n := strings.Count(strings.TrimSpace(string(said)), "\n"); n > 2 {
			t.Errorf("%s: %d lines: %s", c.args, n, said)
		}
	}
	if _, err := os.Stat("never.pcap"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file of a capture that never began: %v", err)
		os.Remove("never.pcap")
	}
}

// TestLiveSaveOut: frames go to standard output while they come; a reader that goes does not
// end the rows, and is told of.
func TestLiveSaveOut(t *testing.T) {
	ns := wire(t)
	sent := frames(t, "closed.pcap")
	rows := filepath.Join(t.TempDir(), "x.csv")
	r := startLive(t, ns, "v1", "--save-pcap", "-", "-o", rows)
	send(t, ns, sent)
	late := time.AfterFunc(60*time.Second, func() { r.Process.Kill() })
	in, err := pcap.NewReader(r.out)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for f, err := range in.All() {
		if n >= len(sent) || err != nil || !bytes.Equal(f.Data, sent[n]) {
			t.Fatalf("frame %d: %v", n, err)
		}
		if n++; n == len(sent) { // all came before the end, or late kills what sends them
			r.Process.Signal(os.Interrupt)
		}
	}
	late.Stop()
	if status, said := r.end(t); status != exitInterrupt || n != len(sent) || len(readFile(t, rows)) == 0 || strings.Contains(said, "frames ->") {
		t.Errorf("exit %d, %d frames of %d: %s", status, n, len(sent), said)
	}

	count := 20 * len(sent)
	r = startLive(t, ns, "v1", "--count", fmt.Sprint(count), "--save-pcap", "-", "-o", rows)
	r.out.Close()
	for range 20 {
		send(t, ns, sent)
		time.Sleep(20 * time.Millisecond)
	}
	status, said := r.end(t)
	var written, lost int
	if _, after, ok := strings.Cut(said, "frames of -: "); ok {
		fmt.Sscanf(after, "%d written, %d lost", &written, &lost)
	}
	if status != exitIncomplete || !strings.Contains(said, "pipe") || !strings.Contains(said, fmt.Sprintf(" from %d packets", count)) || written+lost != count || lost == 0 {
		t.Errorf("exit %d, %d frames written, %d lost: %s", status, written, lost, said)
	}
}

// TestLiveUser: privileges are gone before the first file is made.
func TestLiveUser(t *testing.T) {
	ns := wire(t)
	dir := t.TempDir()
	for d := dir; len(d) > 1; d = filepath.Dir(d) {
		if d != os.TempDir() {
			os.Chmod(d, 0o755)
		}
	}
	os.Chmod(dir, 0o777)
	save := filepath.Join(dir, "s.pcap")
	r := startLive(t, ns, "v1", "--user", "nobody", "--count", "2", "-o", filepath.Join(dir, "x.csv"), "--save-pcap", save)
	send(t, ns, frames(t, "closed.pcap")[:2])
	if status, said := r.end(t); status != exitOK {
		t.Fatalf("exit %d: %s", status, said)
	}
	for _, name := range []string{save, filepath.Join(dir, "x.csv")} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
			t.Errorf("%s belongs to %d", name, uid)
		}
	}
}

// TestExtractDevice: an interface is an input of extract by its URL, with the filter of the run.
func TestExtractDevice(t *testing.T) {
	ns := wire(t)
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	var out, errs bytes.Buffer
	cmd := ns.Command(exe, "extract", "device://v1?count=4&duration=20s", "--filter", "udp port 7", "-f", "jsonl", "--features", "flow_meta", "--no-progress")
	cmd.Env = append(os.Environ(), "PINYON_TEST_MAIN=1")
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	datagram := func(port uint16) []byte {
		a, b := &gen.Host{Addr: netip.MustParseAddr("10.9.0.1"), Port: port, TTL: 64}, &gen.Host{Addr: netip.MustParseAddr("10.9.0.2"), Port: port, TTL: 64}
		return (&gen.UDP{IP: gen.IP{Src: a, Dst: b}}).Append(nil)
	}
	for over := false; !over; {
		send(t, ns, [][]byte{datagram(9), datagram(7)})
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, errs.String())
			}
			over = true
		case <-time.After(100 * time.Millisecond):
		}
	}
	packets := 0
	for line := range strings.Lines(out.String()) {
		var row struct {
			TotalPackets int `json:"total_packets"`
			Port         int `json:"src_port"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Port != 7 {
			t.Errorf("%s: %v", line, err)
		}
		packets += row.TotalPackets
	}
	if packets != 4 {
		t.Errorf("%d packets; want 4: %s %s", packets, out.String(), errs.String())
	}
}
