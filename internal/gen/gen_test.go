package gen

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
)

type record struct {
	ts   int64
	data []byte
}

// records reads a capture back by hand.
func records(t *testing.T, b []byte) []record {
	t.Helper()
	if len(b) < 24 || binary.LittleEndian.Uint32(b) != 0xa1b23c4d {
		t.Fatalf("no header in %d bytes", len(b))
	}
	var out []record
	for b = b[24:]; len(b) > 0; {
		n := binary.LittleEndian.Uint32(b[8:])
		ts := int64(binary.LittleEndian.Uint32(b))*1e9 + int64(binary.LittleEndian.Uint32(b[4:]))
		out = append(out, record{ts, b[16 : 16+n]})
		b = b[16+n:]
	}
	return out
}

// key is the 5-tuple with the smaller end first, as text.
func key(d []byte) string {
	src, dst, l4, proto := d[26:30], d[30:34], d[34:], d[23]
	if d[12] == 0x86 {
		src, dst, l4, proto = d[22:38], d[38:54], d[54:], d[20]
	}
	a := string(src) + string(l4[:2])
	b := string(dst) + string(l4[2:4])
	return min(a, b) + max(a, b) + string(proto)
}

// valid checks the IPv4 header and transport checksums and the length.
func valid(t *testing.T, d []byte) {
	t.Helper()
	if d[12] == 0x08 {
		if fold(sum(0, d[14:34])) != 0 {
			t.Fatal("bad IPv4 header checksum")
		}
		s := sum(uint32(d[23])+uint32(len(d)-34), d[26:])
		if int(binary.BigEndian.Uint16(d[16:])) != len(d)-14 || fold(s) != 0 {
			t.Fatal("bad length or checksum over IPv4")
		}
		return
	}
	s := sum(uint32(d[20])+uint32(len(d)-54), d[22:])
	if int(binary.BigEndian.Uint16(d[18:])) != len(d)-54 || fold(s) != 0 {
		t.Fatal("bad length or checksum over IPv6")
	}
}

func TestRoundRobin(t *testing.T) {
	const flows = 50
	write := func(seed uint64) []byte {
		var b bytes.Buffer
		if err := RoundRobin(NewWriter(&b), Options{Flows: flows, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	got := write(1)
	if !bytes.Equal(got, write(1)) {
		t.Error("two runs differ")
	}
	if bytes.Equal(got, write(2)) {
		t.Error("two seeds give one capture")
	}
	rs := records(t, got)
	if len(rs) != flows*Packets {
		t.Fatalf("got %d records; want %d", len(rs), flows*Packets)
	}
	seen := map[string]int{}
	for i, r := range rs {
		valid(t, r.data)
		k := key(r.data)
		if seen[k] != i/flows {
			t.Fatalf("record %d: packet %d of its flow; want %d", i, seen[k], i/flows)
		}
		seen[k]++
		if i > 0 && r.ts <= rs[i-1].ts {
			t.Fatalf("record %d: time does not advance", i)
		}
	}
	if len(seen) != flows {
		t.Errorf("got %d flows; want %d", len(seen), flows)
	}
}

func TestSYNFlood(t *testing.T) {
	var b bytes.Buffer
	if err := SYNFlood(NewWriter(&b), 1000, 1); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range records(t, b.Bytes()) {
		valid(t, r.data)
		seen[key(r.data)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("got %d flows; want 1000", len(seen))
	}
}

func TestOneFlow(t *testing.T) {
	var b bytes.Buffer
	if err := OneFlow(NewWriter(&b), 1000, 1); err != nil {
		t.Fatal(err)
	}
	rs := records(t, b.Bytes())
	seen := map[string]bool{}
	for _, r := range rs {
		valid(t, r.data)
		seen[key(r.data)] = true
	}
	if len(rs) != 1000 || len(seen) != 1 {
		t.Errorf("got %d records of %d flows; want 1000 of 1", len(rs), len(seen))
	}
}

func TestJumps(t *testing.T) {
	var b bytes.Buffer
	if err := Jumps(NewWriter(&b), Options{Flows: 8}); err != nil {
		t.Fatal(err)
	}
	var ahead, back int
	rs := records(t, b.Bytes())
	for i := 1; i < len(rs); i++ {
		switch d := rs[i].ts - rs[i-1].ts; {
		case d > year/2:
			ahead++
		case d < -year/2:
			back++
		}
	}
	if ahead != 3 || back != 3 {
		t.Errorf("got %d jumps ahead, %d back; want 3, 3", ahead, back)
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "many")
	if err := Files(dir, 3, 1); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range []string{"000000.pcap", "000001.pcap", "000002.pcap"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records(t, b) {
			seen[key(r.data)] = true
		}
	}
	if len(seen) != 3 {
		t.Errorf("got %d flows; want 3", len(seen))
	}
}

func BenchmarkRoundRobin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := RoundRobin(NewWriter(io.Discard), Options{Flows: 1000, Payload: 256}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEncapsulations: the captures in testdata, of which tshark's reading is kept beside them,
// are those that are made here.
func TestEncapsulations(t *testing.T) {
	frames := 0
	for _, e := range Encapsulations() {
		var b bytes.Buffer
		if err := e.Write(&b); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join("..", "..", "testdata", e.Name+".pcap")
		have, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, b.Bytes()) {
			t.Errorf("%s differs; go run ./internal/gen/main -kind encap -o testdata writes it, testdata/expect.py what tshark says", name)
		}
		frames += len(e.Frames)
	}
	if frames < 300 {
		t.Errorf("only %d frames", frames)
	}
}
