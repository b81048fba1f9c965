package dispatch_test

import (
	"io"
	"math"
	"path/filepath"
	"testing"

	"pinyon/flow"
	"pinyon/internal/allocs"
	"pinyon/internal/dispatch"
	"pinyon/packet"
	"pinyon/pcap"
)

// everything is all parsers.
const everything = dispatch.SSH | dispatch.HTTP1 | dispatch.HTTP2 | dispatch.DNS | dispatch.QUIC | dispatch.TLS

// A run is flows whose payload is offered to parsers.
type run struct {
	pools dispatch.Pools
	pool  flow.Pool[dispatch.State]
	table *flow.Table[dispatch.State]
	obs   flow.Obs
}

func newRun(on dispatch.Set) *run {
	r := &run{pools: dispatch.Pools{On: on.WithNeeded()}}
	r.table = flow.NewTable(flow.Options{Timeout: math.MaxInt64 / 4}, &r.pool)
	return r
}

// packets gives the flows their packets.
func (r *run) packets(ps []packet.Packet) {
	for i := range ps {
		var k flow.Key
		swapped := flow.MakeKey(&k, &ps[i], false)
		e, _ := r.table.Step(&k, k.Hash(1, 2), swapped, &ps[i], ps[i].TS, &r.obs)
		e.State.Update(&r.pools, &r.obs)
	}
}

// end ends the flows and calls f with what was found in each.
func (r *run) end(f func(*dispatch.Parsers)) {
	r.table.Flush()
	for _, i := range r.table.Ended {
		e := r.pool.At(i)
		x := e.State.Finish(&r.pools)
		f(x)
		r.pools.Release(x)
		r.pool.Put(i)
	}
	r.table.Ended = r.table.Ended[:0]
}

// found is which parsers have something to say of a flow.
func found(x *dispatch.Parsers) (s dispatch.Set) {
	for p, ok := range map[dispatch.Set]bool{
		dispatch.SSH: x.SSH() != nil, dispatch.HTTP1: x.HTTP1() != nil, dispatch.HTTP2: x.HTTP2() != nil,
		dispatch.DNS: x.DNS() != nil, dispatch.QUIC: x.QUIC() != nil, dispatch.TLS: x.TLS() != nil,
	} {
		if ok {
			s |= p
		}
	}
	return s
}

// packetsOf are the packets of a capture in testdata.
func packetsOf(tb testing.TB, name string) (ps []packet.Packet) {
	tb.Helper()
	r, err := pcap.Open(filepath.Join("..", "..", "testdata", name+".pcap"))
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	var dec packet.Decoder
	for {
		var f packet.Frame
		var p packet.Packet
		switch err := r.Next(&f); {
		case err == io.EOF:
			return ps
		case err != nil:
			tb.Fatal(err)
		}
		f.Data = append([]byte(nil), f.Data...)
		if dec.Decode(&f, &p) {
			ps = append(ps, p)
		}
	}
}

// recorded are captures, and the parsers to which some flow of each belongs.
var recorded = map[string]dispatch.Set{
	"ssh": dispatch.SSH, "http1": dispatch.HTTP1, "http2": dispatch.TLS, "h2c": dispatch.HTTP2,
	"tls12": dispatch.TLS, "tls13": dispatch.TLS, "dtls": dispatch.TLS, "http3": dispatch.QUIC, "dns_udp": dispatch.DNS,
	"dns_tcp": dispatch.DNS, "carried/connect_ssh": dispatch.HTTP1 | dispatch.SSH, "carried/connect_tls": dispatch.HTTP1 | dispatch.TLS,
	"carried/socks5_tls": dispatch.TLS, "carried/proxy_v2_h2c": dispatch.HTTP2, "carried/tds": dispatch.TLS,
	"carried/openvpn_udp_sha1": dispatch.TLS, "carried/openvpn_tcp_none": dispatch.TLS, "carried/starttls_smtp": dispatch.TLS, "ping4": 0,
}

// TestRecorded: every parser finds its protocol, on its own or among all others, and nothing
// else is found; what was taken from the pools is back in them at the end.
func TestRecorded(t *testing.T) {
	for name, want := range recorded {
		ps := packetsOf(t, name)
		sets := []dispatch.Set{everything}
		for p := dispatch.Set(1); p <= everything; p <<= 1 {
			sets = append(sets, p)
		}
		for _, on := range sets {
			r, got := newRun(on), dispatch.Set(0)
			r.packets(ps)
			r.end(func(x *dispatch.Parsers) { got |= found(x) })
			if want := want & on.WithNeeded(); got != want {
				t.Errorf("%s, parsers %06b: found %06b, want %06b", name, on, got, want)
			}
			if n := r.pools.Live(); n != 0 {
				t.Errorf("%s, parsers %06b: %d flows hold parsers at the end", name, on, n)
			}
		}
	}
}

// allowed are the allocations of a pass over a capture: the decoder of header blocks and the ciphers
// of an Initial are made anew for each flow, and what may be the head of a carrier is copied.
var allowed = map[string]float64{"h2c": 13, "carried/proxy_v2_h2c": 4, "http3": 7, "carried/socks5_tls": 2}

// TestAllocs: flows after the first ones of their kind cost no allocation, but for what allowed
// says.
func TestAllocs(t *testing.T) {
	for name := range recorded {
		ps, r := packetsOf(t, name), newRun(everything)
		pass := func() {
			r.packets(ps)
			r.end(func(*dispatch.Parsers) {})
		}
		for range 3 {
			pass()
		}
		if a := allocs.PerRun(t, 5, pass); a > allowed[name] {
			t.Errorf("%s: %v allocations, want at most %v", name, a, allowed[name])
		}
	}
}

// BenchmarkDatagrams: what the parsers cost a datagram that none of them knows: bulk of a
// flow that is nothing, of one whose first bytes look like a long header of QUIC, and of
// QUIC's short headers that never followed a handshake.
func BenchmarkDatagrams(b *testing.B) {
	for name, first := range map[string]byte{"plain": 0x24, "long": 0x90, "short": 0x41} {
		b.Run("payload="+name, func(b *testing.B) {
			p := packet.Packet{Proto: packet.ProtoUDP, Has: packet.HasTransport | packet.HasPorts, SrcPort: 40000, DstPort: 443, Payload: make([]byte, 1200), PayloadLen: 1200}
			for i := range p.Payload {
				p.Payload[i] = first + byte(i*7)
			}
			var s dispatch.State
			pools := dispatch.Pools{On: everything}
			o := flow.Obs{Packet: &p}
			b.ReportAllocs()
			for b.Loop() {
				s.Update(&pools, &o)
			}
		})
	}
}
