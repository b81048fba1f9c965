package packetstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"pinyon/internal/allocs"
	"pinyon/packet"
	"pinyon/pcap"
)

// each calls f with the frames of a capture.
func each(t testing.TB, path string, f func(*packet.Frame)) {
	t.Helper()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frame packet.Frame
	for {
		switch err := r.Next(&frame); err {
		case nil:
			f(&frame)
		case io.EOF:
			return
		default:
			t.Fatal(err)
		}
	}
}

// stored is a file of the frames that give hands out.
func stored(t testing.TB, o *Options, give func(write func(*packet.Frame))) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	give(func(f *packet.Frame) {
		n++
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	})
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&packet.Frame{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if w.Rows() != n {
		t.Errorf("%d rows of %d", w.Rows(), n)
	}
	return b.Bytes()
}

// A table is what a file holds, as text by column; "" is null.
type table map[string][]string

func read(t testing.TB, data []byte) table {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := table{}
	for i := range r.NumRowGroups() {
		g := r.RowGroup(i)
		for k, col := range columns {
			c, err := g.Column(k)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Descriptor(); got.Name() != col.Name || (got.MaxDefinitionLevel() == 1) != col.Nullable {
				t.Fatalf("column %s, level %d; want %s", got.Name(), got.MaxDefinitionLevel(), col.Name)
			}
			all[col.Name] = append(all[col.Name], cells(t, c, int(g.NumRows()))...)
		}
	}
	return all
}

// cells are the values of a column chunk.
func cells(t testing.TB, c file.ColumnChunkReader, rows int) (out []string) {
	t.Helper()
	levels := make([]int16, rows)
	var show func(i int) string
	var total int64
	var n int
	var err error
	unsigned := strings.Contains(c.Descriptor().LogicalType().String(), "isSigned=false")
	switch c := c.(type) {
	case *file.Int32ColumnChunkReader:
		v := make([]int32, rows)
		total, n, err = c.ReadBatch(int64(rows), v, levels, nil)
		show = func(i int) string {
			if unsigned {
				return strconv.FormatUint(uint64(uint32(v[i])), 10)
			}
			return strconv.Itoa(int(v[i]))
		}
	case *file.Int64ColumnChunkReader:
		v := make([]int64, rows)
		total, n, err = c.ReadBatch(int64(rows), v, levels, nil)
		show = func(i int) string { return strconv.FormatInt(v[i], 10) }
	case *file.ByteArrayColumnChunkReader:
		v := make([]parquet.ByteArray, rows)
		total, n, err = c.ReadBatch(int64(rows), v, levels, nil)
		show = func(i int) string { return string(v[i]) }
	}
	if err != nil || int(total) != rows {
		t.Fatalf("%s: %d of %d rows, %v", c.Descriptor().Name(), total, rows, err)
	}
	at := 0
	for i := range rows {
		if c.Descriptor().MaxDefinitionLevel() == 1 && levels[i] == 0 {
			out = append(out, "")
			continue
		}
		out = append(out, show(at))
		at++
	}
	if at != n {
		t.Fatalf("%s: %d values, %d levels", c.Descriptor().Name(), n, at)
	}
	return out
}

func eth(typ uint16, b []byte) []byte {
	h := []byte{2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa}
	return append(binary.BigEndian.AppendUint16(h, typ), b...)
}

func itoa(n int) string { return strconv.Itoa(n) }

// udp is an IPv4 datagram from 10.0.0.1 to 10.0.0.2 with so many bytes of payload: 1, 2, 3, ...
func udp(n int) []byte {
	b := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0xc3, 0x50, 0, 53, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(28+n))
	binary.BigEndian.PutUint16(b[24:], uint16(8+n))
	for i := range n {
		b = append(b, byte(i+1))
	}
	return b
}

