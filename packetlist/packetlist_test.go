package packetlist_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"testing"

	"pinyon"
	"pinyon/packetlist"
)

// TestLists: what the lists hold adds up to the engine's own columns, and what bounds leave out is
// counted.
func TestLists(t *testing.T) {
	for _, o := range []packetlist.Options{
		{Packets: 1000, Payload: 64, Memory: 1 << 20},
		{Packets: 5, Memory: 1 << 20},
		{Packets: 1000, Payload: 1500, Memory: 3000},
	} {
		custom, err := packetlist.New(o)
		if err != nil {
			t.Fatal(err)
		}
		pipe, err := pinyon.New(nil, pinyon.WithCustom(custom))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for b, err := range pipe.Batches(context.Background(), pinyon.Files("../testdata/http1.pcap", "../testdata/ssh.pcap")) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Rows {
				row := b.Row(i)
				rows++
				data, err := base64.StdEncoding.DecodeString(row.Text(packetlist.Name))
				if err != nil {
					t.Fatal(err)
				}
				n, bytes, payload, last := int64(0), int64(0), int64(0), uint64(0)
				for len(data) > 0 {
					ts := binary.LittleEndian.Uint64(data)
					if ts < last {
						t.Errorf("packet %d is before the one before", n)
					}
					last = ts
					bytes += int64(binary.LittleEndian.Uint32(data[8:]))
					payload += int64(binary.LittleEndian.Uint32(data[12:]))
					kept := int(binary.LittleEndian.Uint32(data[20:]))
					if kept > o.Payload {
						t.Errorf("packet %d has %d bytes of payload, want %d at most", n, kept, o.Payload)
					}
					data = data[24+kept:]
					n++
				}
				if got, want := n+row.Int(packetlist.Name+"_beyond"), row.Int("total_packets"); got != want {
					t.Errorf("%d packets in the list and beyond, %d in the row", got, want)
				}
				if int(n) > o.Packets {
					t.Errorf("%d packets in a list, want %d at most", n, o.Packets)
				}
				if row.Int(packetlist.Name+"_beyond") == 0 && (bytes != row.Int("total_bytes") || payload != row.Int("payload_bytes_total")) {
					t.Errorf("%d bytes and %d of payload, want %d and %d", bytes, payload, row.Int("total_bytes"), row.Int("payload_bytes_total"))
				}
				if o.Memory < 4000 && row.Int(packetlist.Name+"_beyond") == 0 && row.Int("total_packets") > 18 {
					t.Error("the bound of memory left nothing out")
				}
			}
		}
		if rows != 2 {
			t.Errorf("%d rows", rows)
		}
	}
	if _, err := packetlist.New(packetlist.Options{}); err == nil {
		t.Error("no bound is an error")
	}
}
