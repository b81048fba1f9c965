package groups

import (
	"testing"

	"pinyon/flow"
	"pinyon/packet"
)

var tcpGroups = []string{"tcp", "tcp_sequence", "tcp_window", "tcp_options", "tcp_mptcp", "tcp_rtt", "tcp_fingerprint"}

// tcpRun is one TCP flow: it hands packets to a State as a table of flows would.
type tcpRun struct {
	plan  *Plan
	mem   *Memory
	entry flow.Entry[State]
	obs   flow.Obs

	numbers flow.Numbers
}

func newTCPRun(tb testing.TB, nulls bool, groups ...string) *tcpRun {
	tb.Helper()
	if len(groups) == 0 {
		groups = tcpGroups
	}
	p, err := NewPlan(&Options{Groups: groups, Nulls: nulls, BurstThreshold: 50e6, ListLength: 10, Shards: 1})
	if err != nil {
		tb.Fatal(err)
	}
	t := &tcpRun{plan: p, mem: NewMemory(p)}
	t.mem.Use(&Shard{Each: func(func(*State)) {}})
	t.reset()
	return t
}

// reset begins a new flow.
func (t *tcpRun) reset() {
	t.entry, t.numbers = flow.Entry[State]{}, flow.Numbers{}
	t.entry.Key.Proto, t.entry.Key.Version = packet.ProtoTCP, 4
}

// packet takes the flow's next packet.
func (t *tcpRun) packet(dir int, p *packet.Packet) {
	e := &t.entry
	if e.Packets == 0 {
		e.First, e.Last = p.TS, p.TS
	}
	now := max(p.TS, e.Last)
	t.obs = flow.Obs{Packet: p, Dir: dir, Time: now, Gap: now - e.Last, Index: int(e.Packets)}
	e.Last = now
	e.Packets++
	t.obs.Learn(&t.numbers)
	e.State.Update(t.mem, &t.obs)
}

// row ends the flow.
func (t *tcpRun) row() *Row {
	r := new(Row)
	r.Fill(t.mem, &t.entry, 1, 0)
	t.reset()
	return r
}

// cells ends the flow and returns its row by column name; a null is nil.
func (t *tcpRun) cells() map[string]any {
	return rowCells(&netRun{plan: t.plan}, t.row())
}

// A segment is one TCP segment of a test.
type segment struct {
	dir      int
	us       int64 // time, µs
	flags    uint16
	seq, ack uint32
	n        uint32 // payload
	window   uint16
	edit     func(p *packet.Packet) // sets the rest; nil for nothing
}

const (
	fin = packet.FIN
	syn = packet.SYN
	rst = packet.RST
	psh = packet.PSH
	ack = packet.ACK
	urg = packet.URG

	synAck = syn | ack
)

func (s *segment) packet() *packet.Packet {
	p := &packet.Packet{
		TS: s.us * 1000, Proto: packet.ProtoTCP, IPVersion: 4, TTL: 64, Has: packet.HasTCP | packet.HasPorts | packet.HasTransport,
		TCPFlags: s.flags, Seq: s.seq, Ack: s.ack, PayloadLen: s.n, TotalLen: 40 + s.n, Window: s.window,
	}
	if s.edit != nil {
		s.edit(p)
	}
	return p
}

// stamped gives a segment the timestamps option.
func stamped(val, ecr uint32) func(*packet.Packet) {
	return func(p *packet.Packet) {
		p.TSval, p.TSecr = val, ecr
		p.Has |= packet.HasTimestamp | packet.HasOption
	}
}

// run takes segments and ends the flow.
func (t *tcpRun) run(ss ...segment) map[string]any {
	for i := range ss {
		t.packet(ss[i].dir, ss[i].packet())
	}
	return t.cells()
}

// tcpCells is the row of one flow, absent values as they leave without nulls.
func tcpCells(t *testing.T, ss ...segment) map[string]any {
	t.Helper()
	return newTCPRun(t, false).run(ss...)
}

// tcpNulls is the row of one flow with nulls.
func tcpNulls(t *testing.T, ss ...segment) map[string]any {
	t.Helper()
	return newTCPRun(t, true).run(ss...)
}