// TestRows: every column of a few frames that between them have all of them.
func TestRows(t *testing.T) {
	day := time.Date(2026, 3, 9, 23, 59, 59, 999999999, time.UTC).UnixNano()
	tcp := []byte{0x45, 0, 0, 42, 0, 1, 0, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 0, 80,
		0, 0, 0, 7, 0, 0, 0, 9, 0x51, 0x12, 0x02, 0, 0, 0, 0, 0, 'h', 'i'}
	arp := []byte{0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 7, 2, 0, 0, 0, 0, 2, 10, 0, 0, 8}
	ping := []byte{0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 128, 0, 0, 0, 0, 1, 0, 2}
	frames := []packet.Frame{
		{Data: eth(0x8100, append([]byte{0, 5, 8, 0}, tcp...)), Wire: 100, TS: day, Link: packet.LinkEthernet, Type: packet.TypeOutgoing},
		{Data: eth(0x0806, arp), TS: day + 1, Link: packet.LinkEthernet, Iface: 1, Type: packet.TypeHost},
		{Data: ping, TS: -1, Link: packet.LinkRaw, Iface: 2},
		{Data: eth(0x0800, []byte{0x45}), TS: 0, Link: packet.LinkEthernet, Type: packet.TypeOtherHost},
		{Data: eth(0x0800, udp(3)), TS: 1, Link: packet.LinkEthernet},
	}
	own := func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.2") }
	got := read(t, stored(t, &Options{Interface: func(n uint32) string { return []string{"eth0", "eth1", ""}[n] }, Payload: 2, Own: own}, func(write func(*packet.Frame)) {
		for i := range frames {
			write(&frames[i])
		}
	}))
	for name, want := range (table{
		"timestamp":     {strconv.FormatInt(day, 10), strconv.FormatInt(day+1, 10), "-1", "0", "1"},
		"interface":     {"eth0", "eth1", "", "eth0", "eth0"},
		"direction":     {"Local", "Down", "Down", "Forwarded", "Down"},
		"link_type":     {"1", "1", "101", "1", "1"},
		"packet_size":   {"100", "42", "48", "15", "45"},
		"captured_size": {"60", "42", "48", "15", "45"},
		"src_mac":       {"02:00:00:00:00:0a", "02:00:00:00:00:0a", "", "02:00:00:00:00:0a", "02:00:00:00:00:0a"},
		"dst_mac":       {"02:00:00:00:00:0b", "02:00:00:00:00:0b", "", "02:00:00:00:00:0b", "02:00:00:00:00:0b"},
		"ethertype":     {"2048", "2054", "", "2048", "2048"},
		"vlan_id":       {"5", "", "", "", ""},
		"ip_version":    {"4", "", "6", "", "4"},
		"src_ip":        {"10.0.0.1", "10.0.0.7", "fe80::1", "", "10.0.0.1"},
		"dst_ip":        {"10.0.0.2", "10.0.0.8", "ff02::2", "", "10.0.0.2"},
		"protocol":      {"TCP", "ARP", "IPv6-ICMP", "", "UDP"},
		"ip_proto":      {"6", "", "58", "", "17"},
		"ttl":           {"63", "", "255", "", "64"},
		"src_port":      {"8080", "", "", "", "50000"},
		"dst_port":      {"80", "", "", "", "53"},
		"tcp_flags":     {"274", "", "", "", ""}, // AE, ACK, SYN
		"tcp_seq":       {"7", "", "", "", ""},
		"tcp_ack":       {"9", "", "", "", ""},
		"tcp_window":    {"512", "", "", "", ""},
		"icmp_type":     {"", "", "128", "", ""},
		"icmp_code":     {"", "", "0", "", ""},
		"arp_operation": {"", "2", "", "", ""},
		"payload_size":  {"2", "0", "0", "0", "3"},
		"payload":       {"hi", "", "", "", "\x01\x02"},
		"decode_error":  {"", "", "", "ipv4_bad_header", ""},
		"date":          {"20521", "20522", "-1", "0", "0"},
		"hour":          {"23", "0", "23", "0", "0"},
	}) {
		if fmt.Sprint(got[name]) != fmt.Sprint(want) {
			t.Errorf("%s: %q; want %q", name, got[name], want)
		}
	}
	if len(got) != len(Columns()) {
		t.Errorf("%d columns of %d", len(got), len(Columns()))
	}
}

