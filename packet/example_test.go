package packet_test

import (
	"encoding/hex"
	"fmt"

	"pinyon/packet"
)

// One Decoder and one Packet serve all frames of an input.
func ExampleDecoder_Decode() {
	dns, _ := hex.DecodeString("020000000002" + "020000000001" + "8100" + "0005" + "0800" + // VLAN 5
		"4500001e00640000401100000a0000010a000002" + // IPv4, 30 bytes
		"c35000350000000068690000") // UDP, 2 bytes and padding
	arp, _ := hex.DecodeString("ffffffffffff" + "020000000001" + "0806" + "0001")

	var d packet.Decoder
	var p packet.Packet
	for i, data := range [][]byte{dns, arp} {
		f := packet.Frame{Data: data, Link: packet.LinkEthernet, Number: uint64(i + 1)}
		if d.Decode(&f, &p) {
			fmt.Println(p.Number, p.SrcAddr(), p.SrcPort, p.DstAddr(), p.DstPort, p.TotalLen, p.PayloadLen, p.VLAN)
		}
	}
	for what, n := range d.Counts.NonIP() {
		fmt.Println("not IP:", what, n)
	}
	// Output:
	// 1 10.0.0.1 50000 10.0.0.2 53 30 2 5
	// not IP: 0x0806 1
}
