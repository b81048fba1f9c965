package groups

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

func TestResolverAddresses(t *testing.T) {
	for text, want := range map[string]bool{"1.1.1.1": true, "8.8.4.4": true, "2620:fe::fe": true, "1.1.1.4": false, "104.16.248.249": false, "::": false} {
		if got := isResolverAddress(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v; want %v", text, got, want)
		}
	}
}

// TestResolverList: every line is a name in lower case or an address, and is there once.
func TestResolverList(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(resolverText) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if _, err := netip.ParseAddr(line); err != nil && (line != strings.ToLower(line) || !strings.Contains(line, ".") || strings.ContainsAny(line, " /:_*")) {
			t.Errorf("no name: %q", line)
		}
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
	}
	if l := resolvers(); len(l.names)+len(l.addresses) != len(seen) || len(seen) < 300 {
		t.Errorf("%d names, %d addresses of %d lines", len(l.names), len(l.addresses), len(seen))
	}
}

// TestHintsStayBelow: rules that hold for other traffic too never add up to a yes.
func TestHintsStayBelow(t *testing.T) {
	for name, rules := range map[string][]rule{"vpn": vpnHints[:], "doh": dohShaped[:]} {
		sum := 0
		for _, r := range rules {
			sum += r.amount
		}
		if sum >= likely {
			t.Errorf("%s: %d", name, sum)
		}
	}
}

func TestTorNames(t *testing.T) {
	for name, want := range map[string]bool{
		"www.p3s7mjfhnnmk33aep.com": true, "www.gqwc.com": true, "www.google.com": true, "www.abc.com": false, "www.a1bcd.com": false,
		"www.Abcde.com": false, "p3s7mjfhnnmk33aep.com": false, "www.p3s7mjfhnnmk33aep.net": false, "www.a.bcd.com": false,
		"www." + strings.Repeat("a", 25) + ".com": true, "www." + strings.Repeat("a", 26) + ".com": false, "www..com": false, "www.com": false,
	} {
		if got := torLabel([]byte(name), ".com", 4, 25) != nil; got != want {
			t.Errorf("%s: %v; want %v", name, got, want)
		}
	}
	for label, want := range map[string]bool{
		"p3s7mjfhnnmk33aep": true, "szbjxv": true, "77cppflrdvbwey": true, "qyti": true, "google": false, "facebook": false, "wikipedia": false, "openstreetmap": false, "": false,
	} {
		if got := madeUp([]byte(label)); got != want {
			t.Errorf("%s made up: %v; want %v", label, got, want)
		}
	}
}

// TestCells: the lengths of records with one cell or several, for every cipher that adds another length.
func TestCells(t *testing.T) {
	for k := 1; k <= 7; k++ {
		n := k * torCell
		cbc := func(digest int) int { return 16 + (n+digest)/16*16 + 16 }
		for name, c := range map[string]struct {
			n    int
			is13 bool
		}{"1.3": {n + 17, true}, "GCM": {n + 24, false}, "ChaCha20": {n + 16, false}, "CBC with SHA-1": {cbc(20), false}, "CBC with SHA-256": {cbc(32), false}} {
			if !isCells(c.n, c.is13) {
				t.Errorf("%d cells, %s: %d bytes are none", k, name, c.n)
			}
			if isCells(c.n+7, c.is13) || isCells(c.n-7, c.is13) {
				t.Errorf("%d cells, %s: 7 bytes more or less are some", k, name)
			}
		}
	}
	for _, n := range []int{0, 16, 17, 24, 40, 300} {
		if isCells(n, true) || isCells(n, false) {
			t.Errorf("%d bytes are cells", n)
		}
	}
}

func TestSoleName(t *testing.T) {
	der, _ := hex.DecodeString("301d311b3019060355040313127777772e703373376d6a66686e6e2e6e6574")
	if got := string(soleName(der)); got != "www.p3s7mjfhnn.net" {
		t.Errorf("%q", got)
	}
	for i := range der {
		if soleName(der[:i]) != nil {
			t.Errorf("%d bytes of it are a name", i)
		}
	}
	if soleName(append(der, der...)) != nil {
		t.Error("what lies behind it is part of it")
	}
}

// TestDNSInClear: targets and media types of RFC 8484.
func TestDNSInClear(t *testing.T) {
	for target, want := range map[string]bool{
		"/dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB": true, "/d?a=b&dns=q80BAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB": true,
		"/dns-query?dns=AACBgAABAAEAAAAAA3d3dw": false, "/dns-query?dns=AAAB": false, "/dns-query": false, "/?dns=www.example.com": false, "/?xdns=AAABAAABAAAAAAAAA3d3": false, "": false,
	} {
		if got := dnsTarget([]byte(target)); got != want {
			t.Errorf("%s: %v; want %v", target, got, want)
		}
	}
	for value, want := range map[string]bool{
		"application/dns-message": true, "Application/DNS-Message; charset=x": true, "application/dns-json": false, "": false,
		"\tapplication/dns-message \t;q": true, "application/dns-message2": false, "application/dn\u017f-message": false, "application/dns-messag;": false,
	} {
		if got := dnsMedia([]byte(value)); got != want {
			t.Errorf("%s: %v; want %v", value, got, want)
		}
	}
}

// TestScoresDoNotAllocate: the rules are asked for every row.
func TestScoresDoNotAllocate(t *testing.T) {
	var r Row
	r.Key.Proto = packet.ProtoTCP
	if n := allocs.PerRun(t, 100, func() { r.torScore(); r.vpnScore(); r.dohScore(); isResolver([]byte("WWW.dns.Google")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
