package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pinyon/column"
	"pinyon/flow"
	"pinyon/internal/allocs"
	"pinyon/internal/gen"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/source"
)

// memory is a source of frames in memory that lends each from a block, as a ring would:
// a released block is overwritten, so a frame used too long shows.
type memory struct {
	source.Tally
	frames []packet.Frame
	i      int
	block  *packet.Block
	fail   error
}

func (m *memory) Next(f *packet.Frame) error {
	if m.block != nil {
		m.block.Release()
		m.block = nil
	}
	if m.i == len(m.frames) {
		if m.fail != nil {
			return m.fail
		}
		return io.EOF
	}
	*f = m.frames[m.i]
	m.i++
	m.block = &packet.Block{Buf: bytes.Clone(f.Data), Free: func(b *packet.Block) {
		for i := range b.Buf {
			b.Buf[i] = 0xee
		}
	}}
	m.block.Retain()
	f.Data, f.Block, f.Number = m.block.Buf, m.block, uint64(m.i)
	m.Count(f)
	return nil
}

func (m *memory) Close() error {
	if m.block != nil {
		m.block.Release()
		m.block = nil
	}
	return nil
}

func input(name string, frames []packet.Frame) Input {
	return Input{Name: name, Open: func() (source.Source, error) { return &memory{frames: frames}, nil }}
}

// traffic is n frames of TCP, UDP and ICMP between a few hosts, in mild disorder.
func traffic(seed uint64, n int) []packet.Frame {
	rng := rand.New(rand.NewPCG(seed, 7))
	at := int64(1_700_000_000e9)
	var fs []packet.Frame
	for range n {
		at += rng.Int64N(30e6)
		switch rng.IntN(500) {
		case 0:
			at += 65e9
		case 1:
			at -= 70e9
		}
		a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(40))}), Port: uint16(1024 + rng.IntN(20)), TTL: 64}
		b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.AddrFrom4([4]byte{10, 0, 1, byte(rng.IntN(3))}), Port: 443, TTL: 60}
		if rng.IntN(2) == 0 {
			a, b = b, a
		}
		payload := make([]byte, rng.IntN(300))
		for i := range payload {
			payload[i] = byte(rng.Uint32())
		}
		ip := gen.IP{Src: a, Dst: b}
		var data []byte
		if rng.IntN(3) == 0 {
			data = (&gen.UDP{IP: ip, Payload: payload}).Append(nil)
		} else {
			flags := []uint16{packet.SYN, packet.ACK, packet.ACK, packet.ACK, packet.FIN | packet.ACK, packet.RST}[rng.IntN(6)]
			data = (&gen.TCP{IP: ip, Flags: flags, Seq: rng.Uint32N(1000), Ack: rng.Uint32N(1000), Window: uint16(rng.Uint32()), Payload: payload}).Append(nil)
		}
		fs = append(fs, packet.Frame{Data: data, TS: at, Wire: uint32(len(data)), Link: 1})
	}
	return fs
}

func testOptions(t testing.TB, change func(*groups.Options, *Options)) *Options {
	t.Helper()
	x := &groups.Options{
		Addresses: true, Ports: true, FlowID: true, Trace: true, Sequences: true, SPLT: true, Nulls: true,
		BurstThreshold: 50e6, EntropyBytes: 256, ListLength: 10, ExactSamples: 1 << 22, SampleMemory: 1 << 30, Shards: Shards,
	}
	o := &Options{Flow: flow.Options{Timeout: 60e9, Terminate: true, CloseDelay: 5e9}, Rate: 1, Workers: 1}
	if change != nil {
		change(x, o)
	}
	p, err := groups.NewPlan(x)
	if err != nil {
		t.Fatal(err)
	}
	o.Plan = p
	return o
}

// digest is everything a batch holds.
func digest(w *bytes.Buffer, b *column.Batch) {
	fmt.Fprintf(w, "%d rows\n", b.Rows)
	for i := range b.Cols {
		c := &b.Cols[i]
		binary.Write(w, binary.LittleEndian, c.Ints)
		binary.Write(w, binary.LittleEndian, c.Floats)
		binary.Write(w, binary.LittleEndian, c.Dirs)
		binary.Write(w, binary.LittleEndian, c.Offsets)
		w.Write(c.Bits)
		w.Write(c.Bytes)
		w.Write(c.Valid)
	}
}

