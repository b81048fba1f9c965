package tunnel

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"pinyon/internal/allocs"
)

// A msg is a message of a conversation.
type msg struct {
	dir int
	b   []byte
}

func run(msgs ...msg) (f Flow) {
	for _, m := range msgs {
		f.Datagram(m.dir, m.b, len(m.b))
	}
	return f
}

// random are n bytes that look encrypted, behind head.
func random(seed uint64, n int, head ...byte) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := append([]byte{}, head...)
	for len(b) < n {
		b = append(b, byte(rng.Uint32()))
	}
	return b
}

func wgInit(seed uint64, reserved byte) []byte {
	b := random(seed, 132, 1, reserved, 0, 0)
	return append(b, make([]byte, 16)...)
}

func wgData(index, counter uint32, n int) []byte {
	b := random(uint64(counter), 16+n)
	copy(b, []byte{4, 0, 0, 0})
	binary.LittleEndian.PutUint32(b[4:], index)
	binary.LittleEndian.PutUint64(b[8:], uint64(counter))
	return b
}

func wgAnswer(init []byte, typ byte, at, n int) []byte {
	b := random(9, n, typ, init[1], 0, 0)
	copy(b[at:], init[4:8])
	return b
}

// control is a message of OpenVPN's control channel.
func control(op byte, session uint64, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{op << 3}, session), rest...)
}

func ike(version, exchange byte, n int) []byte {
	b := random(4, n)
	b[17], b[18], b[19] = version, exchange, 0x08
	if version == 0x10 {
		b[19] = 1
	}
	binary.BigEndian.PutUint32(b[24:], uint32(n))
	return b
}

func numbered(id, n uint32, size int) []byte {
	b := random(uint64(n), size)
	binary.BigEndian.PutUint32(b, id)
	binary.BigEndian.PutUint32(b[4:], n)
	return b
}

func sccrq() []byte {
	b := []byte{0xc8, 2, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1, 0x80, 8, 0, 0, 0, 2, 1, 0}
	return b
}

func ppp(n byte) []byte { return []byte{0x40, 2, 0, 16, 0, 7, 0, 9, 0xff, 3, 0, 0x21, 0x45, n, 0, 0} }

