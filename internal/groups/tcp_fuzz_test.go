package groups

import (
	"encoding/binary"
	"testing"

	"pinyon/packet"
)

// fuzzSegment is a segment out of 24 arbitrary bytes.
func fuzzSegment(b []byte) (dir int, p packet.Packet) {
	flags := binary.LittleEndian.Uint16(b)
	p = packet.Packet{
		TS: int64(binary.LittleEndian.Uint32(b[2:])) << (b[6] & 15), Proto: packet.ProtoTCP, IPVersion: 4, TTL: b[7],
		Has: packet.HasTCP, TCPFlags: flags & 0x1ff, Window: uint16(b[8]) << (b[9] & 8),
		Seq: binary.LittleEndian.Uint32(b[10:]), Ack: binary.LittleEndian.Uint32(b[14:]),
		PayloadLen: uint32(b[18]), TSval: binary.LittleEndian.Uint32(b[10:]) >> 3, TSecr: binary.LittleEndian.Uint32(b[14:]) >> 3,
		WindowScale: b[19], MSS: uint16(b[20]), SACKBlocks: b[21] & 3, MPTCPSubtype: b[22] & 15, Options: b[18:],
	}
	if flags&0x1000 != 0 { // a jumbogram may claim any length (RFC 2675)
		p.PayloadLen = binary.LittleEndian.Uint32(b[16:])
	}
	if flags&0x2000 != 0 {
		p.Seq, p.Ack = p.Seq&0xff-64, p.Ack&0xff-64
	}
	if flags&0x4000 != 0 {
		p.Has |= packet.HasOption | packet.HasTimestamp
	}
	if b[23]&1 != 0 {
		p.Has |= packet.HasOption | packet.HasMSS | packet.HasWindowScale | packet.HasSACKPermitted | packet.HasMPTCP | packet.HasMPTCPSubtype
	}
	return int(flags >> 15), p
}

// FuzzTCP: whatever comes, a segment has one class at most, bytes never decrease, holes stay
// ordered and few, and everything taken from memory is given back.
func FuzzTCP(f *testing.F) {
	wild, tame := make([]byte, 24*20), make([]byte, 24*40)
	for i := range wild {
		wild[i] = byte(i * i * 7)
	}
	for i := range tame {
		tame[i] = byte(i * 31 >> 2)
	}
	for i := 0; i < len(tame); i += 24 {
		binary.LittleEndian.PutUint16(tame[i:], 0x6010|uint16(i&8)<<12)
	}
	f.Add(wild)
	f.Add(tame)
	run := newTCPRun(f, false)
	f.Fuzz(func(t *testing.T, data []byte) {
		run.reset()
		st := &run.entry.State
		for ; len(data) >= 24; data = data[24:] {
			before := st.seq.dir
			dir, p := fuzzSegment(data)
			run.packet(dir, &p)
			for i := range st.seq.dir {
				a, b := &before[i], &st.seq.dir[i]
				if b.bytes < a.bytes {
					t.Fatalf("bytes went from %d to %d", a.bytes, b.bytes)
				}
				if n := b.gaps - a.gaps + b.late - a.late + b.retrans - a.retrans; n > 1 {
					t.Fatalf("%d classes", n)
				}
				checkHoles(t, run.mem, b)
			}
		}
		cells := run.cells()
		for _, name := range []string{"tcp_syn_ratio", "tcp_retrans_ratio", "tcp_zero_win_ratio"} {
			if v := cells[name].(float64); !(v >= 0 && v <= 1) {
				t.Errorf("%s = %v", name, v)
			}
		}
		for _, name := range []string{"tcp_rtt_handshake", "tcp_rtt_min", "tcp_rtt_max", "tcp_rtt_ack_min", "tcp_uptime_fwd", "tcp_uptime_bwd"} {
			if v := cells[name].(float64); !(v >= 0) {
				t.Errorf("%s = %v", name, v)
			}
		}
		m := &run.mem.tcpPools
		if n := m.holes.Live() + m.stamps.few.Live() + m.stamps.some.Live() + m.stamps.most.Live(); n != 0 {
			t.Errorf("%d objects not given back", n)
		}
	})
}

func checkHoles(t *testing.T, m *Memory, d *seqDir) {
	if d.nxt-d.start > maxReach {
		t.Fatalf("start %d lies too far before %d", d.start, d.nxt)
	}
	if d.holes == 0 {
		return
	}
	h := m.tcpPools.holes.At(d.holes)
	if h.n < 1 || h.n > maxHoles {
		t.Fatalf("%d holes", h.n)
	}
	last := int64(-maxReach)
	for _, s := range h.span[:h.n] {
		l, r := -int64(d.nxt-s.l), -int64(d.nxt-s.r)
		if l < last || r <= l || r > 0 {
			t.Fatalf("holes %v before %d", h.span[:h.n], d.nxt)
		}
		last = r
	}
}
