package pcap_test

import (
	"bytes"
	"fmt"
	"log"

	"pinyon/packet"
	"pinyon/pcap"
)

func Example() {
	var file bytes.Buffer
	w := pcap.NewWriter(&file, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	for _, data := range []string{"first frame", "second frame"} {
		if err := w.Write(&packet.Frame{Data: []byte(data), TS: 1_700_000_000_000_000_001, Link: packet.LinkEthernet}); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := pcap.NewReader(&file)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for f, err := range r.All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %q, %d bytes at %d ns\n", f.Number, f.Data, f.Wire, f.TS)
	}
	// Output:
	// 1: "first frame", 11 bytes at 1700000000000000001 ns
	// 2: "second frame", 12 bytes at 1700000000000000001 ns
}
