package gen

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// Options shape RoundRobin and Jumps. The zero value of a field but Flows is its default.
type Options struct {
	Flows   int    // number of flows, each of Packets packets
	Seed    uint64 // another seed gives other addresses, ports, sizes and numbers
	Payload int    // largest payload in bytes; 0 means full segments
}

const year = int64(365 * 24 * time.Hour)

// RoundRobin writes packet k of all flows before packet k+1 of any: all flows are open at
// once, and no two packets of a flow are neighbours. A round lasts 20 ms, or 1 µs a flow
// if that is more.
func RoundRobin(w *Writer, o Options) error {
	return w.rounds(o, func(_ uint64, ts int64) int64 { return ts })
}

// Jumps is RoundRobin with a clock that jumps: one record a year late after the first
// quarter, one a year early at the half, everything a year later from three quarters on,
// and back to the true time for the last eighth.
func Jumps(w *Writer, o Options) error {
	total := uint64(o.Flows) * Packets
	return w.rounds(o, func(i uint64, ts int64) int64 {
		switch {
		case i == total/4:
			return ts + year
		case i == total/2:
			return ts - year
		case i >= total/4*3 && i < total/8*7:
			return ts + year
		}
		return ts
	})
}

func (w *Writer) rounds(o Options, clock func(i uint64, ts int64) int64) error {
	if o.Payload == 0 {
		o.Payload = mss
	}
	step := max(int64(20*time.Millisecond)/int64(max(o.Flows, 1)), int64(time.Microsecond))
	open := make([]conversation, o.Flows)
	var i uint64
	for k := range Packets {
		for f := range open {
			t := traitsOf(o.Seed, uint64(f))
			ts := start + int64(i)*step
			w.frame = open[f].packet(w.frame[:0], &t, k, uint32((ts-start)/1e6), o.Payload)
			w.Frame(clock(i, ts), w.frame)
			i++
		}
	}
	return w.Flush()
}

// SYNFlood writes n flows of one SYN each, 1 µs apart, from changing sources to one server.
func SYNFlood(w *Writer, n int, seed uint64) error {
	server := Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("198.18.0.1"), Port: 443, TTL: 64}
	for i := range n {
		t := traitsOf(seed, uint64(i))
		c := uint32(uint64(i)*0x9e3779b1) & 0xffffff
		t.client.Addr = netip.AddrFrom4([4]byte{10, byte(c >> 16), byte(c >> 8), byte(c)})
		var opt [20]byte
		s := TCP{
			IP:      IP{Src: &t.client, Dst: &server, ID: uint16(t.rnd), DF: true},
			Flags:   syn,
			Window:  64240,
			Seq:     uint32(t.rnd >> 16),
			Options: SYNOptions(opt[:0], uint32(i/1000), 0),
		}
		w.frame = s.Append(w.frame[:0])
		w.Frame(start+int64(i)*1e3, w.frame)
	}
	return w.Flush()
}

// OneFlow writes one TCP connection of n packets, 10 µs apart, that never closes: after
// the handshake two full segments from the server and one ACK, over and over.
func OneFlow(w *Writer, n int, seed uint64) error {
	client := Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.MustParseAddr("10.0.0.1"), Port: 50000, TTL: 64}
	server := Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.MustParseAddr("198.18.0.1"), Port: 443, TTL: 64}
	r := mix(seed)
	next := [2]uint32{uint32(r), uint32(r >> 32)}
	var opt [20]byte
	for i := range n {
		now := uint32(i / 100)
		side := 0
		s := TCP{Flags: ack, Window: 502}
		switch {
		case i == 0:
			s.Flags, s.Window = syn, 64240
		case i == 1:
			s.Flags, s.Window, side = syn|ack, 65160, 1
		case i > 2 && i%3 != 2:
			s.Payload, side = noise[i&0x7fff:][:mss], 1
		}
		s.IP = IP{Src: &client, Dst: &server, ID: uint16(i), DF: true}
		if side == 1 {
			s.Src, s.Dst = &server, &client
		}
		s.Seq = next[side]
		if s.Flags&syn != 0 {
			s.Options = SYNOptions(opt[:0], now+1, 0)
			next[side]++
		} else {
			s.Options = TimestampOptions(opt[:0], now+1, now+1)
		}
		if s.Flags&ack != 0 {
			s.Ack = next[1-side]
		}
		next[side] += uint32(len(s.Payload))
		w.frame = s.Append(w.frame[:0])
		w.Frame(start+int64(i)*1e4, w.frame)
	}
	return w.Flush()
}

// Files writes n captures of one flow each into dir, 000000.pcap and so on; all flows
// differ. It makes dir if need be.
func Files(dir string, n int, seed uint64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := range n {
		if err := file(filepath.Join(dir, fmt.Sprintf("%06d.pcap", i)), seed, uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func file(name string, seed, number uint64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := NewWriter(f)
	t := traitsOf(seed, number)
	var c conversation
	for k := range Packets {
		ts := int64(k) * int64(10*time.Millisecond)
		w.frame = c.packet(w.frame[:0], &t, k, uint32(ts/1e6), mss)
		w.Frame(start+ts, w.frame)
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
