package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/filter"
	"pinyon/internal/allocs"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/pcap"
)

const epoch = int64(1700000000_123456789)

// datagram is a UDP datagram to a port, with a number in its payload.
func datagram(port uint16, n int) []byte {
	a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("10.0.0.2"), Port: port, TTL: 64}
	return (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: binary.BigEndian.AppendUint64(nil, uint64(n))}).Append(nil)
}

// numberOf is the number in a datagram.
func numberOf(data []byte) int { return int(binary.BigEndian.Uint64(data[len(data)-8:])) }

// file writes n datagrams, numbered from 1, a microsecond and a nanosecond apart; those of
// even numbers go to port 53, the others to port 80.
func file(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "n.pcap")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pw := pcap.NewWriter(w, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true, Snaplen: 65535})
	for i := 1; i <= n; i++ {
		d := datagram([]uint16{53, 80}[i%2], i)
		if err := pw.Write(&packet.Frame{Data: d, Wire: uint32(len(d)) + 100, TS: epoch + int64(i)*1001, Link: packet.LinkEthernet}); err != nil {
			t.Fatal(err)
		}
	}
	if err := pw.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openFile(t testing.TB, path string, opts ...Option) *Offline {
	t.Helper()
	f, err := OpenOffline(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// collect is a handler that notes the numbers of datagrams.
func collect(got *[]int) Handler {
	return func(p *Packet) error { *got = append(*got, numberOf(p.Data)); return nil }
}

// TestFileCounts: what Dispatch and Loop give for each kind of count.
func TestFileCounts(t *testing.T) {
	path := file(t, 10)
	ctx := context.Background()
	dispatch := func(f *Offline, cnt int, h Handler) (int, error) { return f.Dispatch(cnt, h) }
	loop := func(f *Offline, cnt int, h Handler) (int, error) { return f.Loop(ctx, cnt, h) }
	for _, c := range []struct {
		name string
		call func(*Offline, int, Handler) (int, error)
		cnt  int
		want []int // of successive calls
		errs []error
	}{
		{"dispatch", dispatch, 4, []int{4, 4, 2, 0}, []error{nil, nil, io.EOF, io.EOF}},
		{"dispatch", dispatch, 5, []int{5, 5, 0}, []error{nil, nil, io.EOF}},
		{"dispatch", dispatch, Buffer, []int{10, 0}, []error{io.EOF, io.EOF}},
		{"dispatch", dispatch, All, []int{10, 0}, []error{io.EOF, io.EOF}},
		{"loop", loop, 4, []int{4, 4, 2, 0}, []error{nil, nil, io.EOF, io.EOF}},
		{"loop", loop, 0, []int{10, 0}, []error{io.EOF, io.EOF}},
		{"loop", loop, -1, []int{10, 0}, []error{io.EOF, io.EOF}},
	} {
		f := openFile(t, path)
		var got []int
		for i, want := range c.want {
			if n, err := c.call(f, c.cnt, collect(&got)); n != want || err != c.errs[i] {
				t.Errorf("%s(%d), call %d: %d, %v; want %d, %v", c.name, c.cnt, i, n, err, want, c.errs[i])
			}
		}
		for i, n := range got {
			if n != i+1 {
				t.Errorf("%s(%d): packets %v", c.name, c.cnt, got)
				break
			}
		}
		if len(got) != 10 {
			t.Errorf("%s(%d): %d packets", c.name, c.cnt, len(got))
		}
	}
	f := openFile(t, path)
	if n, err := f.Dispatch(-2, collect(new([]int))); n != 0 || err == nil {
		t.Errorf("dispatch(-2): %d, %v", n, err)
	}
}

// TestHandlerEnds: an error of the handler, ErrStop or any, ends the call after the packet,
// and the feed goes on behind it.
func TestHandlerEnds(t *testing.T) {
	f := openFile(t, file(t, 10))
	own := errors.New("own")
	for i, want := range []error{ErrStop, own, fmt.Errorf("wrapped: %w", ErrStop)} {
		stop := func(*Packet) error { return want }
		call := func() (int, error) { return f.Dispatch(All, stop) }
		if i > 0 {
			call = func() (int, error) { return f.Loop(context.Background(), 0, stop) }
		}
		if n, err := call(); n != 1 || err != want {
			t.Errorf("%d, %v; want 1, %v", n, err, want)
		}
	}
	if p, err := f.Next(context.Background()); err != nil || numberOf(p.Data) != 4 {
		t.Errorf("%d, %v; want packet 4", numberOf(p.Data), err)
	}
}

// TestContextEnds: Loop and Next end with their context.
func TestContextEnds(t *testing.T) {
	f := openFile(t, file(t, 10))
	ctx, cancel := context.WithCancel(context.Background())
	n, err := f.Loop(ctx, 0, func(p *Packet) error {
		if numberOf(p.Data) == 3 {
			cancel()
		}
		return nil
	})
	if n != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v; want 3, canceled", n, err)
	}
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("next: %v", err)
	}
	if p, err := f.Next(context.Background()); err != nil || numberOf(p.Data) != 4 {
		t.Errorf("%v", err)
	}
}

