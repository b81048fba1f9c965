package groups

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pinyon/flow"
	"pinyon/packet"
	"pinyon/proto/tls"
)

func TestLooksNoise(t *testing.T) {
	noise := []byte{0x8f, 0x13, 0xd2, 0xa9, 0x5b, 0xe4, 0x07, 0xf0, 0x99, 0x36, 0xc5, 0x0e, 0xb1, 0x72, 0x1d, 0xe8}
	long := append(append([]byte{}, noise...), noise...)
	for _, c := range []struct {
		name string
		in   []byte
		want bool
	}{
		{"noise", noise, true},
		{"printable start", append([]byte("abcdef"), long...), false},
		{"five printable at the start", append([]byte("abcde"), long...), true},
		{"a run of 20", append(append([]byte{}, long...), strings.Repeat("m", 20)...), true},
		{"a run of 21", append(append([]byte{}, long...), strings.Repeat("m", 21)...), false},
		{"zeros", make([]byte, 64), false},
		{"ones", []byte(strings.Repeat("\xff", 64)), false},
		{"text", []byte("GET / HTTP/1.1\r\n\r\n"), false},
	} {
		if got := looksNoise(c.in); got != c.want {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

func BenchmarkLooksNoise(b *testing.B) {
	random := make([]byte, 517)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	sparse := make([]byte, 517)
	copy(sparse, random[:200])
	for name, in := range map[string][]byte{"random": random, "hello": sparse} {
		b.Run("in="+name, func(b *testing.B) {
			for b.Loop() {
				looksNoise(in)
			}
		})
	}
}

// TestFirstData: only the first data of the side whose SYN was seen counts.
func TestFirstData(t *testing.T) {
	noise := []byte{0x8f, 0x13, 0xd2, 0xa9, 0x5b, 0xe4, 0x07, 0xf0, 0x99, 0x36, 0xc5, 0x0e, 0xb1, 0x72, 0x1d, 0xe8}
	data := func(dir int, b []byte) *flow.Obs {
		return &flow.Obs{Packet: &packet.Packet{Has: packet.HasTCP, Payload: b}, Dir: dir}
	}
	for _, c := range []struct {
		name     string
		started  [2]bool // a SYN of the direction came
		segments []*flow.Obs
		want     firstData
	}{
		{"no SYN", [2]bool{}, []*flow.Obs{data(0, noise)}, firstUnseen},
		{"the server's", [2]bool{true, false}, []*flow.Obs{data(1, noise)}, firstUnseen},
		{"empty ones first", [2]bool{true, false}, []*flow.Obs{data(0, nil), data(1, []byte("hello")), data(0, noise)}, firstNoise},
		{"the second is not asked", [2]bool{false, true}, []*flow.Obs{data(1, []byte("hello, world")), data(1, noise)}, firstPlain},
	} {
		var f firstData
		for _, o := range c.segments {
			f.update(o, c.started[o.Dir])
		}
		if f != c.want {
			t.Errorf("%s: %d; want %d", c.name, f, c.want)
		}
	}
}

func TestWeakSuite(t *testing.T) {
	for name, want := range map[string]bool{
		"TLS_RSA_WITH_NULL_SHA": true, "TLS_RSA_EXPORT_WITH_RC4_40_MD5": true, "TLS_DH_anon_WITH_AES_128_CBC_SHA": true,
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA": true, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": false, "TLS_AES_128_GCM_SHA256": false, "0xfefe": false,
	} {
		if weakSuite(name) != want {
			t.Errorf("%s: %v; want %v", name, !want, want)
		}
	}
}

func TestHostAddress(t *testing.T) {
	for host, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.1:8080": true, "[2001:db8::1]": true, "[2001:db8::1]:80": true, "2001:db8::1": true,
		"a.example": false, "a.example:80": false, "": false, "[": false, "1.2.3": false,
	} {
		if isHostAddress([]byte(host)) != want {
			t.Errorf("%q: %v; want %v", host, !want, want)
		}
	}
}

func TestParams(t *testing.T) {
	params := []byte{0x0e, 1, 4, 0x01, 2, 0x40, 0x64, 27, 0, 0x71, 0x29, 2, 'u', ' ', 0x04, 9} // the last one is cut
	if got := string(appendParamIDs(nil, params)); got != "1,e,3129" {
		t.Errorf("ids %s", got)
	}
	if v, ok := findParam(params, paramGoogleUserAgent); !ok || string(v) != "u " {
		t.Errorf("user agent %q, %v", v, ok)
	}
	if _, ok := findParam(params, paramInitialMaxData); ok {
		t.Error("a parameter that is cut was found")
	}
	old := []byte{0, 12, 0x31, 0x29, 0, 2, 'u', ' ', 0, 1, 0, 2, 0x40, 0x64}
	if got := string(appendParamIDs(nil, old)); got != "1,3129" {
		t.Errorf("before draft 27: ids %s", got)
	}
	if v, ok := findParam(old, paramGoogleUserAgent); !ok || string(v) != "u " {
		t.Errorf("before draft 27: user agent %q", v)
	}
	if got := string(appendParamIDs(nil, old[:13])); got == "1,3129" {
		t.Errorf("cut: ids %s", got)
	}
}

// TestOffersHTTP3: h3 and its drafts, anywhere in the list.
func TestOffersHTTP3(t *testing.T) {
	for list, want := range map[string]bool{
		"\x02h3": true, "\x05h3-29": true, "\x05h3-34": true, "\x02hq\x02h3": true, "\x05hq-29\x04h3-1": true,
		"": false, "\x02h2": false, "\x03h3-": false, "\x05h3-2x": false, "\x02H3": false, "\x03h33": false, "\x03doq": false,
	} {
		var r Row
		r.quicCH.ALPN = tls.Protocols(list)
		if r.offersHTTP3() {
			t.Errorf("%q: no hello, and yet", list)
		}
		if r.quicCH.ok = true; r.offersHTTP3() != want {
			t.Errorf("%q: got %v", list, !want)
		}
	}
}

// TestExtraGroups: groups that are all extra are asked for by their names, alone and beside
// others, and other names bring none of their columns.
func TestExtraGroups(t *testing.T) {
	names := func(groups ...string) (found map[string]int) {
		p, err := NewPlan(&Options{Groups: groups})
		if err != nil {
			t.Fatal(err)
		}
		found = make(map[string]int)
		for _, f := range p.Schema.Fields {
			found[f.Group]++
		}
		return found
	}
	for group := range ownExtras() {
		if got := names(group); len(got) != 1 || got[group] == 0 {
			t.Errorf("%s alone: columns of %v", group, got)
		}
		if got := names("timing", group); len(got) != 2 || got[group] == 0 || got["timing"] == 0 {
			t.Errorf("timing and %s: columns of %v", group, got)
		}
		if got := names("all"); got[group] != 0 {
			t.Errorf("all: columns of %s", group)
		}
	}
	if _, err := NewPlan(&Options{Groups: []string{"htpp"}}); err == nil || !strings.Contains(err.Error(), "http") {
		t.Errorf("an unknown group: %v", err)
	}
}
