package filter

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

func mustCompile(t testing.TB, expr string, link uint16, o *Options) *Program {
	t.Helper()
	p, err := Compile(expr, link, o)
	if err != nil {
		t.Fatalf("%.80s: %v", expr, err)
	}
	return p
}

// A SYN from 10.0.0.1:40000 to 192.168.1.5:443 over Ethernet.
const synHex = "000102030405aabbccddeeff08004500002800010000400600000a000001c0a80105" +
	"9c4001bb00000001000000005002ffff00000000"

func syn(t testing.TB) []byte {
	b, err := hex.DecodeString(synHex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMatch(t *testing.T) {
	frame := syn(t)
	for expr, want := range map[string]bool{
		"": true, " \t\r\n": true,
		"tcp port 443": true, "tcp dst port https": true, "udp port 443": false,
		"src host 10.0.0.1 and dst net 192.168": true, "port 80 or 443": true, "src or dst 10.0.0.2": false,
		"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn": true, "not tcp": false,
		"ether src aa:bb:cc:dd:ee:ff": true, "ether dst aa:bb:cc:dd:ee:ff": false,
		"len = 1500": true, "greater 1500 and less 1500": true, "len < 1500": false, "byte 12 = 8": true,
		"byte 12 & 8": true, "byte 12 & 7": false, "byte 15 | 0": false, "byte 15 | 1": true,
		"ip[-2:2] = 0x800": true, "tcp[-4:4] = 0xc0a80105": true, "tcp[-20] = 0x45": true,
		"ether[100] = 0": false, "not ether[100] = 0": false, "ether[100] = 0 or ip": false, "ip or ether[100] = 0": true,
		"net 0.0.0.0/0": true, "ip6 or not ip6": true, "ip broadcast": false, "ip proto \\tcp": true,
		"ip[9] - ip[0] - ip[1] - ip[2] - ip[3] - ip[4] - ip[5] - ip[6] + 104 = 0":          true,
		"ip[9] - (ip[0] - (ip[1] - (ip[2] - (ip[3] - (ip[4] - (ip[5] - ip[6])))))) = -22":  true,
		"(ip[0] - tcp[0]) * (ip[3] - tcp[1]) - (ip[9] - tcp[2]) * (ip[8] - tcp[3]) = 2703": true,
		"ip[9] / (6 - 6) = 0": false, "ip[0] << (30 + 2) = 0": true,
		"1 = 1": true, "5 > 4 and 4 < 5 and 4 <= 4 and 4 >= 4 and 4 != 5": true,
		"ip[0] % 3 + 1 = 1": true, // % takes all that is right of it
	} {
		p := mustCompile(t, expr, 1, nil)
		plain := mustCompile(t, expr, 1, &Options{NoOptimize: true})
		if p.Match(frame, 1500) != want || plain.Match(frame, 1500) != want {
			t.Errorf("%q: %v, not optimized %v, want %v", expr, p.Match(frame, 1500), plain.Match(frame, 1500), want)
		}
	}
}

// What a primitive moves stays moved, across or.
func TestVLANMoves(t *testing.T) {
	frame := syn(t)
	tagged := append(append(append([]byte(nil), frame[:12]...), 0x81, 0, 0, 3), frame[12:]...)
	for expr, want := range map[string][2]bool{
		"vlan": {false, true}, "vlan 3 and tcp": {false, true}, "vlan 4": {false, false},
		"vlan or tcp": {false, true}, "tcp or vlan": {true, true}, "tcp": {true, false},
	} {
		p := mustCompile(t, expr, 1, nil)
		if got := [2]bool{p.Match(frame, 60), p.Match(tagged, 64)}; got != want {
			t.Errorf("%q: %v, want %v", expr, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		expr   string
		offset int
		word   string
		kind   error
	}{
		{"port = 80", 5, "=", ErrSyntax},
		{"tcp port = 3", 9, "=", ErrSyntax},
		{"tcp and", 7, "", ErrSyntax},
		{"invalid filter", 0, "invalid", ErrSyntax},
		{"tcp port nosuch", 9, "nosuch", ErrName},
		{"host www.example.org", 5, "www.example.org", ErrName},
		{"tcp or port 70000", 12, "70000", ErrValue},
		{"tcp or icmp port 80", 17, "80", ErrQualifier},
		{"host 192.168.1.666", 5, "192.168.1.666", ErrValue},
		{"ip[0] / 0 = 1", 6, "/", ErrValue},
		{"ip[0:3] = 1", 0, "ip", ErrValue},
		{"ip and inbound", 7, "inbound", ErrMode},
		{"wlan type mgt", 5, "type", ErrLinkType},
		{"on em0", 0, "on", ErrLinkType},
		{"ip and ip6", 0, "", ErrRejectsAll},
		{"09 = len", 0, "09", ErrValue},
		{strings.Repeat("(", 1000) + "ip" + strings.Repeat(")", 1000), 250, "(", ErrTooComplex},
		{strings.Repeat("a", maxText+1), maxText, "", ErrTooComplex},
	} {
		_, err := Compile(c.expr, 1, nil)
		var e *Error
		if !errors.As(err, &e) || e.Offset != c.offset || e.Word != c.word || !errors.Is(err, c.kind) {
			t.Errorf("%.40q: %#v, want %q at %d, %v", c.expr, err, c.word, c.offset, c.kind)
		}
	}
}

// An expression that nothing can match is refused where libpcap refuses it, and no further.
func TestRejectsAll(t *testing.T) {
	for _, c := range []struct {
		link uint16
		expr string
		want error
	}{
		{1, "ip and arp", ErrRejectsAll}, {1, "tcp and udp", ErrRejectsAll}, {1, "tcp and udp and arp[0] = 1", ErrRejectsAll},
		{1, "udp and aarp", nil}, {1, "(udp) and (aarp)", nil}, {1, "aarp and udp", nil}, {1, "ip and aarp", nil}, {1, "udp and ipx", nil},
		{113, "udp and aarp", ErrRejectsAll}, {127, "ip and arp", nil},
	} {
		p, err := Compile(c.expr, c.link, nil)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("link %d %q: %v; want %v", c.link, c.expr, err, c.want)
		}
		if p != nil && p.Match(syn(t), 54) {
			t.Errorf("link %d %q matches", c.link, c.expr)
		}
	}
}

type names map[string]string

func (n names) Host(name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(n[name]); err == nil {
		return []netip.Addr{a, netip.MustParseAddr("2001:db8::1")}, nil
	}
	return nil, errors.New("no such host")
}

func (n names) Net(name string) (netip.Prefix, error) { return netip.ParsePrefix(n[name]) }

func (n names) Ether(name string) ([6]byte, error) {
	if name != "here" {
		return [6]byte{}, errors.New("no such host")
	}
	return [6]byte{0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}, nil
}

func TestResolver(t *testing.T) {
	o := &Options{Resolver: names{"here": "10.0.0.1", "there": "10.0.0.9", "home": "192.168.0.0/16"}}
	frame := syn(t)
	for expr, want := range map[string]bool{
		"host here": true, "src there": false, "dst net home": true, "ether host here": true,
		"ip6 host here": false, "gateway here": false,
	} {
		if got := mustCompile(t, expr, 1, o).Match(frame, 54); got != want {
			t.Errorf("%q: %v", expr, got)
		}
	}
	for _, expr := range []string{"host away", "net away", "ether host away", "gateway away"} {
		if _, err := Compile(expr, 1, o); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", expr, err)
		}
	}
}

// Long expressions need jumps beyond 255 instructions.
func TestFarJumps(t *testing.T) {
	var parts []string
	for i := range 400 {
		parts = append(parts, fmt.Sprintf("host 10.1.%d.%d", i/256, i%256))
	}
	frame := syn(t)
	for _, expr := range []string{
		strings.Join(parts, " or ") + " or host 10.0.0.1",
		"(" + strings.Join(parts, " or ") + ") and arp or tcp dst port 443",
		"not (" + strings.Join(parts, " or ") + ")",
	} {
		p := mustCompile(t, expr, 1, nil)
		plain := mustCompile(t, expr, 1, &Options{NoOptimize: true})
		if !p.Match(frame, 54) || !plain.Match(frame, 54) || !interpret(p.code, frame, 54, nil) {
			t.Errorf("%.40s: no match", expr)
		}
		if mustCompile(t, expr, 1, &Options{Mode: ModeKernel}); len(p.code) > maxInstructions {
			t.Errorf("%.40s: %d instructions", expr, len(p.code))
		}
	}
	for range 4 {
		parts = append(parts, parts...)
	}
	var unlike []string
	for i := range parts {
		unlike = append(unlike, fmt.Sprintf("ether[%d] = %d", i%200, i))
	}
	if _, err := Compile(strings.Join(unlike, " or "), 1, &Options{Mode: ModeKernel}); !errors.Is(err, ErrTooComplex) {
		t.Error("too long for a kernel:", err)
	}
}

// The longest expressions compile in time, or are refused.
func TestLongest(t *testing.T) {
	fill := func(part func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < maxText-40; i++ {
			if i > 0 {
				b.WriteString(" or ")
			}
			b.WriteString(part(i))
		}
		return b.String()
	}
	for name, expr := range map[string]string{
		"ip":     fill(func(int) string { return "ip" }),
		"port":   fill(func(i int) string { return fmt.Sprint("port ", i%65536) }),
		"tcp":    fill(func(i int) string { return fmt.Sprint("tcp[", i%60, "] = ", i) }),
		"link":   fill(func(i int) string { return fmt.Sprint("link[", i, "] = 1 and ip[", i, "] = 2") }),
		"vlan":   fill(func(int) string { return "vlan and ip" }),
		"geneve": fill(func(int) string { return "geneve" }),
		"sum":    "ip[0]" + strings.Repeat(" + ip[1]", maxText/9) + " = 1",
		"not":    strings.Repeat("not ", maxText/4-1) + "ip",
		"len":    fill(func(i int) string { return fmt.Sprint("len = ", i) }),
		"mixed":  fill(func(i int) string { return fmt.Sprintf("host 10.0.%d.%d and not port %d", i/256%256, i%256, i%500) }),
	} {
		start := time.Now()
		p, err := Compile(expr, 1, nil)
		n := 0
		if err == nil {
			n = len(p.code)
		} else if !errors.Is(err, ErrTooComplex) {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v, %d instructions, %v", name, time.Since(start).Round(time.Millisecond), n, err)
	}
}

func TestDirection(t *testing.T) {
	live := mustCompile(t, "outbound and tcp", 1, &Options{Mode: ModeLive})
	f := packet.Frame{Data: syn(t), Wire: 54, Link: 1}
	for typ, want := range map[packet.Type]bool{packet.TypeUnknown: false, packet.TypeHost: false, packet.TypeOutgoing: true} {
		f.Type = typ
		if got := live.MatchFrame(&f); got != want {
			t.Errorf("type %d: %v", typ, got)
		}
	}
	f.Link = 101
	if live.MatchFrame(&f) {
		t.Error("matches a frame of another link type")
	}
}

// On a device of mixed link types the kernel has no cooked header.
func TestKernelCooked(t *testing.T) {
	o := &Options{Mode: ModeKernel}
	for link, header := range map[uint16]int{packet.LinkLinuxSLL: 16, packet.LinkLinuxSLL2: 20} {
		for _, expr := range []string{"tcp port 443", "ip6", "not arp", "host 10.0.0.1", "tcp[13] & 2 != 0", "len = 100", "outbound", "inbound and udp"} {
			file, kernel := mustCompile(t, expr, link, nil), mustCompile(t, expr, link, o)
			m := newMaker(9)
			for range 500 {
				data, wire := m.frame(link)
				if len(data) < header {
					continue
				}
				proto, typ := uint32(data[14])<<8|uint32(data[15]), uint32(data[1])
				if header == 20 {
					proto, typ = uint32(data[0])<<8|uint32(data[1]), uint32(data[10])
				} else if data[0] != 0 {
					continue
				}
				beside := map[uint32]uint32{adProtocol: proto, adPacketType: typ}
				if a, b := file.Match(data, wire), interpret(kernel.code, data[header:], wire-uint32(header), beside); a != b {
					t.Fatalf("%d %q: file %v, kernel %v on %x", link, expr, a, b, data)
				}
			}
		}
		for _, expr := range []string{"link[3] = 1", "protochain 6", "link[ip[0]] = 1"} {
			if _, err := Compile(expr, link, o); !errors.Is(err, ErrMode) {
				t.Errorf("%d %q: %v", link, expr, err)
			}
		}
	}
}

// A file of BSD loopback frames may come from a host of either byte order.
func TestLoopbackOrder(t *testing.T) {
	ip := syn(t)[14:]
	p := mustCompile(t, "tcp dst port 443", packet.LinkNull, nil)
	for _, family := range []string{"\x02\x00\x00\x00", "\x00\x00\x00\x02"} {
		if !p.Match(append([]byte(family), ip...), 44) {
			t.Errorf("%q: no match", family)
		}
	}
}

// An authentication header is stepped over by its length.
func TestProtochain(t *testing.T) {
	ip := append([]byte(nil), syn(t)[14:]...)
	ip[9] = ipAH
	auth := append([]byte{ipAH, 4}, make([]byte, 22)...)
	last := append([]byte{ipTCP, 4}, make([]byte, 22)...)
	data := join(ip[:20], auth, last, ip[20:])
	if !mustCompile(t, "ip protochain 6", 101, nil).Match(data, 92) {
		t.Error("no match behind two headers")
	}
	if mustCompile(t, "ip protochain 17", 101, nil).Match(data, 92) {
		t.Error("matches what is not there")
	}
	// Headers that lead to the end, and no further.
	loop := append(append([]byte(nil), ip[:20]...), bytes.Repeat([]byte{ipAH, 0, 0, 0, 0, 0, 0, 0}, 4000)...)
	if mustCompile(t, "protochain 6", 101, nil).Match(loop, 1500) {
		t.Error("matches behind the end")
	}
}

func TestDumpForms(t *testing.T) {
	p := mustCompile(t, "arp", 1, nil)
	var b strings.Builder
	p.DumpC(&b)
	p.DumpDecimal(&b)
	const want = "{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 0, 1, 0x00000806 },\n{ 0x6, 0, 0, 0x00040000 },\n{ 0x6, 0, 0, 0x00000000 },\n" +
		"4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n"
	if b.String() != want || p.Len() != 4 {
		t.Errorf("%d instructions:\n%s\nwant\n%s", p.Len(), b.String(), want)
	}
}

func TestDump(t *testing.T) {
	var b bytes.Buffer
	if err := mustCompile(t, "ip and tcp dst port 443", 1, nil).Dump(&b); err != nil {
		t.Fatal(err)
	}
	const want = `(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 10
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 10
(004) ldh      [20]
(005) jset     #0x1fff          jt 10	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldh      [x + 16]
(008) jeq      #0x1bb           jt 9	jf 10
(009) ret      #262144
(010) ret      #0
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
	b.Reset()
	mustCompile(t, "vlan 5 and inbound and ip", 1, &Options{Mode: ModeKernel}).Dump(&b)
	for _, s := range []string{"[vlanp]", "[vlan_tci]", "[type]", "M[0]"} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %s in\n%s", s, b.String())
		}
	}
}

func TestAllocations(t *testing.T) {
	frame := syn(t)
	for _, expr := range []string{"tcp port 443", "vlan or geneve or udp", "ip6 protochain 6 or ip"} {
		p := mustCompile(t, expr, 1, nil)
		if n := allocs.PerRun(t, 100, func() { p.Match(frame, 54) }); n != 0 {
			t.Errorf("%q: %v allocations", expr, n)
		}
	}
}
