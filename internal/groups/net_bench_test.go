package groups

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

// TestNetAllocs: once the pools are full, flows of any kind cost no allocation.
func TestNetAllocs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	n := newNetRun(t, false, netGroups...)
	var all []packet.Packet
	for i := range 20 {
		all = append(all, randomFlow(r, i)...)
	}
	for i := range 5000 { // a set that becomes bits
		all = append(all, echo(false, uint16(i), uint16(i*7)))
	}
	var row Row
	pass := func() {
		for i := range all {
			n.packet(&all[i])
		}
		n.table.Flush()
		for _, i := range n.table.Ended {
			row.Fill(n.mem, n.pool.At(i), i, 0)
			n.pool.Put(i)
		}
		n.table.Ended = n.table.Ended[:0]
	}
	for range 20 { // labels and lists reach their size in whichever object they land
		pass()
	}
	if a := allocs.PerRun(t, 20, pass); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// TestNetSize keeps the four groups' part of a flow's state small.
func TestNetSize(t *testing.T) {
	var s State
	if n := unsafe.Sizeof(s.mac) + unsafe.Sizeof(s.ip) + unsafe.Sizeof(s.ipv6) + unsafe.Sizeof(s.icmp); n > 208 {
		t.Errorf("%d bytes", n)
	}
}

func BenchmarkNet(b *testing.B) {
	two := []packet.Packet{netPacket(false, ipFlag(2)), netPacket(true, ttl(57), ipFlag(2))}
	six := []packet.Packet{netPacket(false, v6, flowLabelled(7)), netPacket(true, v6, flowLabelled(9), ttl(57))}
	pings := []packet.Packet{echo(false, 7, 1), echo(true, 7, 1)}
	for _, c := range []struct {
		name   string
		ps     []packet.Packet
		groups []string
	}{
		{"groups=flow_meta", two, []string{"flow_meta"}},
		{"groups=mac", two, []string{"mac"}},
		{"groups=ip_extended", two, []string{"ip_extended"}},
		{"groups=ipv6_options", six, []string{"ipv6_options"}},
		{"groups=icmp", pings, []string{"icmp"}},
		{"groups=all4/v4", two, netGroups},
		{"groups=all4/v6", six, netGroups},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := newNetRun(b, false, c.groups...)
			for i := range c.ps {
				n.packet(&c.ps[i])
			}
			s := &n.pool.At(1).State
			o := n.obs
			o.Index = 2
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				o.Packet, o.Dir = &c.ps[i&1], i&1
				o.ICMPSeq = uint16(i)
				s.Update(n.mem, &o)
			}
		})
	}
}
