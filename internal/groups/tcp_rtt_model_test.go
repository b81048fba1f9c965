package groups

import (
	"math/rand/v2"
	"testing"

	"pinyon/flow"
)

// rttModel measures round trips with plain lists, told by a seqModel what segments are.
type rttModel struct {
	seq     [2]seqModel
	acked   [2]bool
	ackMax  [2]uint32
	sent    [2][]modelStamp
	ends    [2][]modelStamp
	samples [][2]int64 // time and direction
	acks    []int64
}

type modelStamp struct {
	num  uint32
	time int64
}

// take takes a segment at position pos; o is what the flow's table said of it.
func (m *rttModel) take(dir int, s *segment, val, ecr uint32, pos int64, o *flow.Obs) {
	now, other := s.us*1000, 1-dir
	var class seqClass
	for d := range m.seq {
		opened := flow.Opened{Known: o.Known >> d & 1, Anew: o.Anew >> d & 1}
		if opened.Anew != 0 {
			m.acked[d], m.ends[d] = false, nil
		}
		isn := pos + int64(int32(o.Numbers.ISN[d]-s.seq))
		if d == dir {
			class = m.seq[d].take(pos, int64(s.n), s.flags, opened, isn, int64(o.Numbers.Size(d)), o.Stray)
		} else {
			m.seq[d].take(0, 0, rst, opened, isn, int64(o.Numbers.Size(d)), false)
		}
	}
	if o.Stray {
		m.remember(dir, val, now)
		return
	}
	if s.flags&ack != 0 && s.flags&rst == 0 {
		if !m.acked[dir] || int32(s.ack-m.ackMax[dir]) > 0 {
			m.acked[dir], m.ackMax[dir] = true, s.ack
			for _, e := range m.sent[other] {
				if v := now - e.time; e.num == ecr && ecr != 0 && v > 0 && v < 60e9 {
					m.samples = append(m.samples, [2]int64{v, int64(dir)})
				}
			}
		}
		var keep []modelStamp
		found := int64(-1)
		for _, e := range m.ends[other] {
			if e.num == s.ack {
				found = now - e.time
			}
			if int32(e.num-s.ack) > 0 {
				keep = append(keep, e)
			}
		}
		m.ends[other] = keep
		if found > 0 && found < 60e9 {
			m.acks = append(m.acks, found)
		}
	}
	if s.n > 0 || s.flags&(syn|fin) != 0 {
		m.remember(dir, val, now)
	}
	if s.n == 0 {
		return
	}
	ds, n := s.seq, s.n
	if s.flags&syn != 0 {
		ds++
	}
	if s.flags&fin != 0 {
		n++
	}
	switch class {
	case seqInOrder, seqGap:
		m.ends[dir] = m.push(m.ends[dir], modelStamp{ds + n, now})
	case seqLate, seqRepeated:
		var keep []modelStamp
		for _, e := range m.ends[dir] {
			if int32(e.num-ds) <= 0 || int32(e.num-(ds+n)) > 0 {
				keep = append(keep, e)
			}
		}
		m.ends[dir] = keep
	}
}

func (m *rttModel) remember(dir int, val uint32, now int64) {
	for _, e := range m.sent[dir] {
		if e.num == val {
			return
		}
	}
	m.sent[dir] = m.push(m.sent[dir], modelStamp{val, now})
}

func (m *rttModel) push(l []modelStamp, e modelStamp) []modelStamp {
	l = append(l, e)
	if len(l) > maxStamps {
		l = l[1:]
	}
	return l
}

// TestRTTModel compares with the slow model over random conversations in which timestamps
// jump, ACKs come in any order, and payload is lost, late and repeated.
func TestRTTModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	run := newTCPRun(t, false, "tcp_rtt")
	conversations := 20_000
	if testing.Short() {
		conversations = 1_000
	}
	for k := range conversations {
		run.reset()
		var m rttModel
		length := 40
		if k%1000 == 1 {
			length = 5000
		}
		base := int64(1)<<32 - int64(r.IntN(1000))
		var clock [2]uint32
		clock[0] = uint32(0) - uint32(r.IntN(50))
		var us int64
		for range length {
			dir := r.IntN(2)
			us += int64(r.IntN(3000))
			if r.IntN(2000) == 0 {
				us += 70e6
			}
			pos := base
			if d := &m.seq[dir]; d.started {
				pos = d.nxt + int64([]int{0, 0, 0, 0, 0, 0, 10, -10, -25}[r.IntN(9)])
			}
			n := uint32(r.IntN(4)) * 10
			if length > 1000 && r.IntN(50) != 0 {
				n = 10 * uint32(1-dir) // a download, so that many are outstanding
			}
			flags := []uint16{ack, ack, ack, ack, ack, ack, psh, rst | ack}[r.IntN(8)]
			switch {
			case r.IntN(30) == 0:
				flags |= fin
			case r.IntN(60) == 0 && length < 1000:
				flags |= syn
			}
			if r.IntN(8) > 0 || length > 1000 {
				clock[dir] += uint32(r.IntN(3))
			} else {
				clock[dir] += uint32(r.IntN(40) - 30)
			}
			var ackNo, ecr uint32
			if e := m.ends[1-dir]; len(e) > 0 {
				ackNo = e[r.IntN(min(len(e), 3))].num - uint32(r.IntN(5)/4)
			} else {
				ackNo = uint32(m.seq[1-dir].nxt)
			}
			if e := m.sent[1-dir]; len(e) > 0 {
				ecr = e[len(e)-1-r.IntN(min(len(e), 1+length/8))].num
			}
			s := segment{dir: dir, us: us, flags: flags, seq: uint32(pos), ack: ackNo, n: n, edit: stamped(clock[dir], ecr)}
			run.packet(dir, s.packet())
			m.take(dir, &s, clock[dir], ecr, pos, &run.obs)
		}
		got := &run.entry.State.rtt
		var sum, ackSum, steps uint64
		var last [2]int64
		for _, v := range m.samples {
			sum += uint64(v[0])
			if l := last[v[1]]; l != 0 {
				steps += uint64(max(v[0]-l, l-v[0]))
			}
			last[v[1]] = v[0]
		}
		for _, v := range m.acks {
			ackSum += uint64(v)
		}
		if int(got.echo.n) != len(m.samples) || got.echo.sum != sum || got.echo.steps != steps || int(got.ack.n) != len(m.acks) || got.ack.sum != ackSum {
			t.Fatalf("conversation %d: echoes %+v, ACKs %+v; want %d samples, sum %d, steps %d; %d, %d", k, got.echo, got.ack, len(m.samples), sum, steps, len(m.acks), ackSum)
		}
		run.entry.State.seq.finish(run.mem)
		run.entry.State.rtt.finish(run.mem)
	}
	if p := &run.mem.tcpPools.stamps; p.few.Live()+p.some.Live()+p.most.Live() != 0 {
		t.Errorf("rings not given back")
	}
}