// TestKinds: what proves a kind, what only hints at it, and what does neither.
func TestKinds(t *testing.T) {
	const c, s = 0x1122334455667788, 0x99aabbccddeeff00
	wg, warp, loaded := wgInit(1, 0), wgInit(1, 7), wgInit(1, 0)
	loaded[140] = 1
	auth := append(append(control(7, c), random(5, 20)...), 0, 0, 0, 1, 0x65, 0, 0, 0, 0, 0, 0, 0, 0)
	crypt := append(append(control(7, c), 0, 0, 0, 1, 0x65, 0, 0, 0), random(5, 37)...)
	cryptReply := append(append(control(8, s), 0, 0, 0, 1, 0x65, 0, 0, 0), random(6, 50)...)
	returned := binary.BigEndian.AppendUint64([]byte{1, 0, 0, 0, 0}, c)
	reply := append(control(8, s, returned...), 0, 0, 0, 0)
	for _, k := range []struct {
		name         string
		msgs         []msg
		proven, hint Kind
	}{
		{"nothing", nil, None, None},
		{"WireGuard, initiation", []msg{{0, wg}}, WireGuard, WireGuard},
		{"under load", []msg{{0, loaded}}, None, WireGuard},
		{"answered", []msg{{0, loaded}, {1, wgAnswer(loaded, 2, 8, 92)}}, WireGuard, WireGuard},
		{"reserved bytes", []msg{{0, warp}}, None, None},
		{"reserved bytes, answered", []msg{{0, warp}, {1, wgAnswer(warp, 2, 8, 92)}}, WireGuard, None},
		{"cookie", []msg{{1, loaded}, {0, wgAnswer(loaded, 3, 4, 64)}}, WireGuard, WireGuard},
		{"answer to another", []msg{{0, loaded}, {1, wgAnswer(wgInit(3, 0), 2, 8, 92)}}, None, WireGuard},
		{"one's own answer", []msg{{0, loaded}, {0, wgAnswer(loaded, 2, 8, 92)}}, None, WireGuard},
		{"data, two", []msg{{0, wgData(7, 1, 32)}, {0, wgData(7, 2, 32)}}, None, None},
		{"data, three", []msg{{0, wgData(7, 1, 32)}, {0, wgData(7, 2, 32)}, {1, wgData(8, 90, 96)}}, WireGuard, None},
		{"data of changing receivers", []msg{{0, wgData(7, 1, 32)}, {0, wgData(8, 2, 32)}, {0, wgData(9, 3, 32)}}, None, None},
		{"one length off", []msg{{0, wgData(7, 1, 33)}, {0, wgData(7, 2, 33)}, {0, wgData(7, 3, 33)}}, None, None},

		{"OpenVPN, plain", []msg{{0, control(7, c, 0, 0, 0, 0, 0)}}, OpenVPN, OpenVPN},
		{"plain, message 1", []msg{{0, control(7, c, 0, 0, 0, 0, 1)}}, None, None},
		{"tls-auth", []msg{{0, auth}}, OpenVPN, OpenVPN},
		{"tls-crypt", []msg{{0, crypt}}, None, OpenVPN},
		{"tls-crypt, answered", []msg{{0, crypt}, {1, cryptReply}}, None, OpenVPN},
		{"tls-crypt, acknowledged", []msg{{0, crypt}, {1, cryptReply}, {0, control(5, c, random(7, 45)...)}}, OpenVPN, OpenVPN},
		{"with another session", []msg{{0, crypt}, {1, cryptReply}, {0, control(5, c+1, random(7, 45)...)}}, None, OpenVPN},
		{"returned session", []msg{{1, crypt}, {0, reply}}, OpenVPN, OpenVPN},
		{"answer alone", []msg{{0, reply}}, None, None},
		{"begun before", []msg{{0, control(4, c, random(7, 60)...)}, {1, control(5, s, returned...)}}, OpenVPN, None},
		{"one constant for both", []msg{{0, control(4, c, random(7, 60)...)}, {1, control(4, c, random(8, 60)...)}, {0, control(4, c, random(9, 60)...)}}, None, None},
		{"data", data(0x48000001, 5), OpenVPN, None},
		{"data of four", data(0x48000001, 4), None, None},
		{"data of a large peer", data(0x48010000, 9), None, ESP},
		{"data without peer", data(0x48ffffff, 5), OpenVPN, None},

		{"IKEv2", []msg{{0, ike(0x20, 34, 300)}}, IKE, None},
		{"behind a marker", []msg{{0, append(make([]byte, 4), ike(0x20, 35, 300)...)}}, IKE, None},
		{"IKEv1", []msg{{0, ike(0x10, 2, 200)}}, IKE, None},
		{"exchange of IKEv1", []msg{{0, ike(0x20, 2, 200)}}, None, None},
		{"version 3", []msg{{0, ike(0x30, 34, 300)}}, None, None},
		{"one byte more", []msg{{0, append(ike(0x20, 34, 300), 0)}}, None, None},
		{"ESP", data(0xc0ffee01, espRun), None, ESP},
		{"of three", data(0xc0ffee01, espRun-1), None, None},
		{"reserved SPI", data(255, 9), None, None},

		{"L2TP", []msg{{0, sccrq()}}, L2TP, None},
		{"L2TP, empty", []msg{{0, []byte{0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1}}}, None, L2TP},
		{"L2TP, wrong length", []msg{{0, append(sccrq(), 0)}}, None, None},
		{"L2TP, PPP", []msg{{0, ppp(1)}, {0, ppp(2)}, {1, ppp(3)}}, L2TP, L2TP},
		{"L2TP, PPP once", []msg{{0, ppp(1)}}, None, L2TP},

		{"SoftEther", []msg{{0, []byte("A")}, {1, []byte("IP=192.0.2.1,PORT=5000")}}, SoftEther, None},
		{"unasked", []msg{{1, []byte("IP=192.0.2.1,PORT=5000")}}, None, None},
		{"no port", []msg{{0, []byte("A")}, {1, []byte("IP=192.0.2.1,PORT=")}}, None, None},
		{"Tailscale", []msg{{0, append([]byte(tailscaleMagic), random(1, 80)...)}}, Tailscale, None},
		{"Tailscale before WireGuard", []msg{{0, append([]byte(tailscaleMagic), random(1, 80)...)}, {1, wg}}, Tailscale, None},
		{"Tailscale behind WireGuard", []msg{{1, wg}, {0, append([]byte(tailscaleMagic), random(1, 80)...)}}, Tailscale, WireGuard},
	} {
		f := run(k.msgs...)
		if f.Proven() != k.proven || f.Hinted() != k.hint {
			t.Errorf("%s: proven %d, hint %d; want %d, %d", k.name, f.Proven(), f.Hinted(), k.proven, k.hint)
		}
	}
}

