package packetstore

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pinyon/capture"
	"pinyon/capture/afpacket"
	"pinyon/capture/session"
	"pinyon/internal/nstest"
)

// TestCapture: a capture with an output has a row for every packet, whether Count, Stop or
// the end of its device ends it; what its callback makes of them does not matter.
// output writes rows to a file while a capture runs.
func output(path string) session.OpenOutput {
	return func(names []string, _ []uint16) (session.FrameWriter, error) {
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		return NewWriter(f, &Options{Payload: 3, Interface: func(n uint32) string { return names[n] }})
	}
}

func TestCapture(t *testing.T) {
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	var out *afpacket.Sender
	var err error
	ns.Do(func() { out, err = afpacket.OpenSender("v0", nil) })
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	send := func(n int) {
		for i := range n {
			data := eth(0x0800, udp(i))
			binary.BigEndian.PutUint16(data[34:], uint16(1000+i))
			if err := out.Send(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	wrong := errors.New("wrong")
	for name, c := range map[string]struct {
		count  uint64
		end    func(c *session.Capture)
		packet func(p *capture.Packet) error
		want   error
		rows   int
	}{
		"count":    {count: 5, rows: 5},
		"stop":     {end: func(c *session.Capture) { c.Stop() }, rows: 10},
		"callback": {packet: func(p *capture.Packet) error { return wrong }, want: wrong, rows: 1},
	} {
		path := filepath.Join(t.TempDir(), "packets.parquet")
		cap, err := session.New(capture.Options{Interface: "v1", Count: c.count, ReadTimeout: 50 * time.Millisecond},
			session.Callbacks{OnPacket: c.packet, Output: output(path)})
		if err != nil {
			t.Fatal(err)
		}
		ns.Do(func() { err = cap.Start(context.Background()) })
		if err != nil {
			t.Fatal(err)
		}
		send(10)
		if c.end != nil {
			for end := time.Now().Add(30 * time.Second); cap.Captured() < 10 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			c.end(cap)
		}
		if err := cap.Wait(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, data)
		if len(got["hour"]) != c.rows {
			t.Fatalf("%s: %d rows; want %d", name, len(got["hour"]), c.rows)
		}
		for i := range c.rows {
			if got["interface"][i] != "v1" || got["src_port"][i] != itoa(1000+i) || got["payload_size"][i] != itoa(i) || got["direction"][i] != "Forwarded" {
				t.Errorf("%s: row %d: %s %s %s %s", name, i, got["interface"][i], got["src_port"][i], got["payload_size"][i], got["direction"][i])
			}
		}
	}
}