// TestTShark: packets, payload and flags of every 5-tuple sum to what tshark says of the
// captures in testdata.
func TestTShark(t *testing.T) {
	sums, err := filepath.Glob("../testdata/*.tshark.tsv")
	if err != nil || len(sums) < 40 {
		t.Fatal(len(sums), err)
	}
	type tuple struct{ proto, src, sport, dst, dport string }
	for _, path := range sums {
		stem := strings.TrimSuffix(path, ".tshark.tsv")
		decap := packet.DecapNone
		if s, inner := strings.CutSuffix(stem, ".inner"); inner {
			stem, decap = s, packet.DecapInner
		}
		captures, _ := filepath.Glob(stem + ".pcap*")
		if len(captures) != 1 {
			t.Fatalf("%s: captures %q", path, captures)
		}
		got := read(t, stored(t, &Options{Decap: decap}, func(write func(*packet.Frame)) { each(t, captures[0], write) }))
		seen := map[tuple][3]int64{}
		latest := map[tuple]tuple{} // of a tuple without ports: those of a later fragment
		for i, proto := range got["ip_proto"] {
			if proto == "" {
				continue
			}
			port := func(s string) string {
				if s == "" {
					return "0"
				}
				return s
			}
			k := tuple{proto, got["src_ip"][i], port(got["src_port"][i]), got["dst_ip"][i], port(got["dst_port"][i])}
			bare := tuple{proto: proto, src: k.src, dst: k.dst}
			if l, ok := latest[bare]; ok && got["src_port"][i] == "" {
				k = l
			}
			latest[bare] = k
			payload, _ := strconv.ParseInt(got["payload_size"][i], 10, 64)
			flags, _ := strconv.ParseInt(got["tcp_flags"][i], 10, 64)
			s := seen[k]
			seen[k] = [3]int64{s[0] + 1, s[1] + payload, s[2] | flags}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[2:] {
			c := strings.Split(line, "\t")
			n := make([]int64, len(c))
			for i := range c {
				n[i], _ = strconv.ParseInt(c[i], 10, 64)
			}
			ab, ba := seen[tuple{c[0], c[1], c[2], c[3], c[4]}], seen[tuple{c[0], c[3], c[4], c[1], c[2]}]
			if ab != [3]int64{n[5], n[9], n[11]} || ba != [3]int64{n[6], n[10], n[12]} && (c[1] != c[3] || c[2] != c[4]) {
				t.Errorf("%s: %s: %v and %v", filepath.Base(path), line, ab, ba)
			}
		}
	}
}

// TestGroups: row groups end by rows, and by bytes of payload; addresses have bloom filters;
// statistics tell the span of time.
func TestGroups(t *testing.T) {
	many := func(n, size int) func(func(*packet.Frame)) {
		data := eth(0x0800, udp(size))
		return func(write func(*packet.Frame)) {
			for i := range n {
				write(&packet.Frame{Data: data, TS: int64(i), Link: packet.LinkEthernet})
			}
		}
	}
	for _, c := range []struct {
		o          Options
		n, size    int
		least, max int64 // rows of groups, but of the last
	}{
		{Options{RowGroup: 1000}, 4500, 0, 1000, 1000},
		{Options{}, 110_000, 0, 50_000, 50_000},
		{Options{Payload: 65535, Compression: "none"}, 3000, 60_000, 1119, 1119}, // 64 MiB
	} {
		data := stored(t, &c.o, many(c.n, c.size))
		r, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for i := range r.NumRowGroups() {
			g := r.RowGroup(i).MetaData()
			total += g.NumRows()
			if last := i == r.NumRowGroups()-1; !last && g.NumRows() < c.least || g.NumRows() > c.max {
				t.Errorf("%+v: a group of %d rows", c.o, g.NumRows())
			}
			for k, col := range columns {
				m, err := g.ColumnChunk(k)
				if err != nil {
					t.Fatal(err)
				}
				if bloom := m.BloomFilterOffset() > 0; bloom != slices.Contains(sought, col.Name) {
					t.Errorf("%s: bloom filter %t", col.Name, bloom)
				}
				if slices.Contains(sought, col.Name) {
					f, err := r.GetBloomFilterReader().RowGroup(i)
					if err != nil {
						t.Fatal(err)
					}
					b, err := f.GetColumnBloomFilter(k)
					if err != nil {
						t.Fatal(err)
					}
					filter := metadata.TypedBloomFilter[parquet.ByteArray]{BloomFilter: b}
					if !filter.Check(parquet.ByteArray("10.0.0."+itoa(1+strings.Index("sd", col.Name[:1])))) || filter.Check(parquet.ByteArray("10.9.8.7")) {
						t.Errorf("%s: wrong bloom filter", col.Name)
					}
					if n := b.Size(); n > 64 { // of one address
						t.Errorf("%s: a bloom filter of %d bytes", col.Name, n)
					}
				}
				stats, err := m.Statistics()
				if col.Name == "timestamp" && (err != nil || !stats.HasMinMax() || int64(binary.LittleEndian.Uint64(stats.EncodeMin())) != total-g.NumRows()) {
					t.Errorf("statistics of the time: %v", err)
				}
			}
		}
		if total != int64(c.n) {
			t.Errorf("%+v: %d rows of %d", c.o, total, c.n)
		}
	}
}

// TestSame: the same frames give the same bytes.
func TestSame(t *testing.T) {
	give := func(write func(*packet.Frame)) {
		for range 50 {
			each(t, "../testdata/two_interfaces.pcapng", write)
			each(t, "../testdata/trace.pcap", write)
		}
	}
	for _, codec := range []string{"", "snappy", "gzip", "none"} {
		o := &Options{Compression: codec, RowGroup: 700, Payload: 10}
		a, b := stored(t, o, give), stored(t, o, give)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two files differ", codec)
		}
		if len(read(t, a)["hour"]) < 500 {
			t.Errorf("%d rows", len(read(t, a)["hour"]))
		}
	}
	if got := read(t, stored(t, nil, func(func(*packet.Frame)) {})); len(got["hour"]) != 0 {
		t.Error("rows of nothing")
	}
}

