package listen

import (
	"io"
	"os"
	"testing"

	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
)

// store makes rows of a capture; false if it is damaged.
func store(t *testing.T, r *pcap.Reader, path string) bool {
	t.Helper()
	defer r.Close()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := packetstore.NewWriter(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var frame packet.Frame
	for {
		switch err := r.Next(&frame); err {
		case nil:
			if err := w.Write(&frame); err != nil {
				t.Fatal(err)
			}
		case io.EOF:
			return true
		default:
			return false
		}
	}
}
