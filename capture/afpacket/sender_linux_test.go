package afpacket_test

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"pinyon/capture/afpacket"
	"pinyon/filter"
	"pinyon/internal/allocs"
	"pinyon/internal/nstest"
	"pinyon/netif"
	"pinyon/packet"
)

func TestSender(t *testing.T) {
	ns := nstest.New(t)
	ns.Quiet()
	ns.IP("link add v0 mtu 1000 type veth peer name v1 mtu 1000")
	ns.Up("v0", "v1")
	ns.Do(func() {
		r, err := afpacket.Open(afpacket.Config{Index: index(t, "v1"), Link: packet.LinkEthernet, Snaplen: 262144, Retire: 1}, []filter.Instruction{{Op: 6, K: 262144}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		s, err := afpacket.OpenSender("v0", &afpacket.SenderOptions{Batch: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.Name() != "v0" || s.MTU() != 1000 || s.MaxFrame() != 1014 || !s.Accepts(packet.LinkEthernet) || s.Accepts(packet.LinkRaw) {
			t.Errorf("%s: MTU %d, longest %d", s.Name(), s.MTU(), s.MaxFrame())
		}
		sent := samples()
		if n, err := s.SendBatch(sent); n != len(sent) || err != nil {
			t.Errorf("%d of %d sent: %v", n, len(sent), err)
		}
		var want []string
		for _, f := range sent {
			want = append(want, string(f))
		}
		if got := read(r); !slices.Equal(got, want) {
			t.Errorf("%d frames arrived; want %d, or they differ", len(got), len(want))
		}
		long := make([]byte, 1019)
		copy(long, sent[0])
		if n, err := s.SendBatch([][]byte{sent[0], long, sent[0]}); n != 1 || !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("%d sent before the long one: %v", n, err)
		}
		if err := s.Send(sent[0][:10]); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("half a header: %v", err)
		}
		if n := allocs.PerRun(t, 100, func() { s.SendBatch(sent) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		if _, err := afpacket.OpenSender("nosuch", nil); !errors.Is(err, netif.ErrNotFound) {
			t.Errorf("no such device: %v", err)
		}
	})
	ns.IP("link set v0 down")
	ns.Do(func() {
		s, err := afpacket.OpenSender("v0", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Send(samples()[0]); !errors.Is(err, syscall.ENETDOWN) {
			t.Errorf("device down: %v", err)
		}
	})
}

// BenchmarkSendBatch sends 60-byte frames over a veth pair that nobody reads.
func BenchmarkSendBatch(b *testing.B) {
	ns := nstest.New(b)
	ns.Quiet()
	ns.Pair("v0", "v1")
	for _, batch := range []int{1, 8, 32, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			ns.Do(func() {
				s, err := afpacket.OpenSender("v0", &afpacket.SenderOptions{Batch: batch})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				frames := make([][]byte, batch)
				for i := range frames {
					frames[i] = make([]byte, 60)
				}
				for i := 0; i < b.N; i += batch {
					if _, err := s.SendBatch(frames); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
