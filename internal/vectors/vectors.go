// Package vectors builds the check flows that tests of every feature group share: V1x, a
// TCP connection of 13 packets; V2, one UDP datagram; V3, five equal TCP segments in
// alternating directions. Packet k has payload byte j (both ways counted, j from 0, k
// from 1) of (j*j + k) mod 256 and lies 100 s plus its offset after the epoch.
package vectors

import (
	"net/netip"
	"time"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// Base is the time of every vector's first packet, ns since 1970-01-01 UTC.
const Base = int64(100 * time.Second)

const linkEthernet = 1

// ecn is ECT(0), the ToS byte of V1x packets with payload.
const ecn = 2

func host(mac byte, addr string, port uint16, ttl uint8) *gen.Host {
	return &gen.Host{
		MAC:  [6]byte{2, 0, 0, 0, 0, mac},
		Addr: netip.MustParseAddr(addr),
		Port: port,
		TTL:  ttl,
	}
}

// Payload is the payload of packet k, n bytes.
func Payload(k, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(j*j + k)
	}
	return b
}

func frame(data []byte, offset time.Duration, k int) packet.Frame {
	return packet.Frame{
		Data:   data,
		TS:     Base + int64(offset),
		Wire:   uint32(len(data)),
		Link:   linkEthernet,
		Number: uint64(k),
	}
}

const (
	ms  = time.Millisecond
	fwd = false
	bwd = true

	syn    = packet.SYN
	synAck = packet.SYN | packet.ACK
	ack    = packet.ACK
	push   = packet.PSH | packet.ACK
	finAck = packet.FIN | packet.ACK
)

// v1x is a TLS-like connection: handshake, a request and its answer in two segments, a
// second exchange, a late part of the answer that is not acknowledged on its own, close.
var v1x = []struct {
	reply        bool
	offset       time.Duration
	flags        uint16
	payload      int
	seq, ack     uint32
	window       uint16
	tsval, tsecr uint32
}{
	{fwd, 0, syn, 0, 1000, 0, 64240, 100, 0},
	{bwd, 20 * ms, synAck, 0, 5000, 1001, 65160, 900, 100},
	{fwd, 21 * ms, ack, 0, 1001, 5001, 502, 121, 900},
	{fwd, 25 * ms, push, 517, 1001, 5001, 502, 125, 900},
	{bwd, 45 * ms, ack, 1448, 5001, 1518, 501, 925, 125},
	{bwd, 45*ms + 200*time.Microsecond, ack, 1448, 6449, 1518, 501, 925, 125},
	{fwd, 46 * ms, ack, 0, 1518, 7897, 480, 146, 925},
	{fwd, 150 * ms, push, 533, 1518, 7897, 502, 250, 925},
	{bwd, 170 * ms, push, 533, 7897, 2051, 501, 1050, 250},
	{bwd, 470 * ms, push, 200, 8430, 2051, 501, 1350, 250},
	{fwd, 471 * ms, finAck, 0, 2051, 8630, 502, 571, 1050},
	{bwd, 490 * ms, finAck, 0, 8630, 2052, 501, 1370, 571},
	{fwd, 491 * ms, ack, 0, 2052, 8631, 502, 591, 1370},
}

// V1 is V1x: tests that need sizes, times and flags only read the same frames.
func V1() []packet.Frame { return V1x() }

// V1x is a TCP connection 10.0.0.5:51000 to 192.0.2.10:443 with every header field set:
// DF, TTL 64 and 57, IP id 100 upward and 0, Linux's options, window scale 7.
func V1x() []packet.Frame {
	client := host(1, "10.0.0.5", 51000, 64)
	server := host(2, "192.0.2.10", 443, 57)
	frames := make([]packet.Frame, 0, len(v1x))
	id := uint16(100)
	for i, s := range v1x {
		k := i + 1
		t := gen.TCP{
			IP:      gen.IP{Src: client, Dst: server, DF: true},
			Flags:   s.flags,
			Window:  s.window,
			Seq:     s.seq,
			Ack:     s.ack,
			Payload: Payload(k, s.payload),
		}
		if s.reply {
			t.Src, t.Dst = server, client
		} else {
			t.ID = id
			id++
		}
		if s.payload > 0 {
			t.TOS = ecn
		}
		if s.flags&syn != 0 {
			t.Options = gen.SYNOptions(nil, s.tsval, s.tsecr)
		} else {
			t.Options = gen.TimestampOptions(nil, s.tsval, s.tsecr)
		}
		frames = append(frames, frame(t.Append(nil), s.offset, k))
	}
	return frames
}

// V2 is one UDP datagram of 50 bytes, 10.0.0.5:5353 to 192.0.2.20:51820.
func V2() []packet.Frame {
	u := gen.UDP{
		IP:      gen.IP{Src: host(1, "10.0.0.5", 5353, 64), Dst: host(2, "192.0.2.20", 51820, 57)},
		Payload: Payload(1, 50),
	}
	return []packet.Frame{frame(u.Append(nil), 0, 1)}
}

// V3 is five TCP segments of 534 bytes, 100 ms apart and alternating from 10.0.0.5:40000
// to 192.0.2.30:9001, without handshake or close. Each acknowledges the one before.
func V3() []packet.Frame {
	const size = 534
	client := host(1, "10.0.0.5", 40000, 64)
	server := host(2, "192.0.2.30", 9001, 57)
	frames := make([]packet.Frame, 0, 5)
	seq := [2]uint32{1000, 5000}
	tsval := [2]uint32{100, 900}
	for i := range 5 {
		from, to := i%2, 1-i%2
		t := gen.TCP{
			IP:      gen.IP{Src: client, Dst: server, DF: true},
			Flags:   push,
			Window:  502,
			Seq:     seq[from],
			Ack:     seq[to],
			Options: gen.TimestampOptions(nil, tsval[from], tsval[to]),
			Payload: Payload(i+1, size),
		}
		if from == 1 {
			t.Src, t.Dst = server, client
		} else {
			t.ID = uint16(100 + i/2)
		}
		seq[from] += size
		tsval[from] += 200
		frames = append(frames, frame(t.Append(nil), time.Duration(i)*100*ms, i+1))
	}
	return frames
}
