package listen

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pinyon/capture"
	"pinyon/column"
	"pinyon/filter"
	"pinyon/internal/allocs"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/source"
)

// numbered is a source of n datagrams with numbers from 0 on as their times, which does before
// each what between says.
type numbered struct {
	source.Tally
	n, at   int
	between func(at int)
	end     error
	closed  bool
}

var datagram = func() []byte {
	b := make([]byte, 60)
	b[12], b[13] = 8, 0
	copy(b[14:], []byte{0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0xc3, 0x50, 0, 53, 0, 26, 0, 0})
	return b
}()

func (s *numbered) Next(f *packet.Frame) error {
	if s.between != nil {
		s.between(s.at)
	}
	if s.at == s.n {
		return s.end
	}
	*f = packet.Frame{Data: datagram, TS: int64(s.at), Wire: 60, Link: packet.LinkEthernet}
	s.at++
	return nil
}

func (s *numbered) Close() error {
	s.closed = true
	return nil
}

// rest drains until the end.
func rest(t *testing.T, l *Listener) (rows []Row) {
	t.Helper()
	<-l.Done()
	for {
		table, err := l.Drain(context.Background())
		for r := range table.All() {
			rows = append(rows, *r)
		}
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestDrainers: of several callers each gets rows of its own, in order; none is missing, and no
// more wait than may.
func TestDrainers(t *testing.T) {
	const rows, most, callers = 60_000, 700, 4
	l, err := OpenSource(context.Background(), &numbered{n: rows, end: io.EOF}, &Options{MaxRows: most})
	if err != nil {
		t.Fatal(err)
	}
	seen := make([][]int64, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for {
				table, err := l.Drain(context.Background())
				if table.Len() > most {
					t.Errorf("%d rows", table.Len())
				}
				n := 0
				for r := range table.All() {
					seen[i] = append(seen[i], r.Timestamp())
					n++
				}
				if n != table.Len() {
					t.Errorf("%d rows of %d", n, table.Len())
				}
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	var got []int64
	for _, s := range seen {
		if !slices.IsSorted(s) {
			t.Error("rows of one caller are out of order")
		}
		got = append(got, s...)
	}
	slices.Sort(got)
	for i, ts := range got {
		if ts != int64(i) {
			t.Fatalf("row %d is %d", i, ts)
		}
	}
	st := l.Stats()
	if len(got) != rows || st.Rows != rows || st.Drained != rows || st.Dropped+st.Waiting != 0 || st.Source.Captured != 0 && st.Source.Captured != rows {
		t.Errorf("%d rows, %+v", len(got), st)
	}
}

// TestDropOldest: the rows that wait are the latest, and every other one is counted.
func TestDropOldest(t *testing.T) {
	for _, most := range []int{1, 63, 64, 65, 5000} {
		ready, more := make(chan struct{}), make(chan struct{})
		src := &numbered{n: 20_000, end: io.EOF, between: func(at int) {
			if at == 12_345 {
				close(ready)
				<-more
			}
		}}
		l, err := OpenSource(context.Background(), src, &Options{MaxRows: most, Full: DropOldest})
		if err != nil {
			t.Fatal(err)
		}
		<-ready
		if st := l.Stats(); st.Waiting != uint64(most) || st.Dropped != uint64(12_345-most) {
			t.Errorf("%d at most: %+v", most, st)
		}
		table, err := l.Drain(context.Background())
		if err != nil || table.Len() != most {
			t.Fatalf("%d rows, %v", table.Len(), err)
		}
		next := int64(12_345 - most)
		for r := range table.All() {
			if r.Timestamp() != next {
				t.Fatalf("%d at most: row %d; want %d", most, r.Timestamp(), next)
			}
			next++
		}
		if empty, err := l.Drain(context.Background()); err != nil || empty.Len() != 0 {
			t.Errorf("%d rows, %v", empty.Len(), err)
		}
		close(more)
		if rows := rest(t, l); rows[len(rows)-1].Timestamp() != 19_999 || len(rows) != min(most, 20_000-12_345) {
			t.Errorf("%d at most: %d rows at the end", most, len(rows))
		}
		if st := l.Stats(); st.Rows != 20_000 || st.Rows != st.Drained+st.Dropped {
			t.Errorf("%+v", st)
		}
	}
}

// TestEnds: what was collected before an end is handed out first; then the error says which end it
// was, again and again.
func TestEnds(t *testing.T) {
	wrong := errors.New("wrong")
	for name, c := range map[string]struct {
		end  error
		stop func(l *Listener, cancel func())
		want error
	}{
		"end":     {end: io.EOF, want: io.EOF},
		"failure": {end: wrong, want: wrong},
		"context": {stop: func(_ *Listener, cancel func()) { cancel() }, want: io.EOF},
		"close":   {stop: func(l *Listener, _ func()) { l.Close() }, want: io.EOF},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		src := &numbered{n: 10, end: c.end}
		ready := make(chan struct{})
		if c.stop != nil {
			once := sync.OnceFunc(func() { close(ready) })
			src.end = source.ErrTimeout
			src.between = func(at int) {
				if at == 10 {
					once()
				}
				runtime.Gosched()
			}
		}
		l, err := OpenSource(ctx, src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.stop != nil {
			<-ready
			if l.Err() != nil {
				t.Error(l.Err())
			}
			c.stop(l, cancel)
		}
		<-l.Done()
		table, err := l.Drain(context.Background())
		if err != nil || table.Len() != 10 {
			t.Errorf("%s: %d rows, %v", name, table.Len(), err)
		}
		for range 2 {
			if table, err := l.Drain(context.Background()); !errors.Is(err, c.want) || table.Len() != 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := l.Err(); (c.want == io.EOF) != (err == nil) || err != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if !src.closed {
			t.Errorf("%s: the source is open", name)
		}
		cancel()
	}
	// A reader that waits for room ends too.
	l, err := OpenSource(context.Background(), &numbered{n: 100, end: io.EOF}, &Options{MaxRows: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if rows := rest(t, l); len(rows) > 5 {
		t.Errorf("%d rows", len(rows))
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if table, err := l.Drain(done); !errors.Is(err, context.Canceled) || table == nil {
		t.Error(err)
	}
	if _, err := Open(context.Background(), "nosuchdevice0"); !errors.Is(err, capture.ErrNotFound) && !errors.Is(err, capture.ErrNotSupported) {
		t.Errorf("%v", err)
	}
	var fe *filter.Error
	if _, err := OpenFile(context.Background(), "../testdata/trace.pcap", nil, "port", "="); !errors.As(err, &fe) {
		t.Errorf("%v", err)
	}
	if _, err := OpenSource(context.Background(), &numbered{}, &Options{MaxRows: -1}); err == nil {
		t.Error("no error")
	}
}

// text is a value of a column as text; "" is absent.
func text(c *column.Column, i int) string {
	switch {
	case !c.IsValid(i):
		return ""
	case c.Offsets != nil:
		return string(c.Text(i))
	}
	return strconv.FormatInt(c.Ints[i], 10)
}

// TestColumns: the table's columns hold what rows of files hold in theirs, frame by frame, of
// every capture in testdata.
func TestColumns(t *testing.T) {
	paths, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(paths) < 20 {
		t.Fatal(len(paths), err)
	}
	as := map[string]string{"timestamp": "timestamp", "ethertype": "ethertype", "direction": "direction", "source_mac": "src_mac", "destination_mac": "dst_mac", "source_ip": "src_ip",
		"source_port": "src_port", "destination_ip": "dst_ip", "destination_port": "dst_port", "prot_type": "protocol", "operation": "arp_operation", "size": "packet_size",
		"protocol": "ip_proto", "vlan_id": "vlan_id", "captured": "captured_size"}
	total := 0
	for _, path := range paths {
		r, err := pcap.Open(path)
		if err != nil {
			continue
		}
		stored := filepath.Join(t.TempDir(), "x.parquet")
		if !store(t, r, stored) {
			continue
		}
		s, err := packetstore.Open(nil, stored)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{}
		for b, err := range s.Filter(context.Background(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			for k := range b.Cols {
				for i := range b.Rows {
					want[b.Schema.Fields[k].Out] = append(want[b.Schema.Fields[k].Out], text(&b.Cols[k], i))
				}
			}
		}
		l, err := OpenFile(context.Background(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-l.Done()
		table, err := l.Drain(context.Background())
		if err != nil && err != io.EOF {
			t.Fatal(path, err)
		}
		got := map[string][]string{}
		for b := range table.Batches(Plain) {
			if err := b.Check(); err != nil {
				t.Fatal(err)
			}
			for k := range b.Cols {
				for i := range b.Rows {
					got[b.Schema.Fields[k].Out] = append(got[b.Schema.Fields[k].Out], text(&b.Cols[k], i))
				}
			}
		}
		for name, of := range as {
			if !slices.Equal(got[name], want[of]) {
				t.Errorf("%s: column %s differs from %s", path, name, of)
			}
		}
		if table.Len() > 0 && len(got) != len(as) {
			t.Errorf("%d columns", len(got))
		}
		total += table.Len()
	}
	if total < 1000 {
		t.Errorf("%d rows", total)
	}
}

// TestSeed: twelve columns under the names of the source page, and directions in its words.
func TestSeed(t *testing.T) {
	var names []string
	for _, f := range Columns(Seed).Fields {
		names = append(names, f.Out)
	}
	if want := "Timestamp Ethertype Direction Source_mac Destination_mac Source_ip Source_port Destination_ip Destination_port Prot_type Operation Size"; strings.Join(names, " ") != want {
		t.Errorf("%q", names)
	}
	var table Table
	for _, d := range []packet.Direction{packet.Up, packet.Down, packet.Local, packet.Forwarded, packet.Unknown} {
		table.add(&Row{direction: d})
	}
	var got []string
	for b := range table.Batches(Seed) {
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			got = append(got, text(&b.Cols[2], i))
		}
	}
	if strings.Join(got, ",") != "Up,Down,,," {
		t.Errorf("%q", got)
	}
}

// TestNoAllocations: a row costs no allocation, and of a table one block at a time.
func TestNoAllocations(t *testing.T) {
	var d reader
	var r Row
	f := &packet.Frame{Data: datagram, Link: packet.LinkEthernet}
	if n := allocs.PerRun(t, 1000, func() { d.read(f, &r) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	var table Table
	for range 2 * blockRows {
		table.add(&r)
	}
	if n := allocs.PerRun(t, 1000, func() { table.add(&r) }); n > 0.01 {
		t.Errorf("%v allocations a row", n)
	}
}

// FuzzRead: whatever a frame holds, its row can be shown.
func FuzzRead(f *testing.F) {
	f.Add(uint16(1), datagram, uint8(0))
	f.Add(uint16(113), binary.BigEndian.AppendUint64(nil, 4), uint8(4))
	f.Fuzz(func(t *testing.T, link uint16, data []byte, typ uint8) {
		var d reader
		var table Table
		var r Row
		d.read(&packet.Frame{Data: data, Link: link, Type: packet.Type(typ % 6)}, &r)
		table.add(&r)
		for _, s := range []Style{Plain, Seed} {
			for b := range table.Batches(s) {
				if err := b.Check(); err != nil || b.Rows != 1 {
					t.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkAdd is what a packet costs.
func BenchmarkAdd(b *testing.B) {
	var d reader
	var r Row
	var table Table
	f := &packet.Frame{Data: datagram, Link: packet.LinkEthernet}
	b.ReportAllocs()
	for b.Loop() {
		d.read(f, &r)
		if table.rows >= 100_000 {
			table.drop()
		}
		table.add(&r)
	}
}
