package groups

import (
	"net/netip"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/flow"
	"pinyon/packet"
)

// published are the vectors of the specification's repository (baseline_deflt.json and
// baseline_seed1.json): a first packet, and the ID with seed 0 and seed 1. Of ICMP the numbers
// are the type and code 0, or what a one-way type has there.
var published = []struct {
	proto        uint8
	src, dst     string
	sport, dport uint16
	seed0, seed1 string
}{
	{58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, "dGHyGvjMfljg6Bppwm3bg0LO8TY=", "kHa1FhMYIT6Ym2Vm2AOtoOARDzY="},
	{58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0, "dGHyGvjMfljg6Bppwm3bg0LO8TY=", "kHa1FhMYIT6Ym2Vm2AOtoOARDzY="},
	{58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 0, "zavyT/cezQr1fmImYCwYnMXbgck=", "2hSqmsDZ2kdcY9kbiUzOEBic0iM="},
	{58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 136, 0, "zavyT/cezQr1fmImYCwYnMXbgck=", "2hSqmsDZ2kdcY9kbiUzOEBic0iM="},
	{58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, "2ObVBgIn28oZvibYZhZMBgh7WdQ=", "lVEtCZpYu84Xqaa++3lXFyuu2n4="},
	{58, "3ffe:501:410:0:2c0:dfff:fe47:33e", "3ffe:507:0:1:200:86ff:fe05:80da", 1, 4, "hLZd0XGWojozrvxqE0dWB1iM6R0=", "W8MHwXpWzpoSTD+cGcaJr4u0ys8="},
	{58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0, "+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "GfZxjAkDk2MkegpBYHV6tadtFXQ="},
	{58, "3ffe:501:0:1001::2", "3ffe:507:0:1:200:86ff:fe05:80da", 129, 0, "+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "GfZxjAkDk2MkegpBYHV6tadtFXQ="},
	{58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 0, "hO+sN4H+MG5MY/8hIrXPqc4ZQz0=", "L7Ka0ZMYu+J3bL4ulW2PrqyXNo8="},
	{58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 0, "pkvHqCL88/tg1k4cPigmZXUtL00=", "K/ee5UCqAMAQXDorP5nSa2CGLjc="},
	{58, "fe80::f16d:891:6486", "ff02::16", 143, 0, "RV16uVV43r2zOGm3lJeoMBzljBw=", "+6AvSv3fAy+u4qmf5jRgSTx1Fk0="}, // not a published one: tshark's, and by hand
	{1, "192.168.0.89", "192.168.0.1", 8, 0, "X0snYXpgwiv9TZtqg64sgzUn6Dk=", "03g6IloqVBdcZlPyX8r0hgoE7kA="},
	{1, "192.168.0.1", "192.168.0.89", 0, 0, "X0snYXpgwiv9TZtqg64sgzUn6Dk=", "03g6IloqVBdcZlPyX8r0hgoE7kA="},
	{1, "10.0.0.1", "10.0.0.2", 11, 0, "YHxtAirCG//0OzkcVAukqKQN9xM=", "XjUibYHaafLQ3pxQeiMI8g25q20="},
	{6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25, "/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "eJYTW6AOzFLlSUoESovMjnu7rMw="},
	{6, "2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 25, 63943, "/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "eJYTW6AOzFLlSUoESovMjnu7rMw="},
	{132, "192.168.170.8", "192.168.170.56", 7, 7, "MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "5w3ZRjeKBzqT3zsaEECDGjUbYeg="},
	{132, "192.168.170.56", "192.168.170.8", 7, 7, "MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "5w3ZRjeKBzqT3zsaEECDGjUbYeg="},
	{6, "128.232.110.120", "66.35.250.204", 34855, 80, "LQU9qZlK+B5F3KDmev6m5PMibrg=", "3V71V58M3Ksw/yuFALMcW0LAHvc="},
	{6, "66.35.250.204", "128.232.110.120", 80, 34855, "LQU9qZlK+B5F3KDmev6m5PMibrg=", "3V71V58M3Ksw/yuFALMcW0LAHvc="},
	{17, "192.168.1.52", "8.8.8.8", 54585, 53, "d/FP5EW3wiY1vCndhwleRRKHowQ=", "Q9We8WO3piVF8yEQBNJF4uiSVrI="},
	{17, "8.8.8.8", "192.168.1.52", 53, 54585, "d/FP5EW3wiY1vCndhwleRRKHowQ=", "Q9We8WO3piVF8yEQBNJF4uiSVrI="},
	{46, "10.1.12.1", "10.1.12.2", 0, 0, "KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "rYir8gphR31noO9iDRQmF/BteEI="},
	{46, "10.1.12.2", "10.1.12.1", 0, 0, "KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "rYir8gphR31noO9iDRQmF/BteEI="},
}

func TestCommunityIDVectors(t *testing.T) {
	for _, v := range published {
		src, dst := netip.MustParseAddr(v.src), netip.MustParseAddr(v.dst)
		p := packet.Packet{Proto: v.proto, IPVersion: 4}
		if src.Is6() {
			p.IPVersion, p.Src, p.Dst = 6, src.As16(), dst.As16()
		} else {
			s, d := src.As4(), dst.As4()
			copy(p.Src[:], s[:])
			copy(p.Dst[:], d[:])
		}
		if v.proto == packet.ProtoICMP || v.proto == packet.ProtoICMPv6 {
			p.Has, p.ICMPType, p.ICMPCode = packet.HasICMP, uint8(v.sport), uint8(v.dport)
		} else {
			p.SrcPort, p.DstPort = v.sport, v.dport
			p.Has = packet.HasPorts
		}
		for seed, want := range []string{v.seed0, v.seed1} {
			// The flow's direction, and so its roles, must not matter but for one-way messages.
			for _, later := range []bool{false, true} {
				var r Row
				r.plan = &Plan{seed: uint16(seed)}
				r.Swapped = flow.MakeKey(&r.Key, &p, false)
				o := flow.Obs{Packet: &p}
				if later { // the second part of a flow, whose first packet goes backward
					r.Swapped = !r.Swapped
					o.Dir = flow.Bwd
				}
				r.core.update(&o)
				r.opener.update(&o)
				if got, ok := communityID(nil, &r); !ok || string(got) != "1:"+want {
					t.Errorf("protocol %d, %s:%d to %s:%d, seed %d, later %v: %s; want 1:%s", v.proto, v.src, v.sport, v.dst, v.dport, seed, later, got, want)
				}
			}
		}
	}
}

// TestCommunityIDWithoutPorts: a fragment whose first one was not seen is hashed without ports,
// as tshark does it, and not with those of the number 0, which there are.
func TestCommunityIDWithoutPorts(t *testing.T) {
	for has, want := range map[packet.Has]string{
		packet.HasFragment | packet.HasLaterFragment: "1:SVC9pCJOO/E1QY5vPejRqzArhsg=",
		packet.HasPorts | packet.HasTransport:        "1:ZqpccwtYq+ulJcZRACMWefv6XE4=",
	} {
		p := packet.Packet{Proto: packet.ProtoUDP, IPVersion: 4, Has: has, Src: [16]byte{10, 12, 64, 30}, Dst: [16]byte{198, 226, 25, 53}}
		r := Row{plan: &Plan{}}
		r.Swapped = flow.MakeKey(&r.Key, &p, false)
		r.opener.update(&flow.Obs{Packet: &p})
		if got, ok := communityID(nil, &r); !ok || string(got) != want {
			t.Errorf("has %b: %s; want %s", has, got, want)
		}
	}
}

// TestCommunityIDHidden: who hides addresses or ports gets no column that gives them away.
func TestCommunityIDHidden(t *testing.T) {
	for _, c := range []struct {
		name string
		hide func(*Options)
		want bool
	}{
		{"nothing", func(*Options) {}, true},
		{"addresses", func(o *Options) { o.Addresses = false }, false},
		{"ports", func(o *Options) { o.Ports = false }, false},
		{"hashed addresses", func(o *Options) { o.Anonymize = true }, false},
	} {
		o := &Options{Groups: []string{"all", "extra"}, Addresses: true, Ports: true}
		c.hide(o)
		p, err := NewPlan(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(p.Schema.Fields, func(f column.Field) bool { return f.Name == "community_id" }); got != c.want {
			t.Errorf("%s hidden: community_id is there: %v", c.name, got)
		}
	}
}
