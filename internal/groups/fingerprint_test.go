package groups

import (
	"strings"
	"testing"
)

func TestResolverNames(t *testing.T) {
	for name, want := range map[string]bool{
		"dns.google": true, "DNS.Google.": true, "abc.dns.nextdns.io": true, "cloudflare-dns.com": true,
		"notdns.google": false, "dns.google.example": false, "google": false, "": false, ".": false, "google.": false,
		"lon01.dnscry.pt": true, "dnscry.pt": false, "www.cloudflare.com": false, strings.Repeat("a.", 200) + "dns.google": false,
	} {
		if got := isResolver([]byte(name)); got != want {
			t.Errorf("isResolver(%q) = %v; want %v", name, got, want)
		}
	}
}

// TestGroups holds the numbers that the updates ask for against the list of groups.
func TestGroups(t *testing.T) {
	names := map[int]string{
		groupFlowMeta: "flow_meta", groupTiming: "timing", groupSize: "size", groupTCP: "tcp", groupTLS: "tls", groupQUIC: "quic",
		groupHTTP2: "http2", groupSSH: "ssh", groupDNS: "dns", groupPadding: "padding", groupFingerprint: "fingerprint",
		groupEntropy: "entropy", groupMAC: "mac", groupIPExtended: "ip_extended", groupIPv6Options: "ipv6_options",
		groupTCPSequence: "tcp_sequence", groupTCPWindow: "tcp_window", groupTCPOptions: "tcp_options",
		groupTCPMPTCP: "tcp_mptcp", groupTCPRTT: "tcp_rtt", groupTCPFingerprint: "tcp_fingerprint", groupICMP: "icmp", groupConnection: "connection",
	}
	if len(names) != groupCount || len(groups) != groupCount {
		t.Fatalf("%d numbers, %d names, %d groups", groupCount, len(names), len(groups))
	}
	seen := map[string]string{}
	for i := range groups {
		if names[i] != groups[i].name {
			t.Errorf("group %d is %s; its number is that of %s", i, groups[i].name, names[i])
		}
		for _, f := range groups[i].table {
			if other, ok := seen[f.Name]; ok {
				t.Errorf("column %s stands in %s and %s", f.Name, other, groups[i].name)
			}
			seen[f.Name] = groups[i].name
			getters := 0
			for _, set := range []bool{f.num != nil, f.float != nil, f.flag != nil, f.text != nil, f.list != nil} {
				if set {
					getters++
				}
			}
			if getters != 1 || f.Doc == "" || f.Group != groups[i].name || (f.Profile == "") != f.Optional {
				t.Errorf("column %s: %d getters, group %q, profile %q, doc %q", f.Name, getters, f.Group, f.Profile, f.Doc)
			}
		}
	}
}
