package tls_test

import (
	"fmt"

	"pinyon/proto/tls"
)

// Fingerprints can be had from plain lists, whoever parsed the hello.
func ExampleJA3String() {
	s := tls.JA3String(769, []uint16{47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4},
		[]uint16{0, 10, 11}, []uint16{23, 24, 25}, []uint8{0})
	fmt.Println(s)
	fmt.Println(tls.MD5Hex(s))
	// Output:
	// 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0
	// ada70206e40642a3e4461f35503241d5
}

// A Session is fed each direction's segments in stream order.
func ExampleSession() {
	hello := []byte("\x16\x03\x01\x00\x3b\x01\x00\x00\x37\x03\x03" + "0123456789abcdef0123456789abcdef" + // random
		"\x00\x00\x02\xc0\x2f\x01\x00" + // no session id, one suite, no compression
		"\x00\x0c\x00\x00\x00\x08\x00\x06\x00\x00\x03a.b") // server_name
	var s tls.Session
	s.Reset()
	s.Feed(0, hello[:20], tls.Mark{Index: 3})
	s.Feed(0, hello[20:], tls.Mark{Index: 4})
	s.Finish()

	var h tls.ClientHello
	if s.ClientHello(&h) && h.Usable() {
		fmt.Printf("%s from direction %d in %d packets\n", h.ServerName, s.Client(), s.ClientHelloPackets())
		fmt.Printf("%s\n", tls.AppendJA4(nil, &h, s.Over(), tls.JA4))
	}
	// Output:
	// a.b from direction 0 in 2 packets
	// t12d010100_f06271c2b022_000000000000
}