// TestErrorsDiffer: who is told one of them is told no other.
func TestErrorsDiffer(t *testing.T) {
	all := []error{io.EOF, ErrTimeout, ErrWouldBlock, ErrStop, ErrUnsupported, ErrClosed, ErrFrameSize}
	for i, a := range all {
		for j, b := range all {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("%v is %v", a, b)
			}
		}
	}
}

// TestNext: time, lengths, number and bytes of packets.
func TestNext(t *testing.T) {
	f := openFile(t, file(t, 3))
	for i := 1; i <= 3; i++ {
		p, err := f.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want := datagram([]uint16{53, 80}[i%2], i)
		ts := epoch + int64(i)*1001
		sec, usec := p.Timeval()
		if !bytes.Equal(p.Data, want) || p.Length() != len(want)+100 || p.Number != uint64(i) {
			t.Errorf("packet %d: number %d, % x, length %d", i, p.Number, p.Data, p.Length())
		}
		if p.TS != ts || !p.Time().Equal(time.Unix(0, ts)) || sec != ts/1e9 || usec != ts%1e9/1000 {
			t.Errorf("packet %d: %v, %d s %d µs; want %d", i, p.Time(), sec, usec, ts)
		}
		if d, ok := p.Decoded(); !ok || d.DstPort != []uint16{53, 80}[i%2] || d.Proto != packet.ProtoUDP {
			t.Errorf("packet %d: decoded %t, port %d", i, ok, d.DstPort)
		}
	}
	for range 3 {
		if _, err := f.Next(context.Background()); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
	}
}

