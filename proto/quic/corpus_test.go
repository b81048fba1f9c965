package quic

import (
	"io/fs"
	"path/filepath"
	"testing"

	"pinyon/internal/corpus"
	"pinyon/packet"
	"pinyon/pcap"
)

// A five names a UDP flow, the lower end first.
type five struct {
	low, high         [16]byte
	lowPort, highPort uint16
}

// flows runs all UDP flows of a capture through fn; index counts the datagrams of one flow.
func flows(path string, fn func(flow five, index uint32, d *Datagram)) {
	r, err := pcap.Open(path)
	if err != nil {
		return
	}
	defer r.Close()
	var dec packet.Decoder
	var p packet.Packet
	count := map[five]uint32{}
	for f, err := range r.All() {
		if err != nil {
			return
		}
		if !dec.Decode(&f, &p) || p.Proto != packet.ProtoUDP || !p.Is(packet.HasPorts) {
			continue
		}
		d := Datagram{Payload: p.Payload, Size: int(p.PayloadLen), Time: p.TS}
		k := five{p.Src, p.Dst, p.SrcPort, p.DstPort}
		if string(p.Src[:]) > string(p.Dst[:]) || p.Src == p.Dst && p.SrcPort > p.DstPort {
			k = five{p.Dst, p.Src, p.DstPort, p.SrcPort}
			d.Dir = 1
		}
		d.Index = count[k]
		count[k]++
		fn(k, d.Index, &d)
	}
}

// TestCorpus reads real captures, if there are any: a Conn that was used before and one that
// was not tell the same, Looks misses no flow that its datagrams would show to be QUIC, and
// some captures hold what is known of them.
func TestCorpus(t *testing.T) {
	root := corpus.Dir()
	if root == "" {
		t.Skip("no corpus beside the repository")
	}
	// The version and the number of opened flows of captures of one version.
	want := map[string]struct {
		version string
		opened  int
	}{
		"ja4/tls-handshake.pcapng":              {"QUIC v1", 20},
		"ndpi/quic-24.pcap":                     {"QUIC draft-24", 1},
		"ndpi/quic-27.pcap":                     {"QUIC draft-27", 1},
		"ndpi/quic-28.pcap":                     {"QUIC draft-27", 1}, // after Version Negotiation
		"ndpi/quic-29.pcap":                     {"QUIC draft-29", 1},
		"ndpi/quic-forcing-vn-with-data.pcapng": {"QUIC v1", 1},
		"ndpi/quic-mvfst-exp.pcap":              {"mvfst-exp", 1},
		"ndpi/quic046.pcap":                     {"gQUIC Q046", 1},
		"ndpi/quic.pcap":                        {"", 9},
		"ndpi/youtube_quic.pcap":                {"gQUIC Q035", 3},
		"ndpi/gquic.pcap":                       {"gQUIC Q050", 1},
		"tcpdump/quic_retry.pcap":               {"QUIC v1", 1},
		"zeek/quic__quicv2-echo-443.pcap":       {"QUIC v2", 1},
		"zeek/quic__quic-multiple-initial-fragmented-crypto.pcap": {"QUIC v1", 1},
		"zeek/quic__interop__quic-go_quic-go__handshake.pcap":     {"QUIC v1", 1},
	}
	var used Conn
	var scratch, own Scratch
	confirmed, opened, hellos := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		conns := map[five]*Conn{}
		var order []five
		began := map[five]bool{}
		input := map[five][]Datagram{}
		flows(path, func(k five, index uint32, d *Datagram) {
			c := conns[k]
			if c == nil {
				c = new(Conn)
				conns[k] = c
				order = append(order, k)
			}
			began[k] = began[k] || Looks(d.Payload)
			c.Datagram(&own, d)
			again := *d
			again.Payload = append([]byte(nil), d.Payload...)
			input[k] = append(input[k], again)
		})
		n := 0
		for _, k := range order {
			c := conns[k]
			used.Reset(&scratch)
			for i := range input[k] {
				used.Datagram(&scratch, &input[k][i])
			}
			if a, b := facts(c), facts(&used); a != b {
				t.Errorf("%s: fresh %s\nused %s", rel, a, b)
			}
			if !c.Confirmed() {
				continue
			}
			confirmed++
			if !began[k] {
				t.Errorf("%s: never looked like QUIC", rel)
			}
			if c.Opened() {
				n++
				if c.side[c.client].whole {
					hellos++
				}
			}
			if w, ok := want[filepath.ToSlash(rel)]; ok && w.version != "" && string(AppendVersion(nil, c.Version())) != w.version {
				t.Errorf("%s: got %s, want %s", rel, AppendVersion(nil, c.Version()), w.version)
			}
		}
		if w, ok := want[filepath.ToSlash(rel)]; ok && n != w.opened {
			t.Errorf("%s: opened %d flows, want %d", rel, n, w.opened)
		}
		opened += n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d flows are QUIC, %d opened, %d with a whole hello", confirmed, opened, hellos)
}