// full is a writer that takes so many bytes.
type full int

var errFull = errors.New("full")

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestErrors: of the writer below at any place, and of options. Nothing hangs, no goroutine
// stays.
func TestErrors(t *testing.T) {
	data := eth(0x0800, udp(100))
	before := runtime.NumGoroutine()
	whole := len(stored(t, &Options{RowGroup: 5000}, func(write func(*packet.Frame)) {
		for i := range 20_000 {
			write(&packet.Frame{Data: data, TS: int64(i) * 1e6, Link: packet.LinkEthernet})
		}
	}))
	for _, room := range []int{0, 3, whole / 3, whole / 2, whole - 100, whole - 1} {
		below := full(room)
		w, err := NewWriter(&below, &Options{RowGroup: 5000})
		if err != nil {
			if !errors.Is(err, errFull) {
				t.Errorf("%d bytes: %v", room, err)
			}
			continue
		}
		for i := 0; i < 20_000 && err == nil; i++ {
			err = w.Write(&packet.Frame{Data: data, TS: int64(i) * 1e6, Link: packet.LinkEthernet})
		}
		if again := w.Close(); !errors.Is(again, errFull) || err != nil && !errors.Is(err, errFull) {
			t.Errorf("%d bytes: %v, close: %v", room, err, again)
		}
		if err := w.Flush(); !errors.Is(err, errFull) {
			t.Errorf("%d bytes: flush: %v", room, err)
		}
	}
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
	for _, o := range []*Options{{Compression: "lzo"}, {Payload: -1}, {RowGroup: -1}} {
		if _, err := NewWriter(io.Discard, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestNoAllocations: nothing is allocated for a packet.
func TestNoAllocations(t *testing.T) {
	w, err := NewWriter(io.Discard, &Options{Interface: func(uint32) string { return "eth0" }, Payload: 16})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	f := &packet.Frame{Data: eth(0x0800, udp(100)), Link: packet.LinkEthernet}
	for range 2*defaultGroup + 10 { // both groups have all the room they need
		w.Write(f)
	}
	for len(w.free) == 0 { // the encoder allocates
		time.Sleep(time.Millisecond)
	}
	if n := allocs.PerRun(t, 1000, func() { w.Write(f) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// FuzzWrite: whatever the frames are, the file holds a row of each.
func FuzzWrite(f *testing.F) {
	f.Add(uint16(1), eth(0x0800, udp(5)), uint8(3), int64(1e18), uint8(2))
	f.Add(uint16(113), make([]byte, 40), uint8(0), int64(-1), uint8(0))
	f.Fuzz(func(t *testing.T, link uint16, data []byte, n uint8, ts int64, payload uint8) {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		frames := 0
		got := read(t, stored(t, &Options{Payload: int(payload), Decap: packet.Decap(n & 1)}, func(write func(*packet.Frame)) {
			for range int(n) + 1 {
				d := bytes.Clone(data)
				if len(d) > 0 {
					d[r.IntN(len(d))] ^= byte(r.Uint32())
				}
				write(&packet.Frame{Data: d, Link: link, TS: ts, Type: packet.Type(r.IntN(6))})
				frames++
			}
		}))
		for name, v := range got {
			if len(v) != frames {
				t.Fatalf("%s: %d values of %d", name, len(v), frames)
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	var frames []packet.Frame
	each(b, "../testdata/trace.pcap", func(f *packet.Frame) {
		g := *f
		g.Data, g.Block = bytes.Clone(f.Data), nil
		frames = append(frames, g)
	})
	w, err := NewWriter(io.Discard, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := w.Write(&frames[i%len(frames)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
