package main

import (
	"strings"
	"testing"
)

// TestListen: the packets of a capture as the small table, under both styles.
func TestListen(t *testing.T) {
	in := captureFile(t)
	if out := want(t, 0, "19 rows -> standard output", "listen", "-r", in); strings.Count(out, "\n") != 20 || !strings.HasPrefix(out, "timestamp,ethertype,direction,source_mac,") {
		t.Errorf("%q", out)
	}
	if out := want(t, 0, "1 rows", "listen", "-r", in, "--style", "seed", "-f", "jsonl", "--max-rows", "1", "udp"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"Prot_type":"UDP"`) || strings.Contains(out, "vlan") {
		t.Errorf("%q", out)
	}
	whole := captureBytes(t)
	if out := want(t, exitIncomplete, "record 19", "listen", "-r", write(t, "cut.pcap", whole[:len(whole)-5])); strings.Count(out, "\n") != 19 {
		t.Errorf("%q", out)
	}
	for _, c := range []struct{ message, args string }{
		{"give an interface", "listen"},
		{"--every", "listen lo --every soon"},
		{"--max-rows", "listen lo --max-rows 0"},
		{"want block or drop-oldest", "listen lo --full x"},
		{"want pinyon or seed", "listen lo --style x"},
		{"\n  port =\n       ^", "listen -r " + in + " port ="},
	} {
		want(t, exitUsage, c.message, strings.Fields(c.args)...)
	}
	want(t, exitDevice, "no such interface", "listen", "nosuch0")
	want(t, exitError, "nowhere", "listen", "-r", "nowhere")
}
