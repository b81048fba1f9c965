package edges_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pinyon"
	"pinyon/edges"
	"pinyon/flow"
	"pinyon/internal/damage"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/sink/csv"
	"pinyon/source"
	"pinyon/source/merged"
)

// seeds is how many cases TestGenerated makes; from 1,000 on TestCaptures cuts every capture.
var seeds = flag.Uint64("seeds", 30, "cases of generated traffic")

const second = int64(1e9)

// memory is a capture in memory.
type memory struct {
	source.Tally
	frames []packet.Frame
}

func (m *memory) Next(f *packet.Frame) error {
	if len(m.frames) == 0 {
		return io.EOF
	}
	*f = m.frames[0]
	m.frames = m.frames[1:]
	m.Count(f)
	return nil
}

func (m *memory) Close() error { return nil }

// run gives the rows of an input as lines of CSV, the head left out.
func run(t *testing.T, cfg *pinyon.Config, in pinyon.Input, opts ...pinyon.Option) ([]string, *pinyon.Result) {
	t.Helper()
	p, err := pinyon.New(cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s, err := csv.New(&out, p.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Process(context.Background(), in, s)
	if err == nil {
		err = errors.Join(res.Err(), s.Close(context.Background()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")[1:], res
}

// outcome is what a cut of captures into parts came to.
type outcome struct{ rows, packets, edges uint64 }

// hold extracts captures part by part and stitches them, and asks that the rows are those of one run
// over the union, every record in one place. parts says which captures are read together.
func hold(t *testing.T, what string, cfg *pinyon.Config, captures [][]packet.Frame, parts [][]int) (o outcome) {
	t.Helper()
	ctx := context.Background()
	var ins []pinyon.Input
	for i, frames := range captures {
		frames := slices.Clone(frames)
		for k := range frames {
			frames[k].Number = uint64(k + 1)
		}
		ins = append(ins, pinyon.Input{Name: fmt.Sprint("capture ", i), Open: func() (source.Source, error) { return &memory{frames: frames}, nil }})
	}
	plan, err := edges.Make(ctx, "here", ins, 2)
	if err != nil {
		t.Fatal(err)
	}
	rules := merged.Options{StepBack: cfg.Flow().Timeout}
	whole, err := merged.Input(merged.Captures(ins), plan.Names(), rules)
	if err != nil {
		t.Fatal(err)
	}
	want, all := run(t, cfg, whole, pinyon.WithEndless())
	var got, names []string
	var records, out uint64
	dir := t.TempDir()
	pipe, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for k, members := range parts {
		var list []merged.Capture
		for _, i := range members {
			list = append(list, merged.Capture{Input: ins[i], Position: i})
		}
		part, err := plan.Survey(ctx, pipe, list, rules)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, fmt.Sprint(k, ".arrow"))
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := edges.NewWriter(f, plan, cfg.Hash())
		rows, res := run(t, cfg, part.Input, pinyon.WithEdges(part.Edge(w)))
		if err := errors.Join(w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		if len(res.Reached) > 0 {
			t.Fatalf("%s: %v reached", what, res.Reached)
		}
		c := res.Counters()
		if c.Records != c.PacketsInRows+c.Dropped || c.DroppedBy["edge_out"] != w.Packets() {
			t.Fatalf("%s, part %d: %d records, %d in rows, %d dropped, %d edges", what, k, c.Records, c.PacketsInRows, c.Dropped, w.Packets())
		}
		records += c.Records
		out += w.Packets()
		got, names = append(got, rows...), append(names, name)
	}
	u, err := edges.Open(names, cfg.Hash())
	if err != nil {
		t.Fatal(err)
	}
	rows, res := run(t, cfg, pinyon.Input{Name: "edges", Interfaces: plan.Names(), Open: func() (source.Source, error) { return u, nil }}, pinyon.WithEndless())
	got = append(got, rows...)
	if c := res.Counters(); c.Records != out || c.PacketsInRows != out || records != all.Counters().Records {
		t.Fatalf("%s: %d records of %d; %d edges came in, %d in rows, %d went out", what, records, all.Counters().Records, c.Records, c.PacketsInRows, out)
	}
	slices.Sort(got)
	slices.Sort(want)
	if i := differ(got, want); i >= 0 {
		t.Fatalf("%s, parts %v: row %d of %d, %d\n%s\nwant\n%s", what, parts, i, len(got), len(want), at(got, i), at(want, i))
	}
	return outcome{uint64(len(want)), all.Counters().PacketsInRows, out}
}

// differ is the first place where two lists differ, or -1.
func differ(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if at(a, i) != at(b, i) {
			return i
		}
	}
	return -1
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// every is each of n captures as a part of its own.
func every(n int) (parts [][]int) {
	for i := range n {
		parts = append(parts, []int{i})
	}
	return parts
}

// settings has every column but those of the whole, and where each packet stands.
func settings(r *rand.Rand) *pinyon.Config {
	cfg := pinyon.DefaultConfig()
	cfg.Features, cfg.IncludeTrace, cfg.IncludeSPLT = []string{"all", "extra"}, true, true
	cfg.NumWorkers = 1 + r.IntN(2)
	if r.IntN(4) == 0 {
		cfg.ActiveTimeout = 5
	}
	if r.IntN(4) == 0 {
		cfg.Decap = "inner"
	}
	if r.IntN(6) == 0 {
		cfg.TerminateOnFinRst = false
	}
	if r.IntN(6) == 0 {
		cfg.SamplingRate = 0.7
	}
	return cfg
}

// TestCaptures cuts the captures of testdata at any records into 1, 2, 3 and 7 captures, one behind the
// other or dealt out packet by packet, and spreads some of them over time.
func TestCaptures(t *testing.T) {
	var names []string
	for _, glob := range []string{"*.pcap", "*.pcapng", "*/*.pcap"} {
		m, err := filepath.Glob("../testdata/" + glob)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m...)
	}
	var sum outcome
	cuts := 0
	for i, name := range names {
		frames := read(t, name)
		if len(frames) == 0 || len(frames) > 2000 || backward(frames) {
			continue
		}
		for k, pieces := range []int{1, 2, 3, 7} {
			if *seeds < 1000 && (i+k)%20 != 0 {
				continue
			}
			r := rand.New(rand.NewPCG(uint64(i), uint64(k)))
			list := slices.Clone(frames)
			if slow := []int64{1, 1, 300, 3000}[r.IntN(4)]; slow > 1 {
				for j := range list {
					list[j].TS = list[0].TS + (list[j].TS-list[0].TS)*slow
				}
			}
			if backward(list) {
				continue
			}
			captures := cut(r, list, pieces, r.IntN(3) == 0)
			o := hold(t, fmt.Sprint(name, " in ", pieces), settings(r), captures, every(pieces))
			sum.rows, sum.packets, sum.edges = sum.rows+o.rows, sum.packets+o.packets, sum.edges+o.edges
			cuts++
		}
	}
	t.Logf("%d cuts: %d rows, %d packets, %d edges", cuts, sum.rows, sum.packets, sum.edges)
	if cuts < 12 || sum.edges == 0 || sum.edges == sum.packets {
		t.Errorf("%d cuts with %d edges of %d packets show little", cuts, sum.edges, sum.packets)
	}
}

// read gives the frames of a capture.
func read(t *testing.T, name string) (list []packet.Frame) {
	t.Helper()
	r, err := pcap.Open(name)
	if err != nil {
		return nil // of testdata some are damaged on purpose
	}
	defer r.Close()
	var f packet.Frame
	for r.Next(&f) == nil {
		f.Data, f.Block = slices.Clone(f.Data), nil
		list = append(list, f)
	}
	return list
}

// backward reports whether no union has the capture: its clock steps back by more than the timeout.
func backward(list []packet.Frame) bool {
	top := int64(0)
	for i := range list {
		if list[i].TS < 0 || top-list[i].TS > 50*second {
			return true
		}
		top = max(top, list[i].TS)
	}
	return false
}

// cut cuts frames into captures, one behind the other at any records, or dealt out.
func cut(r *rand.Rand, list []packet.Frame, n int, deal bool) [][]packet.Frame {
	captures := make([][]packet.Frame, n)
	if deal {
		for _, f := range list {
			i := r.IntN(n)
			captures[i] = append(captures[i], f)
		}
		return captures
	}
	cuts := []int{0, len(list)}
	for range n - 1 {
		cuts = append(cuts, r.IntN(len(list)+1))
	}
	slices.Sort(cuts)
	for i := range captures {
		captures[i] = list[cuts[i]:cuts[i+1]]
	}
	return captures
}

// TestGenerated cuts generated traffic: connections that close, are reset and opened anew on their
// ports, datagrams in fragments whose first part lies in another capture, flows that pause for the
// timeout, the reach of fragments and their sums, and a nanosecond less and more.
func TestGenerated(t *testing.T) {
	var sum outcome
	for seed := range *seeds {
		r := rand.New(rand.NewPCG(seed, 77))
		list := traffic(r)
		n := 1 + r.IntN(5)
		captures := cut(r, list, n, r.IntN(4) == 0)
		if r.IntN(4) == 0 { // clocks that are not the same
			for i := range captures {
				captures[i] = slices.Clone(captures[i])
				by := pause(r)
				for k := range captures[i] {
					captures[i][k].TS += by
				}
			}
		}
		parts := every(n)
		if n > 2 && r.IntN(3) == 0 { // two captures are one part
			parts = append([][]int{{0, n - 1}}, parts[1:n-1]...)
		}
		cfg := settings(r)
		cfg.FlowTimeout = []float64{60, 60, 10, 31}[r.IntN(4)]
		cfg.Features = []string{"flow_meta", "timing", "tcp", "tcp_sequence", "tcp_rtt", "dns"}
		o := hold(t, fmt.Sprint("seed ", seed), cfg, captures, parts)
		sum.rows, sum.packets, sum.edges = sum.rows+o.rows, sum.packets+o.packets, sum.edges+o.edges
	}
	t.Logf("%d rows, %d packets, %d edges", sum.rows, sum.packets, sum.edges)
	if sum.edges*20 < sum.packets || sum.edges*20 > 19*sum.packets {
		t.Errorf("%d edges of %d packets show little", sum.edges, sum.packets)
	}
}

// pause is a time that some rule of cutting turns on, or a nanosecond off it.
func pause(r *rand.Rand) int64 {
	const edge = 30 * second
	of := []int64{0, 5 * second, 10 * second, edge, 31 * second, 40 * second, 60 * second, 61 * second, 90 * second, 120 * second}
	return max(0, of[r.IntN(len(of))]+r.Int64N(3)-1)
}

// traffic makes connections of several hosts, and datagrams in fragments, over some minutes.
func traffic(r *rand.Rand) (list []packet.Frame) {
	start := 1_700_000_000 * second
	for c := range 1 + r.IntN(5) {
		at := start + r.Int64N(200*second)
		if r.IntN(2) == 0 {
			at = start + pause(r)
		}
		client, server := gen.Host{Addr: addr(1, c%3), Port: uint16(40000 + c), TTL: 64}, gen.Host{Addr: addr(2, 0), Port: 443, TTL: 64}
		if r.IntN(3) == 0 { // datagrams, some in fragments
			for id := range 2 + r.IntN(8) {
				list = append(list, datagram(r, at, client, server, uint16(id/2))...)
				at += step(r)
			}
			continue
		}
		for _, s := range gen.Connections(r, 1+r.IntN(3)) {
			from, to := client, server
			if !s.Client {
				from, to = to, from
			}
			seg := gen.TCP{IP: gen.IP{Src: &from, Dst: &to}, Flags: s.Flags, Seq: s.Seq, Ack: s.Ack, Payload: make([]byte, s.Len)}
			list = append(list, packet.Frame{TS: at + s.At, Data: seg.Append(nil), Link: packet.LinkEthernet})
			if r.IntN(8) == 0 {
				at += step(r)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b packet.Frame) int { return int(max(-1, min(1, a.TS-b.TS))) })
	for i := range list {
		if r.IntN(20) == 0 && i > 0 { // late
			list[i-1], list[i] = list[i], list[i-1]
		}
	}
	if backwardBy(list, 9*second) {
		slices.SortStableFunc(list, func(a, b packet.Frame) int { return int(max(-1, min(1, a.TS-b.TS))) })
	}
	for i := range list {
		list[i].Wire = uint32(len(list[i].Data))
	}
	return list
}

func backwardBy(list []packet.Frame, most int64) bool {
	top := int64(0)
	for i := range list {
		if top-list[i].TS > most {
			return true
		}
		top = max(top, list[i].TS)
	}
	return false
}

// step is a time between packets: mostly short.
func step(r *rand.Rand) int64 {
	if r.IntN(3) > 0 {
		return r.Int64N(second)
	}
	return pause(r)
}

// datagram is a UDP datagram, whole or in two fragments, the later of which may come first.
func datagram(r *rand.Rand, at int64, from, to gen.Host, id uint16) (list []packet.Frame) {
	u := gen.UDP{IP: gen.IP{Src: &from, Dst: &to, ID: id}, Payload: make([]byte, 24)}
	whole := u.Append(nil)
	frame := func(at int64, data []byte) {
		list = append(list, packet.Frame{TS: at, Data: data, Link: packet.LinkEthernet})
	}
	if r.IntN(3) == 0 {
		frame(at, whole)
		return list
	}
	const head, first = 14 + 20, 16
	cut := func(from, to int, flags uint16) []byte {
		b := append(slices.Clone(whole[:head]), whole[head+from:head+to]...)
		binary.BigEndian.PutUint16(b[16:], uint16(len(b)-14))
		binary.BigEndian.PutUint16(b[20:], flags|uint16(from/8))
		return b
	}
	a, b := cut(0, first, 0x2000), cut(first, len(whole)-head, 0)
	if r.IntN(5) == 0 {
		a, b = b, a
	}
	frame(at, a)
	frame(at+step(r), b)
	return list
}

// addr is an address of a net.
func addr(net, host int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(net), 0, byte(1 + host)})
}

// TestBoundaries hits every time that decides, and a nanosecond less and more: a gap of the timeout, a
// later fragment whose first one lies in the capture before, and a packet that only such a fragment
// joins to that. What is continued has to be stitched, and what is not has to be in its part's rows.
func TestBoundaries(t *testing.T) {
	client, server := gen.Host{Addr: addr(1, 0), Port: 5000, TTL: 64}, gen.Host{Addr: addr(2, 0), Port: 53, TTL: 64}
	whole := func(at int64) packet.Frame {
		u := gen.UDP{IP: gen.IP{Src: &client, Dst: &server, ID: 1}, Payload: make([]byte, 8)}
		return packet.Frame{TS: at, Data: u.Append(nil), Link: packet.LinkEthernet}
	}
	part := func(at int64, later bool) packet.Frame {
		f := whole(at)
		if later {
			binary.BigEndian.PutUint16(f.Data[20:], 1) // the ports are no ports then
		} else {
			binary.BigEndian.PutUint16(f.Data[20:], 0x2000)
		}
		return f
	}
	const start = 1_700_000_000 * second
	for a := int64(-1); a <= 1; a++ {
		cfg := settings(rand.New(rand.NewPCG(1, 1)))
		cfg.SamplingRate, cfg.ActiveTimeout, cfg.TerminateOnFinRst = 1, 0, true
		timeout := 60*second + a
		o := hold(t, fmt.Sprint("timeout ", a), cfg, [][]packet.Frame{{whole(start)}, {whole(start + timeout)}}, every(2))
		if want := uint64(1); a > 0 && o.rows != 2 || a <= 0 && (o.rows != want || o.edges != 2) {
			t.Errorf("a gap of the timeout and %d ns: %d rows, %d edges", a, o.rows, o.edges)
		}
		o = hold(t, fmt.Sprint("reach ", a), cfg, [][]packet.Frame{{whole(start)}, {whole(start + 90*second + a)}}, every(2))
		if want := uint64(2); a > 0 && o.edges != 0 || a <= 0 && o.edges != want {
			t.Errorf("a gap of the reach and %d ns: %d edges", a, o.edges)
		}
		for b := int64(-1); b <= 1; b++ {
			fragment := start + 30*second + a
			captures := [][]packet.Frame{{part(start, false)}, {part(fragment, true), whole(fragment + 60*second + b)}}
			o := hold(t, fmt.Sprint("fragment ", a, b), cfg, captures, every(2))
			want := uint64(1)
			if a > 0 || b > 0 {
				want = 2 // the fragment's and the last packet's, or the two packets'
			}
			if a > 0 {
				want = 3
			}
			if o.rows != want {
				t.Errorf("a fragment at %d ns, the next packet at %d: %d rows; want %d", a, b, o.rows, want)
			}
		}
	}
}

// TestPlan: a plan that is none is refused, and so is a capture that has changed since.
func TestPlan(t *testing.T) {
	for _, text := range []string{"", "{}", `{"captures":[{"name":""}]}`, `{"captures":[{"name":"a"},{"name":"a"}]}`, `{"captures":[{"name":"a","first_ns":2,"last_ns":1}]}`,
		`{"captures":[{"name":"a"}]} {}`, `{"captures":[{"name":"a","x":1}]}`, `{"captures":[{"name":"a","first_ns":-1}]}`} {
		if _, err := edges.ReadPlan([]byte(text)); err == nil {
			t.Errorf("%s is a plan", text)
		}
	}
	in := pinyon.Input{Name: "./x//a", Open: func() (source.Source, error) { return &memory{frames: []packet.Frame{{TS: 5, Number: 1}}}, nil }}
	plan, err := edges.Make(context.Background(), "", []pinyon.Input{in}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := edges.ReadPlan(plan.JSON()); err != nil || !slices.Equal(again.Captures, plan.Captures) {
		t.Fatalf("%+v, %v", again, err)
	}
	list, err := plan.Find([]pinyon.Input{{Name: "x/a", Open: in.Open}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Find([]pinyon.Input{in, in}); err == nil {
		t.Error("a capture was found twice")
	}
	pipe, err := pinyon.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Survey(context.Background(), pipe, list, merged.Options{}); err != nil {
		t.Error(err)
	}
	plan.Captures[0].Last++
	if _, err := plan.Survey(context.Background(), pipe, list, merged.Options{}); err == nil || !strings.Contains(err.Error(), "make the plan anew") {
		t.Error(err)
	}
}

// edgeFile is the bytes of an edge file of n packets.
func edgeFile(t testing.TB, plan string, n int) []byte {
	p, err := edges.ReadPlan([]byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := edges.NewWriter(&b, p, "hash")
	for i := range n {
		f := packet.Frame{TS: int64(i), Number: uint64(i + 1), Data: []byte("frame"), Wire: 9, NoTime: i%2 == 1}
		if err := w.Add(&f, &flow.Key{}, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRefused: edge files of two plans or configurations, the same packet twice, and files that are
// cut or none are errors; what an edge file holds comes back as it was.
func TestRefused(t *testing.T) {
	const plan, other = `{"captures":[{"name":"a","last_ns":9}]}`, `{"captures":[{"name":"b","last_ns":9}]}`
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	all := func(config string, names ...string) (list []packet.Frame, err error) {
		u, err := edges.Open(names, config)
		if err != nil {
			return nil, err
		}
		defer u.Close()
		for {
			var f packet.Frame
			if err := u.Next(&f); err == io.EOF {
				return list, nil
			} else if err != nil {
				return list, err
			}
			f.Data = slices.Clone(f.Data)
			list = append(list, f)
		}
	}
	whole := edgeFile(t, plan, 3)
	a := write("a", whole)
	list, err := all("hash", a)
	if err != nil || len(list) != 3 || list[1].TS != 1 || !list[1].NoTime || list[1].Wire != 9 || list[1].Number != 2 || string(list[1].Data) != "frame" {
		t.Fatalf("%+v, %v", list, err)
	}
	for what, err := range map[string]error{
		"another configuration": failure(all("else", a)),
		"another plan":          failure(all("hash", a, write("b", edgeFile(t, other, 1)))),
		"in another edge file":  failure(all("hash", a, write("c", whole))),
		"not a whole edge file": failure(all("hash", write("d", whole[:len(whole)/2]))),
		"not a whole edge":      failure(all("hash", write("e", []byte("nothing")))),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func failure(_ []packet.Frame, err error) error { return err }

// TestDamaged: a damaged edge file is an error or reads on, and takes no memory that its size does
// not justify. Every third byte of it is 0xff once, and changes are drawn.
func TestDamaged(t *testing.T) {
	whole := edgeFile(t, `{"captures":[{"name":"a","last_ns":9}]}`, 3)
	name := filepath.Join(t.TempDir(), "e")
	try := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if u, err := edges.Open([]string{name}, ""); err == nil {
			var frame packet.Frame
			for u.Next(&frame) == nil {
			}
			u.Close()
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Fatalf("%d MB were allocated for a file of %d bytes", n>>20, len(b))
		}
	}
	for at := 0; at < len(whole); at += 3 {
		b := bytes.Clone(whole)
		b[at] = 0xff
		try(b)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		try(damage.Mutate(r, whole, whole))
	}
}

// FuzzOpen: no file does more than fail.
func FuzzOpen(f *testing.F) {
	f.Add(edgeFile(f, `{"captures":[{"name":"a","last_ns":9}]}`, 3))
	f.Add([]byte("nothing"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		name := filepath.Join(t.TempDir(), "e")
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
		u, err := edges.Open([]string{name}, "")
		if err != nil {
			return
		}
		defer u.Close()
		var frame packet.Frame
		for u.Next(&frame) == nil {
		}
	})
}
