package view_test

import (
	"fmt"
	"net/netip"

	"pinyon/view"
)

func ExampleFlow() {
	client, server := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("192.0.2.10")
	f := view.FlowFromFirstPacket(&view.Packet{Timestamp: 100, SrcIP: client, DstIP: server, SrcPort: 51000, DstPort: 443, Protocol: 6, TotalLen: 60})
	answer := view.Packet{Timestamp: 100.02, SrcIP: server, DstIP: client, SrcPort: 443, DstPort: 51000, Protocol: 6, TotalLen: 60}
	if err := f.AddPacket(&answer); err != nil {
		fmt.Println(err)
	}
	fmt.Println(f.Direction(&answer), f.Duration(), f.PacketCount(), f.ByteCount(), f.IsExpired(60, 200))
	// Output: 1 0.02 2 120 true
}
