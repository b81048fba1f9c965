package client

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/remote"
	"pinyon/remote/server"
	"pinyon/source"
)

// A broken source gives a feed's frames and then an error in place of the end.
type broken struct{ *feed }

func (b broken) Next(f *packet.Frame) error {
	err := b.feed.Next(f)
	if err == io.EOF {
		return errors.New("the device is gone")
	}
	return err
}

// TestMergedFails: when one of several servers fails the others go on to their ends, and it is told
// why; when all have failed, that is the source's error, with what came before it delivered.
func TestMergedFails(t *testing.T) {
	for _, sound := range []int{0, 1, 2} {
		m := &Merged{Wait: 0}
		failed := 0
		m.Failed = func(c *Client, err error) { failed++ }
		frames := capturetest.Whole(30)
		for i := range 3 {
			f := newFeed()
			o := server.Options{Source: broken{f}}
			if i < sound {
				o.Source = f
			}
			r := serve(t, o, nil)
			m.Add(r.open(Options{}))
			f.put(frames[10*i : 10*i+10]...)
			close(f.frames)
		}
		var f packet.Frame
		var err error
		n := 0
		for ; err == nil; n++ {
			err = next(t, m, &f)
		}
		var proto *remote.ProtocolError
		var se *source.Error
		if n-1 != 30 {
			t.Errorf("%d sound: %d packets of 30", sound, n-1)
		}
		if sound > 0 && err != io.EOF || sound == 0 && (!errors.As(err, &proto) || !errors.As(err, &se)) {
			t.Errorf("%d sound: %v", sound, err)
		}
		bad := 0
		for _, c := range m.Clients() {
			if c.Detail().Err != nil {
				bad++
			}
		}
		if bad != 3-sound {
			t.Errorf("%d sound: %d are said to have failed", sound, bad)
		}
		if sound == 2 && failed > 1 || failed > bad {
			t.Errorf("%d sound: %d failures were told", sound, failed)
		}
		if s := m.Stats(); s.Captured != 30 {
			t.Errorf("%+v", s)
		}
		m.Close()
		if c := m.Clients()[0]; sound > 0 && c.Detail().Err != nil {
			t.Errorf("closing is said to be a failure: %v", c.Detail().Err)
		}
	}
}

// TestFirst: how often the first connection is tried is a number of its own.
func TestFirst(t *testing.T) {
	nobody := &remote.Address{Host: "127.0.0.1", Port: 1, Name: remote.DefaultToken, Token: secret}
	r := serve(t, server.Options{}, nil)
	var de *remote.DialError
	if _, err := r.try(Options{Address: nobody, Tries: Forever, First: 2}); !errors.As(err, &de) || de.Tries != 2 {
		t.Errorf("%v", err)
	}
}

// TestFile: a capture file waits for its client however slowly that reads, and nothing of it is lost;
// its filter and its interfaces are the file's.
func TestFile(t *testing.T) {
	// More than the queue and the connection hold, of which a server that does not wait loses most.
	var frames []packet.Frame
	for i := range 6 {
		for _, f := range capturetest.Whole(3000) {
			f.TS += int64(i) * 10e9
			frames = append(frames, f)
		}
	}
	var b bytes.Buffer
	w := pcap.NewNGWriter(&b, pcap.NGOptions{})
	for _, name := range []string{"eth0", "tun0"} {
		link := uint16(packet.LinkEthernet)
		if name == "tun0" {
			link = packet.LinkRaw
		}
		if _, err := w.AddInterface(pcap.InterfaceOptions{Name: name, Link: link}); err != nil {
			t.Fatal(err)
		}
	}
	want := 0
	for i := range frames {
		f := &frames[i]
		if i%3 == 0 {
			f.Iface, f.Link, f.Data = 1, packet.LinkRaw, f.Data[14:]
			f.Wire = uint32(len(f.Data))
		}
		if f.Wire > 300 {
			want++
		}
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "in.pcapng")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, expr := range []string{"", "greater 301"} {
		src, err := server.OpenFile(path, expr)
		if err != nil {
			t.Fatal(err)
		}
		if names := src.Interfaces(); len(names) != 2 || names[1] != "eth0" || src.LinkTypes()[0] != packet.LinkRaw {
			t.Fatalf("%q %v", names, src.LinkTypes()) // in the order of their first packets
		}
		r := serve(t, server.Options{Source: src, Interfaces: src.Wire(), Wait: 1, NoZstd: true, Policy: server.Block, Queue: server.MinQueue}, nil)
		c := r.open(Options{})
		var f packet.Frame
		n := 0
		for i := range frames {
			if expr != "" && frames[i].Wire <= 300 {
				continue
			}
			if err := next(t, c, &f); err != nil || f.TS != frames[i].TS || !bytes.Equal(f.Data, frames[i].Data) || f.Link != frames[i].Link || f.Gap {
				t.Fatalf("frame %d: %v, %+v", i, err, f)
			}
			n++
		}
		if err := next(t, c, &f); err != io.EOF {
			t.Error(err)
		}
		if d := c.Detail(); expr != "" && n != want || d.Received != uint64(n) || d.LostQueue != 0 || d.Server.Captured != uint64(n) {
			t.Errorf("%d of %d: %+v", n, want, d)
		}
		r.wait()
	}
}

// TestBlockEnds: a file that waits for a client that does not read ends when the server is stopped.
func TestBlockEnds(t *testing.T) {
	r := serve(t, server.Options{NoZstd: true, Policy: server.Block, Queue: server.MinQueue, Wait: 1}, nil)
	r.open(Options{})
	frames := capturetest.Whole(1000)
	for range 60 {
		r.feed.put(frames...) // 0.7 MB each
	}
	before := -1
	until(t, "the source waits", func() bool {
		n := len(r.feed.frames)
		same := n == before && n > 0 && n < 60_000
		before = n
		if !same {
			time.Sleep(20 * time.Millisecond)
		}
		return same
	})
	// The test's end stops the server and waits for it.
}
