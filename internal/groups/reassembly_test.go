package groups_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/corpus"
	"pinyon/internal/gen"
	"pinyon/internal/groups"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/proto"
	"pinyon/proto/tls"
)

// prints are the columns that may not depend on how a stream was cut into segments, nor on
// the order in which these arrived.
var prints = []string{
	"ja3_hash", "ja3s_hash", "ja4", "tls_sni", "tls_alpn", "tls_key_exchange_group", "ssh_hassh", "ssh_hassh_server",
	"quic_sni", "quic_alpn", "quic_ja3_hash", "quic_ja3s_hash",
}

const (
	// streamKept is how many bytes of a direction the test sends again: all that is parsed of a
	// stream whose start is to be sought, and enough for hellos where it is at the beginning.
	streamKept   = 64 << 10
	streamEnough = 24 << 10
	// shuffleSpan is how many bytes of a direction change places with each other; what is
	// early by more than stream.Window is dropped by design.
	shuffleSpan = 32 << 10
)

// A tap is a flow of a capture as the extractor saw it: what it prints, and its bytes.
type tap struct {
	name   string
	number int // in its capture
	ports  [2]uint16
	tcp    bool
	dir    [2]tapped
	// Datagrams of a UDP flow, and who sent each.
	datagrams [][]byte
	senders   []int
	want      []any
}

// tapped is one direction of a TCP connection, put in order by first arrival of each byte.
type tapped struct {
	syn     uint16 // flags of the SYN before any data; 0 without
	base    uint32
	started bool
	bytes   []byte
	known   []bool
	runs    []span // what each segment brought that was new
}

type span struct{ from, to int }

func (p *tap) Packet(o *flow.Obs) {
	if o.Index == 0 {
		p.ports[o.Dir], p.ports[1-o.Dir] = o.SrcPort, o.DstPort
		p.tcp = o.Proto == packet.ProtoTCP
	}
	switch {
	case o.Has&packet.HasTCP != 0:
		p.dir[o.Dir].add(o)
	case o.Proto == packet.ProtoUDP && len(o.Payload) > 0 && len(p.datagrams) < 64:
		p.datagrams = append(p.datagrams, bytes.Clone(o.Payload))
		p.senders = append(p.senders, o.Dir)
	}
}

func (d *tapped) add(o *flow.Obs) {
	seq, data := o.Seq, o.Payload
	if o.TCPFlags&packet.SYN != 0 {
		seq++
		if !d.started {
			d.started, d.base, d.syn = true, seq, o.TCPFlags
		}
	}
	if len(data) == 0 {
		return
	}
	if !d.started {
		d.started, d.base = true, seq
	}
	off := int(int32(seq - d.base))
	if off < 0 {
		data = data[min(-off, len(data)):]
		off = 0
	}
	end := min(off+len(data), streamKept)
	for ; len(d.bytes) < end; d.bytes, d.known = append(d.bytes, 0), append(d.known, false) {
	}
	for i := off; i < end; i++ {
		if d.known[i] {
			continue
		}
		if n := len(d.runs); n == 0 || i == off || d.runs[n-1].to != i {
			d.runs = append(d.runs, span{i, i})
		}
		d.bytes[i], d.known[i] = data[i-off], true
		d.runs[len(d.runs)-1].to = i + 1
	}
}

func (p *tap) End(_ *flow.Head, v []groups.Value) {
	v[0] = groups.Value{Int: int64(p.number), Set: true}
}

// printing are the flows of a capture of which at least one of prints is known.
func printing(t *testing.T, path, name string) (found []*tap) {
	t.Helper()
	var taps []*tap
	o := options()
	o.Groups, o.Features = nil, append([]string{"tap"}, prints...)
	o.Custom = []groups.Custom{{
		Name: "test", Features: []feature.Desc{{Name: "tap", Kind: feature.Int, Doc: "Number of the flow's tap."}},
		New: func() groups.Accumulator {
			taps = append(taps, &tap{number: len(taps)})
			return taps[len(taps)-1]
		},
	}}
	for _, r := range rows(t, o, readFrames(path)) {
		p := taps[r.Int("tap")]
		p.name = fmt.Sprintf("%s flow %d", name, p.number)
		p.want = printsOf(r)
		if slices.ContainsFunc(p.want, func(v any) bool { return v != "" && v != int64(0) && v != nil }) {
			found = append(found, p)
		}
	}
	return found
}

func printsOf(r column.Row) (values []any) {
	for _, name := range prints {
		values = append(values, r.Value(name))
	}
	return values
}

// readFrames reads a capture, or what can be read of it.
func readFrames(path string) (frames []packet.Frame) {
	r, err := pcap.Open(path)
	if err != nil {
		return nil
	}
	defer r.Close()
	for f, err := range r.All() {
		if err != nil {
			break
		}
		f.Data, f.Block = bytes.Clone(f.Data), nil
		frames = append(frames, f)
	}
	return frames
}

