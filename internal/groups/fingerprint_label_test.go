package groups_test

import (
	"os"
	"strings"
	"testing"
)

// missedKinds are the captures whose kind no column can tell: resolvers that no list has, and a
// tunnel inside TLS and DTLS. docs/fingerprint.md names them.
var missedKinds = map[string]bool{
	"doh_one.pcap": true, "doh_three.pcap": true, "doh_many.pcap": true, "doh_unlisted.pcap": true, "openconnect.pcap": true,
}

// TestLabelledCaptures: every flow of testdata/fingerprint/labels.tsv is said to be what it is,
// and nothing else; traffic_type agrees. Of each kind there are enough flows to say so, and for
// Tor 20 recorded after its rules were written.
func TestLabelledCaptures(t *testing.T) {
	labels, err := os.ReadFile("../../testdata/fingerprint/labels.tsv")
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Groups = []string{"fingerprint"}
	seen := map[string]int{}
	for line := range strings.Lines(string(labels)) {
		name, label, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || name == "capture" || line[0] == '#' {
			continue
		}
		kind, tunnel, _ := strings.Cut(label, ":")
		for i, r := range rows(t, o, framesOf(t, "fingerprint/"+name)) {
			seen[kind]++
			if strings.HasPrefix(name, "tor_tls") {
				seen["tor, later"]++
			}
			for _, k := range []string{"tor", "vpn", "doh"} {
				want := k == kind && !missedKinds[name]
				if got := r.Value("likely_" + k); got != want {
					t.Errorf("%s, flow %d: likely_%s is %v at %v; want %v", name, i, k, got, r.Value(k+"_confidence"), want)
				}
				if got := strings.HasPrefix(r.Value("traffic_type").(string), k); got != want {
					t.Errorf("%s, flow %d: %s; %s is %v", name, i, r.Value("traffic_type"), k, want)
				}
			}
			if got, _ := r.Value("vpn_type").(string); !strings.HasPrefix(got, tunnel) && !missedKinds[name] || tunnel == "" && got != "" {
				t.Errorf("%s, flow %d: vpn_type %q; want %q", name, i, got, tunnel)
			}
		}
	}
	for kind, least := range map[string]int{"tor": 26, "tor, later": 20, "vpn": 11, "doh": 50, "none": 80} {
		if seen[kind] < least {
			t.Errorf("%s: %d flows; want at least %d", kind, seen[kind], least)
		}
	}
}

// TestTorInTheMiddle: without the hellos, the sizes of cells that are left stay below a yes in TLS 1.3.
func TestTorInTheMiddle(t *testing.T) {
	frames := framesOf(t, "fingerprint/tor_tls13.pcap")
	o := options()
	o.Groups = []string{"fingerprint"}
	kept := frames[:0]
	for _, f := range frames {
		if !strings.Contains(string(f.Data), "\x16\x03") {
			kept = append(kept, f)
		}
	}
	all := rows(t, o, kept)
	if len(all) < 10 || len(kept) == len(frames) {
		t.Fatalf("%d rows of %d frames", len(all), len(kept))
	}
	for i, r := range all {
		if r.Value("likely_tor") != false {
			t.Errorf("flow %d: %v", i, r.Value("tor_confidence"))
		}
	}
}