func data(id uint32, n int) (msgs []msg) {
	for i := range n {
		msgs = append(msgs, msg{0, numbered(id, uint32(100+i), 64)})
	}
	return msgs
}

// TestCount: a counter may leave something out and come late, and a jump begins anew.
func TestCount(t *testing.T) {
	var s side
	for i, c := range []struct {
		counter uint32
		want    int
	}{{5, 1}, {6, 2}, {7, 3}, {6, 3}, {7, 3}, {7 + maxStep, 4}, {8 + 2*maxStep, 1}, {9 + 2*maxStep, 2}, {1, 1}, {0xffffffff, 1}, {3, 2}} {
		if got := s.count(ESP, 300, c.counter); got != c.want {
			t.Errorf("step %d: %d; want %d", i, got, c.want)
		}
	}
	if s.count(ESP, 301, 4) != 1 || s.count(WireGuard, 301, 5) != 1 {
		t.Error("another id, another form: the run goes on")
	}
}

// TestSegments: what TCP shows.
func TestSegments(t *testing.T) {
	framed := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	pptp := append([]byte{0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0}, make([]byte, 144)...)
	const c, s = 0x1122334455667788, 0x99aabbccddeeff00
	first := append(framed(control(4, c, random(1, 40)...)), framed(control(4, c, random(2, 40)...))...)
	answer := framed(control(5, s, binary.BigEndian.AppendUint64([]byte{1, 0, 0, 0, 0}, c)...))
	for _, k := range []struct {
		name   string
		msgs   []msg
		proven Kind
	}{
		{"PPTP", []msg{{0, pptp}}, PPTP},
		{"PPTP, another cookie", []msg{{0, append([]byte{0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4e}, pptp[8:]...)}}, None},
		{"tinc", []msg{{0, []byte("0 alpha 17\n")}, {1, []byte("0 beta 17.7\n")}}, Tinc},
		{"tinc, one side", []msg{{0, []byte("0 alpha 17\n")}, {1, []byte("220 hello\n")}}, None},
		{"tinc, another version", []msg{{0, []byte("0 alpha 16\n")}, {1, []byte("0 beta 16\n")}}, None},
		{"tinc, a line more", []msg{{0, []byte("0 alpha 17\n1\n")}, {1, []byte("0 beta 17\n1\n")}}, None},
		{"OpenVPN", []msg{{0, framed(control(7, c, 0, 0, 0, 0, 0))}}, OpenVPN},
		{"two in one segment", []msg{{0, first}, {1, answer}}, OpenVPN},
		{"IKE over TCP", []msg{{0, append([]byte("IKETCP"), framed(append(make([]byte, 4), ike(0x20, 34, 300)...))...)}}, None},
		{"HTTP", []msg{{0, []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")}}, None},
	} {
		if k.name == "IKE over TCP" { // its length counts itself
			b := k.msgs[0].b
			binary.BigEndian.PutUint16(b[6:], binary.BigEndian.Uint16(b[6:])+2)
			k.proven = IKE
		}
		var f Flow
		for _, m := range k.msgs {
			f.Segment(m.dir, m.b, len(m.b))
		}
		if f.Proven() != k.proven {
			t.Errorf("%s: %d; want %d", k.name, f.Proven(), k.proven)
		}
	}
}

// TestSegmentsEnd: it stops asking after some segments of each direction.
func TestSegmentsEnd(t *testing.T) {
	var f Flow
	for i := range 2 * maxSegments {
		if !f.Segment(i&1, []byte("x"), 1) {
			t.Fatalf("gives up at segment %d", i)
		}
	}
	if f.Segment(0, []byte("x"), 1) || f.Segment(1, []byte("x"), 1) {
		t.Error("asks for more")
	}
}

// TestFirstBytes: Datagram leaves a form out by the first byte only if the form would refuse the
// message, whatever follows and whatever the other side said before.
func TestFirstBytes(t *testing.T) {
	const c, s = 0x1122334455667788, 0x99aabbccddeeff00
	returned := binary.BigEndian.AppendUint64([]byte{1, 0, 0, 0, 0}, c)
	bodies := [][]byte{
		wgInit(1, 0), wgAnswer(wgInit(1, 0), 2, 8, 92), wgAnswer(wgInit(1, 0), 3, 4, 64), wgData(7, 1, 32),
		control(7, c, 0, 0, 0, 0, 0), control(10, c, append([]byte{0, 0, 0, 1}, random(2, 400)...)...), append(control(8, s, returned...), 0, 0, 0, 0),
		control(5, s, returned...), control(4, c, random(7, 60)...), control(11, c, random(7, 60)...), numbered(0x48000001, 5, 64),
		ike(0x20, 34, 300), append(make([]byte, 4), ike(0x20, 35, 300)...), ike(0x20, 37, 28), ike(0x10, 2, 200), sccrq(), ppp(1),
		{0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1}, {0x0a, 2, 0, 7, 0, 9, 0, 0, 0xff, 3, 0, 0x21, 0, 0, 0, 0},
		[]byte("A"), []byte("IP=192.0.2.1,PORT=5000"), append([]byte(tailscaleMagic), random(1, 80)...),
	}
	said := 0
	for _, before := range bodies {
		opened := run(msg{1, before})
		opened.proven = 0
		for _, body := range bodies {
			b := bytes.Clone(body)
			for first := range 256 {
				b[0] = byte(first)
				asked, got := opened, opened
				f := &asked
				yes := f.wireGuard(0, b, len(b)) || f.openVPN(0, b, len(b)) || f.ike(b, len(b)) || f.l2tp(0, b, len(b)) ||
					f.tailscale(b, len(b)) || f.softEther(0, b, len(b))
				got.Datagram(0, b, len(b))
				if yes {
					said++
				} else { // then the numbers of messages are counted
					got.hinted &^= 1 << ESP
					asked.hinted &^= 1 << ESP
					got.sides[0] = side{session: got.sides[0].session, greeted: got.sides[0].greeted}
					asked.sides[0] = side{session: asked.sides[0].session, greeted: asked.sides[0].greeted}
				}
				if got != asked {
					t.Fatalf("first byte %#x of %x behind %x: %+v; want %+v", first, body, before, got, asked)
				}
			}
		}
	}
	if said < len(bodies)*len(bodies) {
		t.Errorf("only %d messages were told", said)
	}
}

// TestRandomDatagrams: noise of every length is no tunnel.
func TestRandomDatagrams(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	b := make([]byte, 1500)
	for i := range 200_000 {
		var f Flow
		for j := range 4 {
			n := 1 + rng.IntN(400)
			for k := 0; k < min(n, 64); k++ {
				b[k] = byte(rng.Uint32())
			}
			f.Datagram(j&1, b[:n], n)
		}
		if f.Proven() != None {
			t.Fatalf("flow %d: %d", i, f.Proven())
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var f Flow
	b := wgData(1, 1, 64)
	seg := []byte("0 alpha 17\n")
	if n := allocs.PerRun(t, 100, func() { f.Datagram(0, b, len(b)); f = Flow{}; f.Segment(0, seg, len(seg)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTunnel(f *testing.F) {
	f.Add([]byte{148, 0}, wgInit(1, 0), false)
	f.Add([]byte{14, 14}, bytes.Repeat(control(7, 9, 0, 0, 0, 0, 0), 2), true)
	f.Add([]byte{28}, sccrq(), false)
	f.Add([]byte{255}, ike(0x20, 34, 255), false)
	f.Add([]byte{11, 12}, []byte("0 alpha 17\n0 beta 17.7\n"), true)
	f.Fuzz(func(t *testing.T, cuts, stream []byte, tcp bool) {
		var one, cut Flow
		for i, n := range cuts {
			b := stream[:min(len(stream), int(n))]
			stream = stream[len(b):]
			if tcp {
				one.Segment(i, b, len(b))
				cut.Segment(i, b[:len(b)/2], len(b))
			} else {
				one.Datagram(i, b, len(b))
				cut.Datagram(i, b[:len(b)/2], len(b))
			}
			if one.Proven() > Tailscale || cut.Proven() > Tailscale || one.Hinted() > Tailscale {
				t.Fatalf("no kind: %d, %d, %d", one.Proven(), cut.Proven(), one.Hinted())
			}
		}
	})
}

func BenchmarkDatagram(b *testing.B) {
	for name, in := range map[string][]byte{"wireguard": wgData(1, 1, 1200), "noise": random(3, 1200, 0x90), "openvpn": numbered(0x48000001, 1, 1200)} {
		b.Run("in="+name, func(b *testing.B) {
			var f Flow
			for b.Loop() {
				f.Datagram(0, in, len(in))
			}
		})
	}
}