// start is where TLS begins in a direction, if at the first byte of a segment that is not
// the first one: segments before it have to stay what they were, and so has that boundary.
func (d *tapped) start() int {
	for _, r := range d.runs {
		if tls.Start(d.bytes[r.from:d.end(r.from)]) == proto.Mine {
			return r.from
		}
	}
	return 0
}

// end is the end of the known bytes from an offset on.
func (d *tapped) end(from int) int {
	if i := slices.Index(d.known[from:], false); i >= 0 {
		return from + i
	}
	return len(d.known)
}

// A cutting is a way to send a stream again.
type cutting struct {
	name                string
	longest             int // of a piece
	shuffle, overlap    bool
	apart               bool // the directions' order is left to chance too
	seed                uint64
	contradict, repeats bool // bytes come again with another value; segments come twice
}

// A sent is a segment to be sent.
type sent struct {
	span
	junk bool
}

// pieces cuts a direction's stream up.
func (c *cutting) pieces(rng *rand.Rand, d *tapped) (out []sent) {
	start := d.start()
	keep := streamEnough
	if start > 0 {
		keep = streamKept
	}
	for _, r := range d.runs {
		if r.from >= keep {
			continue
		}
		if r.from < start {
			out = append(out, sent{span: r})
			continue
		}
		for at := r.from; at < r.to; {
			n := min(1+rng.IntN(c.longest), r.to-at)
			if at > start+4<<10 {
				n = min(max(n, 400), r.to-at) // beyond the hellos
			}
			p := span{at, at + n}
			at += n
			if c.overlap && rng.IntN(2) == 0 {
				// Into bytes on either side, as far as they are known and come after the start.
				for k := rng.IntN(60); k > 0 && p.from > start && d.known[p.from-1]; k-- {
					p.from--
				}
				p.to = min(p.to+rng.IntN(60), d.end(p.to-1))
			}
			out = append(out, sent{span: p})
			if c.repeats && rng.IntN(4) == 0 {
				out = append(out, sent{span: p})
			}
		}
	}
	if c.shuffle {
		shuffle(rng, out, d.syn == 0)
	}
	if c.contradict {
		out = contradict(rng, out)
	}
	return out
}

// shuffle lets pieces change places within shuffleSpan bytes. Without a SYN the first one
// tells where the stream begins, and stays.
func shuffle(rng *rand.Rand, out []sent, pinned bool) {
	if pinned && len(out) > 0 {
		out = out[1:]
	}
	for len(out) > 0 {
		n := 0
		for size := 0; n < len(out) && size < shuffleSpan; n++ {
			size += out[n].to - out[n].from
		}
		rng.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
		out = out[n:]
	}
}

// contradict adds segments of other bytes for what was sent before: the first arrival counts.
func contradict(rng *rand.Rand, in []sent) (out []sent) {
	for _, p := range in {
		out = append(out, p)
		if rng.IntN(3) == 0 {
			out = append(out, sent{out[rng.IntN(len(out))].span, true})
		}
	}
	return out
}

// again makes frames of a flow between two hosts of its own.
func (c *cutting) again(p *tap, number int, frames []packet.Frame) []packet.Frame {
	rng := rand.New(rand.NewPCG(c.seed, uint64(number)))
	var hosts [2]gen.Host
	for d := range hosts {
		hosts[d] = gen.Host{Addr: netip.AddrFrom4([4]byte{10 + byte(d), byte(number >> 16), byte(number >> 8), byte(number)}), Port: p.ports[d], TTL: 64}
	}
	if !p.tcp {
		return c.datagrams(rng, p, hosts, frames)
	}
	segment := func(d int, seq uint32, flags uint16, payload []byte) {
		s := gen.TCP{IP: gen.IP{Src: &hosts[d], Dst: &hosts[1-d]}, Flags: flags, Seq: seq, Ack: p.dir[1-d].base, Window: 500, Payload: payload}
		frames = appendFrame(frames, s.Append(nil))
	}
	if p.dir[0].syn == 0 {
		segment(0, p.dir[0].base, packet.ACK, nil) // so that the initiator stays who it was
	}
	var queues [2][]sent
	for d := range queues {
		if side := &p.dir[d]; side.syn != 0 {
			segment(d, side.base-1, side.syn, nil)
		}
		queues[d] = c.pieces(rng, &p.dir[d])
	}
	for len(queues[0])+len(queues[1]) > 0 {
		d := 0
		if c.apart && rng.IntN(2) == 0 || len(queues[0]) == 0 {
			d = 1
		}
		if len(queues[d]) == 0 {
			d = 1 - d
		}
		q := queues[d][0]
		queues[d] = queues[d][1:]
		payload := bytes.Clone(p.dir[d].bytes[q.from:q.to])
		if q.junk {
			for i := range payload {
				payload[i] ^= 0x5a
			}
		}
		segment(d, p.dir[d].base+uint32(q.from), packet.ACK, payload)
	}
	return frames
}

