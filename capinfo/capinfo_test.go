package capinfo

import (
	"bytes"
	"testing"

	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/pcap"
)

// TestScan describes a capture of known frames, whole and cut.
func TestScan(t *testing.T) {
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	frames, size := vectors.V1x(), uint64(0)
	for i := range frames {
		size += uint64(frames[i].Wire)
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 5} {
		r, err := pcap.NewReader(bytes.NewReader(b.Bytes()[:b.Len()-cut]))
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(len(frames))
		if cut > 0 {
			n, size = n-1, size-uint64(frames[len(frames)-1].Wire)
		}
		s := Scan("x", r)
		sum := uint64(0)
		for _, p := range s.Protocols {
			sum += p.Packets
		}
		if s.Packets != n || s.Bytes != size || s.IPPackets != s.IPv4+s.IPv6 || sum != s.IPPackets || s.IPPackets != n ||
			len(s.Interfaces) != 1 || s.Interfaces[0].LinkName != "EN10MB" || s.First == "" || s.First > s.Last {
			t.Errorf("cut by %d: %+v", cut, s)
		}
		if (s.Damage != nil) != (cut > 0) {
			t.Errorf("cut by %d: damage %+v", cut, s.Damage)
		}
		r.Close()
	}
}
