package groups

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pinyon/flow"
	"pinyon/packet"
)

// seqModel classifies the segments of one direction number by number. Positions are int64,
// so that nothing wraps; the segments under test carry them modulo 2³².
type seqModel struct {
	started             bool
	start, nxt          int64
	missing             map[int64]bool // and whether a hole was added from here on
	lastAt, lastLen     int64
	gaps, late, retrans int64
	bytes               int64
}

// take takes a segment; opened and stray are what it says of the initial number.
func (m *seqModel) take(seq, n int64, flags uint16, opened flow.Opened, isn, size int64, stray bool) seqClass {
	if opened.Anew&1 != 0 {
		m.started, m.missing, m.lastLen = false, nil, 0
		if flags&packet.SYN == 0 {
			m.started, m.missing = true, make(map[int64]bool)
			m.start, m.nxt = isn, isn+1+size
		}
	}
	if flags&packet.RST != 0 || stray {
		return seqNone
	}
	ds, end := seq, seq+n
	if flags&packet.SYN != 0 {
		ds, end = ds+1, end+1
	}
	de := end
	if flags&packet.FIN != 0 {
		end++
	}
	if !m.started {
		m.started, m.missing = true, make(map[int64]bool)
		m.start, m.nxt = seq, seq
	}
	former := m.nxt
	class := seqNone
	switch {
	case seq == m.nxt:
		class = seqInOrder
		m.bytes += n
		m.nxt = end
	case seq > m.nxt:
		class = seqGap
		m.gaps++
		m.hole(m.nxt, seq)
		m.bytes += n
		m.nxt = end
	case n == 0:
		m.nxt = max(m.nxt, end)
	case seq == m.nxt-1 && n == 1 && flags&(packet.SYN|packet.FIN) == 0 && (m.lastLen != 1 || m.lastAt != ds) && !m.isMissing(ds):
	default:
		var fresh int64
		for v := ds; v < de && v < m.nxt; v++ {
			if v < m.start || m.isMissing(v) {
				fresh++
				delete(m.missing, v)
			}
		}
		m.hole(de, m.start)
		m.start = min(m.start, ds)
		m.bytes += fresh + max(0, de-m.nxt)
		if fresh > 0 {
			class = seqLate
			m.late++
		} else {
			class = seqRepeated
			m.retrans++
		}
		m.nxt = max(m.nxt, end)
	}
	if n > 0 && de > former {
		m.lastAt, m.lastLen = ds, n
	}
	m.limit()
	return class
}

func (m *seqModel) isMissing(v int64) bool {
	_, ok := m.missing[v]
	return ok
}

// hole adds one; next to another it stays one of its own.
func (m *seqModel) hole(l, r int64) {
	for v := l; v < r; v++ {
		m.missing[v] = v == l
	}
}

// limit forgets the lowest range of missing numbers if there are more than maxHoles.
func (m *seqModel) limit() {
	var vs []int64
	for v := range m.missing {
		vs = append(vs, v)
	}
	slices.Sort(vs)
	first := func(i int) bool { return i == 0 || vs[i-1] != vs[i]-1 || m.missing[vs[i]] }
	ranges := 0
	for i := range vs {
		if first(i) {
			ranges++
		}
	}
	if ranges <= maxHoles {
		return
	}
	delete(m.missing, vs[0])
	for i := 1; !first(i); i++ {
		delete(m.missing, vs[i])
	}
}

// TestSequenceModel compares with the slow model over streams of random segments that
// overlap, come late, open again, and wrap.
func TestSequenceModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	run := newTCPRun(t, false, "tcp_sequence")
	streams := 100_000
	if testing.Short() {
		streams = 5_000
	}
	for k := range streams {
		run.reset()
		var m seqModel
		base := int64(1)<<32 + int64(r.IntN(400)) - 200 // around the wrap
		width, size, length, odd := 60, 20, 12, 24
		if k%500 == 0 { // many small holes, and no SYN that forgets them
			width, size, length, odd = 600, 3, 400, 0
		}
		for i := range length {
			seq, n := base+int64(r.IntN(width)), int64(r.IntN(size))
			if r.IntN(3) == 0 && m.started {
				seq = m.nxt - int64(r.IntN(3))
			}
			if r.IntN(4) == 0 {
				n = int64(r.IntN(2))
			}
			flags := packet.ACK
			switch r.IntN(max(odd, 1)) + 24 - odd {
			case 0:
				flags |= packet.FIN
			case 1:
				flags |= packet.SYN
			case 2:
				flags |= packet.SYN | packet.FIN
			case 3:
				flags |= packet.RST
			}
			s := segment{seq: uint32(seq), n: uint32(n), flags: flags}
			d := &run.entry.State.seq.dir[0]
			before := *d
			run.packet(0, s.packet())
			isn := seq + int64(int32(run.obs.Numbers.ISN[0]-s.seq))
			want := m.take(seq, n, flags, run.obs.Opened, isn, int64(run.obs.Numbers.Size(0)), run.obs.Stray)
			got := seqNone
			switch {
			case d.gaps > before.gaps:
				got = seqGap
			case d.late > before.late:
				got = seqLate
			case d.retrans > before.retrans:
				got = seqRepeated
			case want == seqInOrder:
				got = seqInOrder
			}
			if got != want || d.bytes != uint64(m.bytes) || int64(d.gaps) != m.gaps || int64(d.late) != m.late || int64(d.retrans) != m.retrans ||
				m.started && d.nxt != uint32(m.nxt) {
				t.Fatalf("stream %d segment %d (%d+%d, flags %#x): class %d, %+v; want %d, nxt %d, bytes %d", k, i, s.seq, n, flags, got, *d, want, m.nxt, m.bytes)
			}
		}
		run.entry.State.seq.finish(run.mem)
	}
	if live := run.mem.tcpPools.holes.Live(); live != 0 {
		t.Errorf("%d hole lists not given back", live)
	}
}
