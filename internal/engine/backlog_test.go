package engine

import (
	"context"
	"net/netip"
	"testing"

	"pinyon/column"
	"pinyon/internal/gen"
	"pinyon/internal/groups"
	"pinyon/packet"
)

// TestEndedBacklog floods a run that has a limit on flows, all packets having one timestamp: the
// flows that make room do not wait for the end of the input, and none is lost.
func TestEndedBacklog(t *testing.T) {
	const flows, limit = 150_000, 64
	b := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 2}, Addr: netip.AddrFrom4([4]byte{10, 9, 9, 9}), Port: 443, TTL: 60}
	frames := make([]packet.Frame, flows)
	for i := range frames {
		a := &gen.Host{MAC: [6]byte{2, 0, 0, 0, 0, 1}, Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 16), byte(i >> 8)}), Port: uint16(1024 + i&0xff), TTL: 64}
		data := (&gen.UDP{IP: gen.IP{Src: a, Dst: b}}).Append(nil)
		frames[i] = packet.Frame{Data: data, TS: 1_700_000_000e9, Wire: uint32(len(data)), Link: 1}
	}
	for _, workers := range []int{1, 2} {
		o := testOptions(t, func(x *groups.Options, o *Options) {
			x.Groups, o.Flow.Limit, o.Workers = []string{"size"}, limit, workers
		})
		rows := 0
		r, err := run(context.Background(), []Input{input("x", frames)}, o, func(b *column.Batch) error { rows += b.Rows; return nil })
		if err != nil || rows != flows {
			t.Fatalf("%d workers: %d rows, %v", workers, rows, err)
		}
		for _, w := range r.workers {
			if n := cap(w.ended); n > flows/2 {
				t.Errorf("%d workers: %d ended flows had room at once", workers, n)
			}
		}
	}
}
