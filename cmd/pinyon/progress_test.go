package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"pinyon/account"
	"pinyon/pcap"
	"pinyon/source"
)

func TestProgressLine(t *testing.T) {
	in := &inputs{sizes: []int64{1000, 3000}, total: 4000, known: true}
	p := newProgress(in)
	p.start = time.Now().Add(-time.Second)
	r, err := pcap.NewReader(bytes.NewReader(captureBytes(t)[:1000]))
	if err != nil {
		t.Fatal(err)
	}
	first := account.Intake{Source: source.Stats{Offset: 1000}}
	p.run.Ended(0, &first, nil)
	p.run.Reading(1, "second", &account.Intake{Source: r.Stats()})
	s := p.run.Read()
	s.Records, s.Rows = 20000, 7
	line := p.text(s)
	for _, part := range []string{"50%, 2.0 KiB of 3.9 KiB", "20000 packets, 7 flows", "k packets/s", "left"} {
		if !strings.Contains(line, part) {
			t.Errorf("no %q in %q", part, line)
		}
	}
	var b bytes.Buffer
	p.show(newApp("pinyon", nil, io.Discard, &b), 10*time.Millisecond)
	time.Sleep(100 * time.Millisecond)
	p.close()
	if !strings.HasPrefix(b.String(), "50%") {
		t.Errorf("shown: %q", b.String())
	}
	in.known = false
	if line := newProgress(in).line(); strings.Contains(line, "%") || strings.Contains(line, "left") {
		t.Errorf("without a total: %q", line)
	}
}
