package filter

import (
	"errors"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

func TestCheck(t *testing.T) {
	for expr, want := range map[string]error{
		"": nil, "tcp port 80": nil, "inbound": nil, "wlan type mgt": nil, "ip and ip6 and arp": nil,
		"wlan addr1 ff:ff:ff:ff:ff:ff or type mgt": nil, "wlan ra 1:2:3:4:5:6": nil, "wlan host 1:2:3:4:5:6": nil, "radio[0] = 0": nil,
		"wlan addr1 10.0.0.1": ErrQualifier, "addr2 port 80": ErrQualifier, "port = 80": ErrSyntax, "tcp port 99999": ErrValue, "host nosuchname": ErrName, "(": ErrSyntax,
	} {
		if err := Check(expr, nil); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%q: %v; want %v", expr, err, want)
		}
	}
}

// What Check refuses compiles for no link type.
func TestCheckForgives(t *testing.T) {
	for _, s := range append(readList(t, "expressions.txt"), readList(t, "refused.txt")...) {
		if err := Check(s.expr, nil); err == nil {
			continue
		} else if _, compiles := Compile(s.expr, s.link, nil); compiles == nil {
			t.Errorf("link %d %q: %v", s.link, s.expr, err)
		}
	}
}

// A set gives each link type its own program, and an error only to those that have none.
func TestSet(t *testing.T) {
	ip := []byte{0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0}
	ether := append([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0}, ip...)
	s, err := NewSet("tcp src port 80", nil)
	if err != nil {
		t.Fatal(err)
	}
	frames := []packet.Frame{
		{Link: packet.LinkEthernet, Data: ether, Wire: 54}, {Link: packet.LinkRaw, Data: ip, Wire: 40},
		{Link: packet.LinkEthernet, Data: ether[:30], Wire: 54}, {Link: packet.LinkRaw, Data: ip[:21], Wire: 40},
	}
	for i := range frames {
		if ok, err := s.Match(&frames[i]); ok != (i < 2) || err != nil {
			t.Errorf("frame %d: %v, %v", i, ok, err)
		}
	}
	if n := allocs.PerRun(t, 100, func() {
		for i := range frames {
			s.Match(&frames[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if s, err = NewSet("ether multicast", nil); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Match(&frames[0]); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	var fe *Error
	if _, err := s.Match(&frames[1]); !errors.Is(err, ErrLinkType) || !errors.As(err, &fe) {
		t.Errorf("on raw IP: %v", err)
	}
}
