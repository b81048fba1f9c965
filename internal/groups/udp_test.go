package groups_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"testing"

	"pinyon/internal/gen"
	"pinyon/packet"
)

// A datagram is a UDP payload and who sent it.
type datagram struct {
	dir     int
	payload []byte
}

// datagramsOf are those of a recorded capture; the first one's sender is 0.
func datagramsOf(t *testing.T, name string) (ds []datagram) {
	t.Helper()
	var dec packet.Decoder
	var p packet.Packet
	var port uint16
	for _, f := range framesOf(t, name+".pcap") {
		if !dec.Decode(&f, &p) || p.Proto != packet.ProtoUDP {
			continue
		}
		if ds == nil {
			port = p.SrcPort
		}
		d := datagram{payload: bytes.Clone(p.Payload)}
		if p.SrcPort != port {
			d.dir = 1
		}
		ds = append(ds, d)
	}
	return ds
}

// udpFrames sends datagrams as one flow from a port to another, a microsecond apart.
func udpFrames(frames []packet.Frame, from, to uint16, ds []datagram) []packet.Frame {
	ends := [2]gen.Host{
		{Addr: netip.MustParseAddr("10.0.0.1"), Port: from, TTL: 64}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: to, TTL: 64},
	}
	for _, d := range ds {
		u := gen.UDP{IP: gen.IP{Src: &ends[d.dir], Dst: &ends[1-d.dir]}, Payload: d.payload}
		frames = appendFrame(frames, u.Append(nil))
	}
	return frames
}

// noise is n datagrams of random bytes, of both sides.
func noise(r *rand.Rand, n int) (ds []datagram) {
	for range n {
		b := make([]byte, 1+r.IntN(1<<(1+r.IntN(10))))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		ds = append(ds, datagram{r.IntN(2), b})
	}
	return ds
}

// told are columns of each protocol that datagrams of another one do not change.
var told = map[string][]string{
	"http3":   {"quic_detected", "quic_version", "quic_sni", "quic_alpn", "quic_dcid", "quic_ja3_hash", "quic_ja3s_hash", "quic_initial_packets", "quic_handshake_packets"},
	"dtls":    {"tls_detected", "tls_version", "tls_sni", "tls_alpn", "ja3_hash", "ja3s_hash", "tls_cert_total_length", "tls_established", "tls_handshake_packets"},
	"dns_udp": {"dns_detected", "dns_query_name", "dns_query_type", "dns_answer_count", "dns_answers"},
}

// TestSharedFlow: what a parser tells of its protocol is the same whatever else one UDP flow
// holds before it and in between, and on whatever port.
func TestSharedFlow(t *testing.T) {
	alone := map[string][]any{}
	talk := map[string][]datagram{}
	for name, columns := range told {
		port := uint16(4000)
		if name == "dns_udp" {
			port = 53
		}
		talk[name] = firstTalk(t, name)
		r := rows(t, further(), udpFrames(nil, 40000, port, talk[name]))[0]
		for _, c := range columns {
			alone[name] = append(alone[name], r.Value(c))
		}
		if !r.Bool(columns[0]) {
			t.Fatalf("%s: not %s", name, columns[0])
		}
	}
	random := rand.New(rand.NewPCG(9, 1))
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, bytes.Repeat([]byte{7}, 12)...)
	for _, c := range []struct {
		names []string
		port  uint16
		ahead int // datagrams of random bytes
	}{
		{[]string{"http3"}, 5353, 0}, {[]string{"http3"}, 5355, 0}, {[]string{"dtls"}, 5353, 0}, {[]string{"dtls"}, 5355, 0},
		{[]string{"http3"}, 443, 17}, {[]string{"http3"}, 443, 33}, {[]string{"http3"}, 137, 5000}, {[]string{"dtls"}, 443, 129}, {[]string{"dtls"}, 4433, 5000},
		{[]string{"http3", "dtls"}, 443, 40}, {[]string{"dtls", "http3"}, 9, 0},
		{[]string{"dns_udp", "http3"}, 53, 0}, {[]string{"http3", "dns_udp"}, 53, 0}, {[]string{"dtls", "dns_udp", "http3"}, 53, 20},
		{[]string{"dns_udp"}, 8053, 500}, {[]string{"dns_udp", "http3"}, 443, 30}, {[]string{"http3", "dtls", "dns_udp"}, 4433, 0},
		{[]string{"dns_udp"}, 54, 0}, {[]string{"dns_udp"}, 443, 0}, {[]string{"dns_udp"}, 5443, 0}, {[]string{"dns_udp"}, 8053, 700},
		{[]string{"dns_udp", "http3"}, 443, 3}, {[]string{"dtls", "dns_udp"}, 4433, 0}, {[]string{"http3", "dtls", "dns_udp"}, 137, 30},
	} {
		ds := append(noise(random, c.ahead), datagram{0, stun})
		for _, name := range c.names {
			ds = append(ds, talk[name]...)
		}
		ds = append(ds, datagram{1, stun})
		rs := rows(t, further(), udpFrames(nil, 40000, c.port, ds))
		if len(rs) != 1 {
			t.Fatalf("%v: %d rows", c, len(rs))
		}
		for _, name := range c.names {
			for i, column := range told[name] {
				if got := rs[0].Value(column); fmt.Sprint(got) != fmt.Sprint(alone[name][i]) {
					t.Errorf("%v: %s is %v; alone %v", c, column, got, alone[name][i])
				}
			}
		}
	}
}

// firstTalk is a recorded capture's datagrams; of DNS only the first query and its answer,
// as each question of the capture has a flow of its own.
func firstTalk(t *testing.T, name string) []datagram {
	ds := datagramsOf(t, name)
	if name == "dns_udp" {
		ds = ds[:2]
	}
	return ds
}

// randomPorts are ports that one might take for a protocol.
var randomPorts = [...]uint16{53, 5353, 5355, 137, 443, 4433}

// randomClaims are the columns that say that a UDP flow is a protocol's.
var randomClaims = [...]string{"dns_detected", "quic_detected", "tls_detected", "ssh_detected", "http2_detected", "http3_detected"}

// TestRandomDatagrams: no flow of random datagrams is said to be anything. The number a port
// is 10,000, or PINYON_RANDOM_DATAGRAMS.
func TestRandomDatagrams(t *testing.T) {
	total := 10_000
	if s := os.Getenv("PINYON_RANDOM_DATAGRAMS"); s != "" {
		var err error
		if total, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	// Datagrams of a flow: alone, a few, and many.
	lengths := [...]int{1, 1, 2, 3, 5, 8, 60, 400}
	random := rand.New(rand.NewPCG(6, 53))
	for _, port := range randomPorts {
		sent, flows, claims := 0, 0, 0
		for sent < total {
			var frames []packet.Frame
			for from := uint16(20000); len(frames) < 10_000 && sent < total; from++ {
				n := min(lengths[random.IntN(len(lengths))], total-sent)
				frames = udpFrames(frames, from, port, noise(random, n))
				sent += n
			}
			for _, r := range rows(t, further(), frames) {
				flows++
				for _, c := range randomClaims {
					if r.Bool(c) {
						claims++
						t.Errorf("port %d: %s of random datagrams", port, c)
					}
				}
			}
		}
		t.Logf("port %d: %d datagrams in %d flows, %d claims", port, sent, flows, claims)
	}
}