// run goes over the batches of a run; an error of emit ends it.
func run(ctx context.Context, ins []Input, o *Options, emit func(*column.Batch) error) (*Run, error) {
	r := New(o)
	for b, err := range r.Batches(ctx, ins) {
		if err == nil {
			err = emit(b)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func output(t testing.TB, ins []Input, o *Options) ([]byte, []Report) {
	t.Helper()
	var w bytes.Buffer
	r, err := run(context.Background(), ins, o, func(b *column.Batch) error {
		if err := b.Check(); err != nil {
			t.Error(err)
		}
		digest(&w, b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w.Bytes(), r.Reports()
}

func TestSameBytesForAnyWorkers(t *testing.T) {
	ins := []Input{input("a", traffic(1, 4000)), input("empty", nil), input("b", traffic(2, 1500)), input("c", traffic(3, 40))}
	for name, change := range map[string]func(*groups.Options, *Options){
		"plain":       nil,
		"small limit": func(_ *groups.Options, o *Options) { o.Flow.Limit = 50 },
		"big limit":   func(_ *groups.Options, o *Options) { o.Flow.Limit = 4100 },
		"oldest":      func(_ *groups.Options, o *Options) { o.Flow.Limit, o.Flow.Strategy = 100, flow.Oldest },
		"active":      func(_ *groups.Options, o *Options) { o.Flow.Active = 3e9 },
		"sampled":     func(_ *groups.Options, o *Options) { o.Rate, o.Seed = 0.3, 42 },
		"sketches":    func(x *groups.Options, _ *Options) { x.ExactSamples = 20 },
		"memory":      func(x *groups.Options, _ *Options) { x.SampleMemory = Shards * 2000 },
		"no ends":     func(_ *groups.Options, o *Options) { o.Flow.Terminate = false },
	} {
		var want []byte
		for _, workers := range []int{1, 2, 8} {
			o := testOptions(t, change)
			o.Workers = workers
			got, reports := output(t, ins, o)
			if want == nil {
				want = got
				if len(want) < 10_000 {
					t.Errorf("%s: only %d bytes", name, len(want))
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d workers give other bytes than 1", name, workers)
			}
			for _, r := range reports {
				if r.InRows+r.Sampled+r.Decode.Dropped() != r.Records {
					t.Errorf("%s: input %s: %d records, %d packets in rows, %d sampled out, %d dropped", name, r.Name, r.Records, r.InRows, r.Sampled, r.Decode.Dropped())
				}
			}
		}
	}
}

// TestRowOrder: within an input rows come by logical end, which for a flow that the end of
// the input flushed is when silence would have ended it.
func TestRowOrder(t *testing.T) {
	o := testOptions(t, nil)
	flushed, last := 0, int64(-1)
	_, err := run(context.Background(), []Input{input("a", traffic(5, 6000))}, o, func(b *column.Batch) error {
		for i := range b.Rows {
			r := b.Row(i)
			switch r.Text("end_reason") {
			case "idle":
				if flushed > 0 {
					t.Error("an idle flow after flushed ones")
				}
			case "flushed":
				flushed++
				if n := r.Int("last_packet"); n < last {
					t.Errorf("flushed row with last packet %d after %d", n, last)
				} else {
					last = n
				}
			}
		}
		return nil
	})
	if err != nil || flushed == 0 {
		t.Errorf("error %v, %d flushed", err, flushed)
	}
}

func TestFailures(t *testing.T) {
	broken := errors.New("broken")
	bad := Input{Name: "bad", Open: func() (source.Source, error) { return nil, broken }}
	half := Input{Name: "half", Open: func() (source.Source, error) { return &memory{frames: traffic(1, 3000), fail: broken}, nil }}
	for _, workers := range []int{1, 3} {
		o := testOptions(t, nil)
		o.Workers = workers
		_, reports := output(t, []Input{bad, half, input("ok", traffic(2, 100))}, o)
		if reports[0].Err != broken || reports[0].Rows != 0 {
			t.Errorf("input that does not open: %v, %d rows", reports[0].Err, reports[0].Rows)
		}
		if reports[1].Err != broken || reports[1].InRows != 3000 {
			t.Errorf("input that breaks off: %v, %d packets", reports[1].Err, reports[1].InRows)
		}
		if reports[2].Err != nil || reports[2].InRows != 100 {
			t.Errorf("input after them: %v, %d packets", reports[2].Err, reports[2].InRows)
		}
		// A sink that fails ends the run with its error.
		n := 0
		_, err := run(context.Background(), []Input{input("x", traffic(3, 9000)), input("y", traffic(4, 9000))}, o, func(*column.Batch) error {
			n++
			return broken
		})
		if err != broken || n != 1 {
			t.Errorf("%d workers: failing sink: %v after %d calls; want %v after 1", workers, err, n, broken)
		}
		ctx, cancel := context.WithCancel(context.Background())
		_, err = run(ctx, []Input{input("x", traffic(3, 20000))}, o, func(*column.Batch) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: cancelled: %v", workers, err)
		}
	}
}

func TestFragmentsJoinTheirFlow(t *testing.T) {
	var f fragments
	first := packet.Packet{Src: [16]byte{1}, Dst: [16]byte{2}, Proto: 17, IPVersion: 4, FragID: 7, Has: packet.HasFragment | packet.HasPorts, SrcPort: 1000, DstPort: 53}
	later := packet.Packet{Src: [16]byte{1}, Dst: [16]byte{2}, Proto: 17, IPVersion: 4, FragID: 7, Has: packet.HasFragment | packet.HasLaterFragment}
	if p := later; f.apply(&p, false, 0) {
		t.Error("later fragment before its first found ports")
	}
	f.apply(&first, false, 0)
	if p := later; !f.apply(&p, false, fragmentMemory) || p.SrcPort != 1000 || p.DstPort != 53 {
		t.Errorf("ports %d, %d after 30 s", p.SrcPort, p.DstPort)
	}
	if p := later; f.apply(&p, false, fragmentMemory+1) {
		t.Error("found after more than 30 s")
	}
	// Of another VLAN, where these are told apart, it is another datagram.
	tagged := first
	tagged.Has, tagged.VLAN, tagged.SrcPort = first.Has|packet.HasVLAN, 20, 2000
	f.apply(&tagged, true, 0)
	for _, vlan := range []bool{true, false} {
		p := later
		p.Has, p.VLAN = later.Has|packet.HasVLAN, 20
		if !f.apply(&p, vlan, 1) || (p.SrcPort == 2000) != vlan {
			t.Errorf("VLANs told apart %v: port %d", vlan, p.SrcPort)
		}
	}
	// The 65,537th datagram pushes the first one out.
	f.reset()
	for i := range maxDatagrams + 1 {
		d := first
		d.FragID = uint32(i)
		f.apply(&d, false, 5)
	}
	p := later
	p.FragID = 0
	if f.apply(&p, false, 5) || len(f.known) != maxDatagrams {
		t.Errorf("oldest of %d datagrams still known; %d kept", maxDatagrams+1, len(f.known))
	}
	p.FragID = 1
	if !f.apply(&p, false, 5) {
		t.Error("second datagram forgotten")
	}
}

// TestSampling: SplitMix64's first outputs for states 0, 1, 2 are published test values.
func TestSampling(t *testing.T) {
	if !keep(5, 1) || keep(5, 0) {
		t.Error("rate 1 keeps all, rate 0 none")
	}
	// state 0 gives 0xe220a8397b1dcdaf, a fraction of 0.883…
	if keep(0, 0.88) || !keep(0, 0.89) {
		t.Error("state 0 is not at 0.883")
	}
	n := 0
	for i := range uint64(100_000) {
		if keep(i, 0.25) {
			n++
		}
	}
	if n < 24_500 || n > 25_500 {
		t.Errorf("rate 0.25 keeps %d of 100000", n)
	}
}

// TestUpdateDoesNotAllocate leaves the parsers out: this traffic has sequence numbers in
// any order, and bytes that come early are copied (package stream holds what is in order).
func TestUpdateDoesNotAllocate(t *testing.T) {
	fs := traffic(9, 4000)
	o := testOptions(t, func(x *groups.Options, _ *Options) {
		x.Sequences, x.SPLT, x.Trace = false, false, false
		x.Groups = []string{"flow_meta", "timing", "size", "tcp", "padding", "entropy", "tranalyzer"}
	})
	run := New(o)
	run.chunks.rows = aloneRows
	w, r := run.worker(0, 1), run.reader()
	e := newEpoch()
	pass := func() {
		src := &plain{frames: fs}
		r.open(0, Input{Open: func() (source.Source, error) { return src, nil }}, &Report{})
		for e.last = false; !e.last; {
			r.fill(e)
			w.update(e)
		}
	}
	pass()
	empty := func() {
		w.flush()
		w.emit(e, func(c *chunk) { c.release() })
	}
	empty()
	pass()
	empty()
	// A report, a source and a clock an input; nothing a packet.
	if n := allocs.PerRun(t, 5, func() { pass(); empty() }); n > 40 {
		t.Errorf("%v allocations for %d packets", n, len(fs))
	}
}

// plain is a source without blocks.
type plain struct {
	source.Tally
	frames []packet.Frame
	i      int
}

func (s *plain) Next(f *packet.Frame) error {
	if s.i == len(s.frames) {
		return io.EOF
	}
	*f = s.frames[s.i]
	s.i++
	f.Number = uint64(s.i)
	s.Count(f)
	return nil
}

func (s *plain) Close() error { return nil }