// datagrams sends a UDP flow again. Those of the first flight, before anything was answered,
// change places if they belong to one attempt, and some come twice.
func (c *cutting) datagrams(rng *rand.Rand, p *tap, hosts [2]gen.Host, frames []packet.Frame) []packet.Frame {
	order := make([]int, len(p.datagrams))
	flight := 0
	for i := range order {
		order[i] = i
		if flight == i && p.senders[i] == p.senders[0] && bytes.Equal(connectionID(p.datagrams[i]), connectionID(p.datagrams[0])) {
			flight++
		}
	}
	if c.shuffle {
		rng.Shuffle(flight, func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for _, i := range order {
		d := p.senders[i]
		u := gen.UDP{IP: gen.IP{Src: &hosts[d], Dst: &hosts[1-d]}, Payload: p.datagrams[i]}
		frames = appendFrame(frames, u.Append(nil))
		if c.repeats && rng.IntN(4) == 0 {
			frames = appendFrame(frames, u.Append(nil))
		}
	}
	return frames
}

// connectionID is the destination id of a long-header packet of QUIC.
func connectionID(b []byte) []byte {
	if len(b) < 6 || b[0]&0x80 == 0 || len(b) < 6+int(b[5]) {
		return nil
	}
	return b[6 : 6+int(b[5])]
}

func appendFrame(frames []packet.Frame, data []byte) []packet.Frame {
	return append(frames, packet.Frame{Data: data, Wire: uint32(len(data)), Link: 1, TS: 100e9 + int64(len(frames))*1e3})
}

var cuttings = []cutting{
	{name: "in order", longest: 1460, seed: 1},
	{name: "small pieces", longest: 40, seed: 2},
	{name: "single bytes and the like", longest: 3, seed: 3},
	{name: "shuffled", longest: 400, shuffle: true, seed: 4},
	{name: "shuffled small pieces", longest: 30, shuffle: true, repeats: true, seed: 5},
	{name: "overlapped", longest: 200, overlap: true, seed: 6},
	{name: "overlapped, shuffled, contradicted", longest: 300, overlap: true, shuffle: true, repeats: true, contradict: true, seed: 7},
	{name: "the same, directions apart", longest: 100, overlap: true, shuffle: true, repeats: true, contradict: true, apart: true, seed: 8},
}

// TestReassembly sends every connection of the captures that prints something once more, its
// bytes in segments of other sizes and in other orders, through the extractor, which has to
// print the same. The captures are those of testdata, and real ones if there are any.
func TestReassembly(t *testing.T) {
	var all []*tap
	captures := 0
	for _, root := range []string{filepath.Join("..", "..", "testdata"), corpus.Dir()} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) == "golden" {
				return nil
			}
			name, _ := filepath.Rel(root, path)
			found := printing(t, path, name)
			if len(found) > 0 {
				captures++
			}
			all = append(all, found...)
			return nil
		})
	}
	if len(all) < 5 { // tls12, tls13, http2, http3 and ssh in testdata
		t.Fatalf("only %d flows print something", len(all))
	}
	for i := range cuttings {
		c := &cuttings[i]
		t.Run(c.name, func(t *testing.T) {
			differ := 0
			for from := 0; from < len(all); from += 200 {
				differ += c.compare(t, all, from, min(from+200, len(all)))
			}
			t.Logf("%d flows, %d differ", len(all), differ)
		})
	}
	t.Logf("%d flows of %d captures", len(all), captures)
}

// compare sends flows from ... to of all again and compares what they print.
func (c *cutting) compare(t *testing.T, all []*tap, from, to int) (differ int) {
	t.Helper()
	var frames []packet.Frame
	for n := from; n < to; n++ {
		frames = c.again(all[n], n, frames)
	}
	o := options()
	o.Features = append([]string{"src_ip"}, prints...)
	seen := make([]bool, to-from)
	for _, r := range rows(t, o, frames) {
		a := netip.MustParseAddr(r.Text("src_ip")).As4()
		n := int(a[1])<<16 | int(a[2])<<8 | int(a[3])
		seen[n-from] = true
		if got := printsOf(r); !slices.Equal(got, all[n].want) {
			differ++
			for i := range got {
				if got[i] != all[n].want[i] {
					t.Errorf("%s: %s is %v; want %v", all[n].name, prints[i], got[i], all[n].want[i])
				}
			}
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("%s: no row", all[from+i].name)
	}
	return differ
}
