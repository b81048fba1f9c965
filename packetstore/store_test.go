package packetstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"pinyon/column"
	"pinyon/filter"
	"pinyon/packet"
	"pinyon/packetstore/expr"
)

// put writes a store to a file.
func put(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// random are frames of a few addresses, ports and protocols, that come in stretches, so that row
// groups differ.
func random(r *rand.Rand, n int, write func(*packet.Frame)) {
	ts := int64(1_700_000_000e9)
	host := byte(1)
	for i := range n {
		if i%40 == 0 {
			host = byte(r.IntN(250))
		}
		var data []byte
		switch r.IntN(6) {
		case 0: // ARP
			arp := []byte{0, 1, 8, 0, 6, 4, 0, byte(1 + r.IntN(2)), 2, 0, 0, 0, 0, 1, 10, 0, 0, host, 2, 0, 0, 0, 0, 2, 10, 0, 0, 8}
			data = eth(0x0806, arp)
		case 1: // TCP behind a tag
			tcp := make([]byte, 40)
			copy(tcp, udp(0)[:20])
			tcp[3], tcp[9], tcp[15], tcp[32], tcp[33] = 40, 6, host, 0x50, byte(r.Uint32())
			binary.BigEndian.PutUint16(tcp[20:], uint16(1000+r.IntN(5)))
			binary.BigEndian.PutUint16(tcp[22:], []uint16{80, 443, 22}[r.IntN(3)])
			data = eth(0x8100, append([]byte{0, byte(r.IntN(4)), 8, 0}, tcp...))
		case 2: // IPv6
			v6 := make([]byte, 48)
			v6[0], v6[5], v6[6], v6[7] = 0x60, 8, 58, 255
			copy(v6[8:], []byte{0x20, 1, 0xd, 0xb8, 0, byte(r.IntN(2)), 0, 0, 0, 0, 0, 0, 0, 0, 0, host})
			copy(v6[24:], []byte{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
			v6[40] = byte(128 + r.IntN(2))
			data = eth(0x86dd, v6)
		case 3:
			data = eth(0x0800, []byte{0x45, 0})
		default:
			data = eth(0x0800, udp(r.IntN(30)))
			data[29], data[33] = host, byte(r.IntN(3))
			binary.BigEndian.PutUint16(data[36:], []uint16{53, 123, 5353}[r.IntN(3)])
			if r.IntN(4) == 0 {
				copy(data, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
			}
		}
		ts += int64(r.IntN(1e6))
		write(&packet.Frame{Data: data, TS: ts, Wire: uint32(len(data) + r.IntN(2)*100), Link: packet.LinkEthernet, Iface: uint32(r.IntN(2))})
	}
}

// conditions are of each kind that there is.
var conditions = []string{
	"", "tcp", "udp", "arp", "ip6", "not ip", "icmp6", "host 10.0.0.1", "src host 10.0.0.7", "dst host 10.0.0.2", "net 10.0.0.0/24", "net 10.1.0.0/16",
	"src net 2001:db8::/48", "net 2001:db8:1::/48", "host 2001:db8::7", "port 53", "src port 1001", "dst port 443", "portrange 50-130", "tcp port 80 or 443",
	"udp port (53 or 123)", "vlan", "vlan 2", "not vlan 2", "less 60", "greater 120", "len = 42", "broadcast", "multicast", "ip multicast", "ip6 multicast",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn", "tcp[13] & 2 != 0", "tcp[tcpflags] & 0 = 0", "icmp6[icmp6type] = icmp6-echo", "proto 17", "ip proto udp",
	"ether proto 0x806", "ether host 02:00:00:00:00:0a", "ether dst ff:ff:ff:ff:ff:ff", "ether src 2-0-0-0-0-a",
	"packet_size > 100", "packet_size != 42", "protocol = udp", "protocol != UDP", "protocol in (tcp, arp)", "ttl is null", "ttl is not null",
	"src_ip = 10.0.0.3", "src_ip = 10.0.0.0/30", "dst_ip != 10.0.0.1", "interface = eth1", "interface contains th0", "decode_error is not null", "arp_operation = 2",
	"timestamp < 1700000000.5", "timestamp >= 2023-11-14T22:13:20.1Z", "timestamp = 2023-11-14", "date = 2023-11-14", "date < 2023-11-14", "hour = 22", "hour in (1-3, 22)",
	"tcp_flags & 18 = 2", "tcp_flags = tcp-syn", "link_type = 1", "payload_size = 0", "src_mac = 02:00:00:00:00:0A", "vlan_id in (1,3)", "direction = unknown",
	"src_port = 80 or dst_port = 80", "payload contains x", "src or dst port 443", "src and dst net 10.0.0.0/8",
}

// anyCondition joins a few.
func anyCondition(r *rand.Rand, depth int) string {
	one := conditions[1+r.IntN(len(conditions)-1)]
	if depth == 0 || r.IntN(3) == 0 {
		return one
	}
	switch r.IntN(4) {
	case 0:
		return "not (" + anyCondition(r, depth-1) + ")"
	case 1:
		return "(" + anyCondition(r, depth-1) + ") or (" + anyCondition(r, depth-1) + ")"
	}
	return "(" + anyCondition(r, depth-1) + ") and (" + anyCondition(r, depth-1) + ")"
}

// holds is a model of what a condition means for row i.
func holds(n *expr.Node, all table, i int) bool {
	switch n.Kind {
	case expr.Always:
		return true
	case expr.And:
		return !slices.ContainsFunc(n.Args, func(a *expr.Node) bool { return !holds(a, all, i) })
	case expr.Or:
		return slices.ContainsFunc(n.Args, func(a *expr.Node) bool { return holds(a, all, i) })
	case expr.Not:
		return !holds(n.Args[0], all, i)
	}
	text := all[n.Column][i]
	switch n.Kind {
	case expr.Absent:
		return text == ""
	case expr.Is:
		return text != "" && n.Match.Holds([]byte(text))
	}
	v, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n.Holds(v)
}

// TestFilter: whatever the condition, the rows are those for which it holds, however many row
// groups are passed over, and in whichever of several files.
func TestFilter(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	var all table
	for f := range 3 {
		data := stored(t, &Options{RowGroup: 50 + 30*f, Payload: 4, Interface: func(n uint32) string { return "eth" + itoa(int(n)) }}, func(write func(*packet.Frame)) { random(r, 400, write) })
		put(t, filepath.Join(dir, fmt.Sprintf("p%d.parquet", f)), data)
		part := read(t, data)
		if all == nil {
			all = part
			continue
		}
		for name := range part {
			all[name] = append(all[name], part[name]...)
		}
	}
	s, err := Open(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	list := slices.Clone(conditions)
	for range 60 {
		list = append(list, anyCondition(r, 3))
	}
	some := 0
	names := []string{"timestamp", "src_ip", "packet_size", "vlan_id", "interface"}
	for _, text := range list {
		where, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var want, got []string
		for i := range all["hour"] {
			if holds(where, all, i) {
				want = append(want, strings.Join([]string{all["timestamp"][i], all["src_ip"][i], all["packet_size"][i], all["vlan_id"][i], all["interface"][i]}, " "))
			}
		}
		for b, err := range s.Filter(context.Background(), where, names...) {
			if err != nil {
				t.Fatal(text, err)
			}
			if err := b.Check(); err != nil {
				t.Fatal(text, err)
			}
			for i := range b.Rows {
				got = append(got, cellsOf(b, i))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d rows; want %d", text, len(got), len(want))
		}
		if len(want) > 0 && len(want) < len(all["hour"]) {
			some++
		}
		groups, err := s.Group(context.Background(), "src_ip", where)
		if err != nil {
			t.Fatal(err)
		}
		sum := uint64(0)
		for _, g := range groups.Groups {
			sum += g.Packets
		}
		if sum != uint64(len(want)) {
			t.Errorf("%s: groups of %d packets; want %d", text, sum, len(want))
		}
	}
	if some < len(list)/2 {
		t.Errorf("only %d conditions tell rows apart", some)
	}
}

// cellsOf is a row as text.
func cellsOf(b *column.Batch, i int) string {
	var cells []string
	for k := range b.Cols {
		c := &b.Cols[k]
		switch {
		case !c.IsValid(i):
			cells = append(cells, "")
		case c.Offsets != nil:
			cells = append(cells, string(c.Text(i)))
		default:
			cells = append(cells, strconv.FormatInt(c.Ints[i], 10))
		}
	}
	return strings.Join(cells, " ")
}

// TestWords: the words of the capture filter choose the frames that the capture filter chooses, of
// captures without tags and tunnels.
func TestWords(t *testing.T) {
	for _, path := range []string{"../testdata/trace.pcap", "../testdata/two_interfaces.pcapng"} {
		data := stored(t, &Options{RowGroup: 100}, func(write func(*packet.Frame)) { each(t, path, write) })
		s, err := Open(nil, put(t, filepath.Join(t.TempDir(), "x.parquet"), data))
		if err != nil {
			t.Fatal(err)
		}
		chosen := 0
		for _, text := range []string{
			"tcp", "udp", "arp", "ip", "ip6", "not ip", "icmp", "icmp6", "tcp port 80 or tcp port 443", "port 53", "src port 53", "dst port 443", "portrange 1000-6000",
			"net 192.168.0.0/16", "src net 10.0.0.0/8", "dst net 10.0.0.0/8", "not net 10.0.0.0/8", "broadcast", "multicast", "not multicast", "ip multicast", "less 100", "greater 500",
			"tcp[tcpflags] & tcp-syn != 0", "tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)", "tcp[tcpflags] = tcp-ack", "udp and (port 53 or port 5353)",
			"icmp[icmptype] == icmp-echo", "ip proto 17", "proto 6", "ether proto 0x806", "tcp or udp and port 53", "len > 90", "host 10.0.0.1 or 10.0.0.2",
		} {
			set, err := filter.NewSet(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			var want []int64
			each(t, path, func(f *packet.Frame) {
				if ok, err := set.Match(f); err != nil {
					t.Fatal(err)
				} else if ok {
					want = append(want, f.TS)
				}
			})
			where, err := Compile(text)
			if err != nil {
				t.Fatal(text, err)
			}
			var got []int64
			for b, err := range s.Filter(context.Background(), where, "timestamp") {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b.Cols[0].Ints...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s: %d rows; the capture filter has %d frames", path, text, len(got), len(want))
			}
			chosen += len(got)
		}
		if chosen == 0 {
			t.Errorf("%s: no row", path)
		}
	}
}

// TestReadsLittle: of a file in which a host is in one row group of twelve, no more is read than the
// footer, bloom filters and that row group.
func TestReadsLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	data := stored(t, &Options{RowGroup: 4000}, func(write func(*packet.Frame)) {
		for i := range 48_000 {
			d := eth(0x0800, udp(20))
			copy(d[26:], []byte{10, byte(r.IntN(4)), byte(r.IntN(16)), byte(r.IntN(8))})
			if i == 12_345 {
				copy(d[26:], []byte{10, 2, 77, 7})
			}
			write(&packet.Frame{Data: d, TS: int64(i) * 1e6, Link: packet.LinkEthernet, Wire: uint32(len(d) + r.IntN(900))})
		}
	})
	path := put(t, filepath.Join(t.TempDir(), "x.parquet"), data)
	count := func(text string) (rows int, st ReadStats) {
		s, err := Open(nil, path)
		if err != nil {
			t.Fatal(err)
		}
		where, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range s.Filter(context.Background(), where) {
			if err != nil {
				t.Fatal(err)
			}
			rows += b.Rows
		}
		return rows, s.Stats()
	}
	_, full := count("")
	for _, c := range []struct {
		text   string
		rows   int
		groups uint64
	}{
		{"host 10.2.77.7", 1, 2}, // a bloom filter is wrong of one in a hundred
		{"net 10.9.0.0/16", 0, 0},
		{"timestamp < 1970-01-01T00:00:04Z", 4000, 1},
		{"arp or tcp", 0, 0},
		{"host 10.2.77.7 and udp port 53", 1, 2},
	} {
		rows, st := count(c.text)
		if rows != c.rows || st.Read > c.groups || st.Groups != 12 {
			t.Errorf("%s: %d rows, %d of %d row groups; want %d, %d", c.text, rows, st.Read, st.Groups, c.rows, c.groups)
		}
		if st.Bytes*3 > full.Bytes {
			t.Errorf("%s: %d bytes read, of all rows %d", c.text, st.Bytes, full.Bytes)
		}
	}
}

// TestFrames: frames come back as they were.
func TestFrames(t *testing.T) {
	var want []packet.Frame
	data := stored(t, &Options{RowGroup: 60, Frames: true, Interface: func(n uint32) string { return "if" + itoa(int(n)) }}, func(write func(*packet.Frame)) {
		each(t, "../testdata/two_interfaces.pcapng", func(f *packet.Frame) {
			g := *f
			g.Data = slices.Clone(f.Data)
			want = append(want, g)
			write(f)
		})
	})
	dir := t.TempDir()
	s, err := Open(nil, put(t, filepath.Join(dir, "x.parquet"), data))
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	err = s.Frames(context.Background(), nil, func(f *packet.Frame, device string) error {
		w := &want[i]
		if string(f.Data) != string(w.Data) || f.TS != w.TS || f.Wire != w.Wire || f.Link != w.Link || device != "if"+itoa(int(w.Iface)) {
			t.Errorf("frame %d: %+v on %s; want %+v", i, f, device, w)
		}
		i++
		return nil
	})
	if err != nil || i != len(want) || i == 0 {
		t.Errorf("%d frames of %d, %v", i, len(want), err)
	}
	bare, err := Open(nil, put(t, filepath.Join(dir, "bare.parquet"), stored(t, nil, func(write func(*packet.Frame)) { random(rand.New(rand.NewPCG(1, 1)), 3, write) })))
	if err != nil {
		t.Fatal(err)
	}
	if err := bare.Frames(context.Background(), nil, func(*packet.Frame, string) error { return nil }); !errors.Is(err, ErrNoFrames) {
		t.Errorf("without frames: %v", err)
	}
}

// TestFiles: what is wrong with a file is told, and the others are read.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	whole := stored(t, &Options{RowGroup: 100}, func(write func(*packet.Frame)) { random(rand.New(rand.NewPCG(5, 6)), 250, write) })
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{schema.NewInt64Node("x", parquet.Repetitions.Required, -1)}, -1)
	if err != nil {
		t.Fatal(err)
	}
	other := func(key, value string) []byte {
		var b strings.Builder
		w, err := file.NewParquetWriterWithError(nopCloser{&b}, root)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			w.AppendKeyValueMetadata(key, value)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return []byte(b.String())
	}
	hurt := slices.Clone(whole)
	for i := 100; i < len(hurt)/4; i += 7 {
		hurt[i] ^= 0x55
	}
	want := map[string]error{
		"a.parquet": nil, "begun.parquet": ErrUnfinished, "cut.parquet": ErrUnfinished, "empty.parquet": ErrUnfinished, "flows.parquet": ErrNotPackets,
		"later.parquet": ErrVersion, "odd.parquet": ErrNotPackets, "text.parquet": ErrNotPackets, "hurt.parquet": ErrDamaged, "footer.parquet": ErrDamaged,
	}
	for name, data := range map[string][]byte{
		"a.parquet": whole, "begun.parquet": []byte("PAR1"), "cut.parquet": whole[:len(whole)/2], "empty.parquet": nil, "flows.parquet": other("", ""),
		"later.parquet": other(versionKey, "7"), "odd.parquet": other(versionKey, "x"), "text.parquet": []byte("timestamp,packet_size\n"), "hurt.parquet": hurt,
		"footer.parquet": append(slices.Clone(whole[:len(whole)-40]), whole[len(whole)-8:]...), ".b.parquet.tmp-1-0123abcd": whole[:300], "notes.txt": nil,
	} {
		put(t, filepath.Join(dir, name), data)
	}
	got := map[string]error{}
	s, err := Open(&ReadOptions{Failed: func(err *FileError) bool { got[filepath.Base(err.Path)] = err.Err; return true }}, dir)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Summary(context.Background(), nil)
	if err != nil || sum.Packets < 250 {
		t.Errorf("%+v, %v", sum, err)
	}
	for name, err := range want {
		if !errors.Is(got[name], err) {
			t.Errorf("%s: %v; want %v", name, got[name], err)
		}
	}
	if len(s.Paths()) != len(want) || len(s.Unfinished()) != 1 {
		t.Errorf("%q, %q", s.Paths(), s.Unfinished())
	}
	strict, err := Open(nil, filepath.Join(dir, "cut.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	var fe *FileError
	if _, err := strict.Summary(context.Background(), nil); !errors.As(err, &fe) || !errors.Is(err, ErrUnfinished) {
		t.Errorf("%v", err)
	}
	if _, err := Open(nil, filepath.Join(dir, "none.parquet")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

type nopCloser struct{ io.Writer }

// TestOlderAndOthers: a file that lacks columns has no values in them, and one whose times are
// coarser is read as what it says.
func TestOlderAndOthers(t *testing.T) {
	stamp, err := schema.NewPrimitiveNodeLogical("timestamp", parquet.Repetitions.Required, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{stamp, schema.NewInt32Node("packet_size", parquet.Repetitions.Required, -1)}, -1)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w, err := file.NewParquetWriterWithError(nopCloser{&b}, root)
	if err != nil {
		t.Fatal(err)
	}
	g, err := w.AppendRowGroupChecked()
	if err != nil {
		t.Fatal(err)
	}
	times, err := g.NextColumn()
	if err == nil {
		_, err = times.(*file.Int64ColumnChunkWriter).WriteBatch([]int64{1_000_000, 2_000_000}, nil, nil)
	}
	if err = errors.Join(err, times.Close()); err != nil {
		t.Fatal(err)
	}
	sizes, err := g.NextColumn()
	if err == nil {
		_, err = sizes.(*file.Int32ColumnChunkWriter).WriteBatch([]int32{60, -1}, nil, nil)
	}
	if err = errors.Join(err, sizes.Close(), g.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(nil, put(t, filepath.Join(t.TempDir(), "x.parquet"), []byte(b.String())))
	if err != nil {
		t.Fatal(err)
	}
	where, err := Compile("timestamp = 2 and not tcp and src_ip is null")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range s.Filter(context.Background(), where) {
		if err != nil {
			t.Fatal(err)
		}
		n += b.Rows
		if got := b.Row(0); got.Int("timestamp") != 2e9 || got.Int("packet_size") != 1<<32-1 || got.Value("src_ip") != nil {
			t.Errorf("%v", got.Map())
		}
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestSummary: sums, protocols and addresses are those of the rows; the footer's bounds are those
// of the values.
func TestSummary(t *testing.T) {
	data := stored(t, &Options{RowGroup: 70}, func(write func(*packet.Frame)) { random(rand.New(rand.NewPCG(7, 8)), 500, write) })
	all := read(t, data)
	path := put(t, filepath.Join(t.TempDir(), "x.parquet"), data)
	s, err := Open(nil, path)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Summary(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	bytes, protocols, addresses := uint64(0), map[string]uint64{}, map[string]uint64{}
	for i, size := range all["packet_size"] {
		n, _ := strconv.ParseUint(size, 10, 64)
		bytes += n
		protocols[all["protocol"][i]]++
		if a := all["src_ip"][i]; a != "" {
			addresses[a]++
		}
		if a := all["dst_ip"][i]; a != "" && a != all["src_ip"][i] {
			addresses[a]++
		}
	}
	if sum.Packets != 500 || sum.Bytes != bytes || strconv.FormatInt(sum.First, 10) != all["timestamp"][0] || strconv.FormatInt(sum.Last, 10) != all["timestamp"][499] || sum.Files != 1 {
		t.Errorf("%+v", sum)
	}
	same := func(g *Grouping, want map[string]uint64) {
		n := 0
		for i, x := range g.Groups {
			if want[x.Value] != x.Packets {
				t.Errorf("%s: %q %d packets; want %d", g.Column.Name, x.Value, x.Packets, want[x.Value])
			}
			if i > 0 && x.Packets > g.Groups[i-1].Packets {
				t.Errorf("%s: out of order", g.Column.Name)
			}
			n++
		}
		if n != len(want) {
			t.Errorf("%s: %d groups; want %d", g.Column.Name, n, len(want))
		}
	}
	same(&sum.Protocols, protocols)
	same(&sum.Addresses, addresses)
	few, err := Open(&ReadOptions{MostGroups: 3}, path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := few.Group(context.Background(), "src_ip", nil)
	if err != nil {
		t.Fatal(err)
	}
	known := uint64(0)
	for _, x := range g.Groups {
		known += x.Packets
	}
	if len(g.Groups) > 4 || g.Others.Packets == 0 || known+g.Others.Packets != 500 {
		t.Errorf("%d groups, %d others", len(g.Groups), g.Others.Packets)
	}
	b := g.Batch()
	if err := b.Check(); err != nil || b.Schema.Index("src_ip_packet_count") != 1 || b.Schema.Index("first_src_ip_packet_time") < 0 {
		t.Errorf("%v", err)
	}
	columns, err := s.Columns(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		missing, least, most := uint64(0), "", ""
		for _, v := range all[c.Column.Name] {
			if v == "" {
				missing++
				continue
			}
			if least == "" || v < least {
				least = v
			}
			most = max(most, v)
		}
		if c.Rows != 500 || c.Missing != missing && c.Untold == 0 || c.Known && c.Column.isText() && (c.Least != least || c.Most != most) {
			t.Errorf("%s: %+v; want %d missing, %q to %q", c.Column.Name, c, missing, least, most)
		}
	}
}

// FuzzOpen: whatever the file holds, asking it ends with rows or an error.
func FuzzOpen(f *testing.F) {
	data := stored(f, &Options{RowGroup: 20, Frames: true}, func(write func(*packet.Frame)) { random(rand.New(rand.NewPCG(9, 9)), 50, write) })
	f.Add(uint16(10), byte(3), uint16(700), byte(9))
	f.Add(uint16(17299), byte(0xf0), uint16(17186), byte(1))   // more rows than there can be
	f.Add(uint16(17370), byte(0xd5), uint16(17345), byte('F')) // a page of fewer values than it says
	f.Add(uint16(len(data)-20), byte(255), uint16(len(data)-60), byte(1))
	f.Fuzz(func(t *testing.T, at uint16, x byte, at2 uint16, y byte) {
		d := slices.Clone(data)
		d[int(at)%len(d)] ^= x
		d[int(at2)%len(d)] ^= y
		s, err := Open(nil, put(t, filepath.Join(t.TempDir(), "x.parquet"), d))
		if err != nil {
			t.Fatal(err)
		}
		where, err := Compile("host 10.0.0.1 or port 53")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for b, err := range s.Filter(context.Background(), where) {
			if err == nil {
				n += b.Rows
			}
		}
		if _, err := s.Summary(context.Background(), nil); err == nil && n > 1<<20 {
			t.Fatal(n)
		}
		s.Frames(context.Background(), nil, func(*packet.Frame, string) error { return nil })
	})
}
