package packet

import "testing"

// FuzzAddresses: the addresses are those that Examine finds.
func FuzzAddresses(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2}, uint16(LinkEthernet))
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0x81, 0, 0, 7, 8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, uint16(LinkEthernet))
	f.Add(make([]byte, 60), uint16(LinkEthernet))
	f.Fuzz(func(t *testing.T, data []byte, link uint16) {
		frame := &Frame{Data: data, Wire: uint32(len(data)), Link: link}
		var d, e Decoder
		var p, q Packet
		var v Finding
		src, dst := d.Addresses(frame, &p)
		if e.Examine(frame, &q, &v) {
			if src != q.SrcAddr() || dst != q.DstAddr() {
				t.Fatalf("%v %v of a packet of %v %v", src, dst, q.SrcAddr(), q.DstAddr())
			}
			return
		}
		a, ok := v.ARP()
		if !ok && (src.IsValid() || dst.IsValid()) || ok && (src != a.Sender() || dst != a.Target()) {
			t.Fatalf("%v %v of %+v", src, dst, v)
		}
	})
}
