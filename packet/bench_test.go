package packet

import "testing"

func BenchmarkDecode(b *testing.B) {
	data := make([]byte, 512)
	tests := []struct {
		name  string
		link  uint16
		decap Decap
		frame []byte
	}{
		{"frame=tcp4ts", LinkEthernet, DecapNone, eth(0x0800, ip4(6, tcp(timestamps, data)))},
		{"frame=tcp4ts/decap=inner", LinkEthernet, DecapInner, eth(0x0800, ip4(6, tcp(timestamps, data)))},
		{"frame=tcp4", LinkEthernet, DecapNone, eth(0x0800, ip4(6, tcp(nil, data)))},
		{"frame=tcp4syn", LinkEthernet, DecapNone, eth(0x0800, ip4(6, tcp(unhex("020405b4 0402 080a 00000064 00000000 01 030307"), nil)))},
		{"frame=tcp4sack", LinkEthernet, DecapNone, eth(0x0800, ip4(6, tcp(cat(timestamps, unhex("0101 050a 0000000100000002")), nil)))},
		{"frame=udp4", LinkEthernet, DecapNone, eth(0x0800, ip4(17, udp(1000, 53, data)))},
		{"frame=icmp4", LinkEthernet, DecapNone, eth(0x0800, ip4(1, unhex("0800000000010002")))},
		{"frame=tcp6ts", LinkEthernet, DecapNone, eth(0x86dd, ip6(6, tcp(timestamps, data)))},
		{"frame=udp6", LinkEthernet, DecapNone, eth(0x86dd, ip6(17, udp(1000, 53, data)))},
		{"frame=udp6ext", LinkEthernet, DecapNone, eth(0x86dd, ip6(0, cat(unhex("1100050200000000"), udp(1000, 53, data))))},
		{"frame=vlan", LinkEthernet, DecapNone, eth(0x8100, vlan(5, 0x0800, ip4(6, tcp(timestamps, data))))},
		{"frame=mpls", LinkEthernet, DecapNone, eth(0x8847, cat(label(16, false), label(17, true), ip4(6, tcp(timestamps, data))))},
		{"frame=sll", LinkLinuxSLL, DecapNone, cat(unhex("0000 0001 0006 0200000000010000 0800"), ip4(6, tcp(timestamps, data)))},
		{"frame=raw", LinkRaw, DecapNone, ip4(6, tcp(timestamps, data))},
		{"frame=gre/decap=inner", LinkEthernet, DecapInner, eth(0x0800, ip4(47, cat(unhex("00000800"), inside(6, tcp(timestamps, data)))))},
		{"frame=vxlan/decap=inner", LinkEthernet, DecapInner, eth(0x0800, ip4(17, udp(5000, 4789, cat(unhex("0800000000000700"), eth(0x0800, inside(6, tcp(timestamps, data)))))))},
		{"frame=arp", LinkEthernet, DecapNone, eth(0x0806, data)},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			d := Decoder{Decap: tt.decap}
			var p Packet
			f := frameOf(tt.link, tt.frame)
			b.SetBytes(int64(len(tt.frame)))
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(f, &p)
			}
		})
	}
}