// TestPackets: the iterator gives every packet and no io.EOF, and can be left and taken up.
func TestPackets(t *testing.T) {
	f := openFile(t, file(t, 10))
	n := 0
	for p, err := range f.Packets() {
		if n++; err != nil || numberOf(p.Data) != n {
			t.Fatalf("packet %d: %v", n, err)
		}
		if n == 4 {
			break
		}
	}
	for p, err := range f.Packets() {
		if n++; err != nil || numberOf(p.Data) != n {
			t.Fatalf("packet %d: %v", n, err)
		}
	}
	if n != 10 {
		t.Errorf("%d packets", n)
	}
	// A file cut short ends with an error, once.
	whole, err := os.ReadFile(file(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.pcap")
	if err := os.WriteFile(path, whole[:len(whole)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for p, err := range openFile(t, path).Packets() {
		if err == nil {
			good++
		} else if bad++; p != nil || !errors.Is(err, pcap.ErrTruncated) {
			t.Errorf("%v, %v", p, err)
		}
	}
	if good != 2 || bad != 1 {
		t.Errorf("%d packets, %d errors", good, bad)
	}
}

// TestReadBatch: the copies outlive the feed.
func TestReadBatch(t *testing.T) {
	f := openFile(t, file(t, 3000), Interpret())
	all, err := f.ReadBatch()
	if err != nil || len(all) != 3000 {
		t.Fatalf("%d packets, %v", len(all), err)
	}
	if more, err := f.ReadBatch(); len(more) != 0 || err != io.EOF {
		t.Errorf("%d packets, %v", len(more), err)
	}
	f.Close()
	for i := range all {
		d, ok := all[i].Decoded()
		if numberOf(all[i].Data) != i+1 || all[i].Block != nil || !ok || numberOf(d.Payload) != i+1 {
			t.Fatalf("packet %d: %x, %t", i+1, all[i].Data, ok)
		}
		if cap(all[i].Data) != len(all[i].Data) {
			t.Fatal("appending to one copy writes into the next")
		}
	}
}

// TestInterpret: with it packets come decoded.
func TestInterpret(t *testing.T) {
	for _, interpret := range []bool{false, true} {
		f := openFile(t, file(t, 1))
		f.interpret = interpret
		if _, err := f.Dispatch(1, func(p *Packet) error {
			if was := p.IsDecoded(); was != interpret {
				t.Errorf("decoded %t; want %t", was, interpret)
			}
			if d, ok := p.Decoded(); !ok || d.SrcPort != 4000 {
				t.Error("not decoded")
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestFileFilter: the filter chooses, may be changed within a file, and stays when the new
// one is refused.
func TestFileFilter(t *testing.T) {
	f := openFile(t, file(t, 10), With(capture.Options{Filter: "port 53"}))
	var got []int
	if n, err := f.Dispatch(2, collect(&got)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	var bad *filter.Error
	if err := f.Filter("port port"); !errors.As(err, &bad) || bad.Offset != 9 || f.FilterExpr() != "port 53" {
		t.Errorf("%v, filter %q", err, f.FilterExpr())
	}
	if err := f.Filter("inbound"); !errors.Is(err, filter.ErrMode) {
		t.Errorf("inbound: %v", err)
	}
	if n, err := f.Dispatch(1, collect(&got)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := f.Filter("port 80", NoOptimize); err != nil || f.FilterExpr() != "port 80" {
		t.Fatal(err)
	}
	if n, err := f.Dispatch(1, collect(&got)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := f.Filter(""); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Dispatch(All, collect(&got)); n != 3 || err != io.EOF {
		t.Error(n, err)
	}
	if want := "[2 4 6 7 8 9 10]"; fmt.Sprint(got) != want {
		t.Errorf("packets %v; want %s", got, want)
	}
	if _, err := OpenOffline(f.Name(), With(capture.Options{Filter: "tcp port ("})); !errors.As(err, &bad) {
		t.Errorf("%v", err)
	}
}

// TestFilterPerLink: in a file of several link types each has its program, and one that the
// filter has no meaning for ends reading with an error.
func TestFilterPerLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.pcapng")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	ng := pcap.NewNGWriter(w, pcap.NGOptions{})
	for _, link := range []uint16{packet.LinkEthernet, packet.LinkRaw} {
		if _, err := ng.AddInterface(pcap.InterfaceOptions{Link: link, Snaplen: 1000}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= 8; i++ {
		d := datagram([]uint16{53, 80}[i%2], i)
		fr := packet.Frame{Data: d, Wire: uint32(len(d)), TS: epoch, Link: packet.LinkEthernet}
		if i > 4 {
			fr = packet.Frame{Data: d[14:], Wire: uint32(len(d) - 14), TS: epoch, Link: packet.LinkRaw, Iface: 1}
		}
		if err := ng.Write(&fr); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ng.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path)
	if f.LinkType() != packet.LinkEthernet || f.Snaplen() != 1000 || f.Resolution() != pcap.Nanoseconds {
		t.Errorf("%v, %d, %v", f.LinkType(), f.Snaplen(), f.Resolution())
	}
	var got []int
	if err := f.Filter("port 53"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Loop(context.Background(), 0, collect(&got)); err != io.EOF || fmt.Sprint(got) != "[2 4 6 8]" {
		t.Errorf("%v, %v", got, err)
	}
	f = openFile(t, path)
	if err := f.Filter("ether src 02:00:00:00:00:01"); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Dispatch(All, collect(&got)); n != 4 || !errors.Is(err, filter.ErrLinkType) {
		t.Errorf("%d, %v; want 4 and a filter that has no meaning", n, err)
	}
}

// TestOffline: what a file says of itself, and what it cannot do.
func TestOffline(t *testing.T) {
	path := file(t, 1)
	f := openFile(t, path)
	if f.Name() != path || f.LinkType() != packet.LinkEthernet || f.HeaderLen() != 14 || f.Snaplen() != 65535 || f.Resolution() != pcap.Nanoseconds || f.FilterExpr() != "" || f.FD() < 3 {
		t.Errorf("%s %v %d %d %v %q %d", f.Name(), f.LinkType(), f.HeaderLen(), f.Snaplen(), f.Resolution(), f.FilterExpr(), f.FD())
	}
	for what, err := range map[string]error{"inject": f.Inject(make([]byte, 60)), "direction": f.SetDirection(In), "nonblock": f.SetNonblock(true)} {
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := errors.Join(f.SetDirection(InOut), f.SetNonblock(false)); err != nil || f.Nonblock() {
		t.Error(err)
	}
	if err := errors.Join(f.Close(), f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if _, err := f.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("next after close: %v", err)
	}
	if n, err := f.Dispatch(All, collect(new([]int))); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("dispatch after close: %v", err)
	}
	if err := f.Filter("ip"); !errors.Is(err, ErrClosed) || f.FD() != -1 {
		t.Errorf("after close: %v, descriptor %d", err, f.FD())
	}
}

// TestOpen: a file comes before a device of the same name, and a prefix decides.
func TestOpen(t *testing.T) {
	whole, err := os.ReadFile(file(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("lo", whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lo", "file:lo"} {
		f, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.(*Offline); !ok || f.Name() != "lo" {
			t.Errorf("%s is a %T of %s", name, f, f.Name())
		}
		f.Close()
	}
	if f, err := Open("file:nothing"); f != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, %v", f, err)
	}
	// No such file, so a device is meant; there is none either.
	for _, name := range []string{"pinyon-nothing", "dev:pinyon-none"} {
		if f, err := Open(name); f != nil || !errors.Is(err, capture.ErrNotFound) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

// TestNoAllocations: nothing is allocated for a packet.
func TestNoAllocations(t *testing.T) {
	path := file(t, 20000)
	f := openFile(t, path, With(capture.Options{Filter: "udp"}), Interpret())
	n := 0
	h := func(p *Packet) error { n += len(p.Data); return nil }
	ctx := t.Context()
	for name, call := range map[string]func(){
		"dispatch": func() { f.Dispatch(5, h) },
		"loop":     func() { f.Loop(ctx, 5, h) },
		"next":     func() { f.Next(ctx) },
	} {
		if got := allocs.PerRun(t, 1000, call); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
	if n == 0 {
		t.Error("no packets")
	}
}

// TestForgotten: a feed that nobody refers to is closed and logged; one that was closed is not.
func TestForgotten(t *testing.T) {
	var log safeBuffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	path := file(t, 10)
	kept, err := OpenOffline(path)
	if err != nil {
		t.Fatal(err)
	}
	func() {
		f, err := OpenOffline(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Dispatch(1, func(*Packet) error { return nil })
		closed, err := OpenOffline(path)
		if err != nil {
			t.Fatal(err)
		}
		closed.Close()
	}()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(log.String(), "not closed"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not closed within 5 s")
		}
		runtime.GC()
	}
	runtime.GC()
	time.Sleep(50 * time.Millisecond)
	if n := strings.Count(log.String(), "not closed"); n != 1 || !strings.Contains(log.String(), path) {
		t.Errorf("log: %s", log.String())
	}
	if n, err := kept.Dispatch(All, func(*Packet) error { return nil }); n != 10 || err != io.EOF {
		t.Errorf("the feed that was kept: %d, %v", n, err)
	}
	kept.Close()
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }
