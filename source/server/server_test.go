package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinyon/account"
	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/remote"
	"pinyon/remote/server"
	"pinyon/source"
	"pinyon/source/all"
	as "pinyon/source/server"
)

const secret = "KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE"

// serve sends frames to a client at a loopback address, once it has come.
func serve(t *testing.T, frames []packet.Frame) (address string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.pcap")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := pcap.NewWriter(w, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	for i := range frames {
		if err := p.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	src, err := server.OpenFile(path, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := remote.OneToken(secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(&server.Options{Source: src, Interfaces: src.Wire(), Wait: 1, Policy: server.Block, Tokens: tokens})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, l, nil)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return l.Addr().String()
}

// TestServer: an address among others opens a server, whose packets the run's filter narrows; the
// token comes from the URL, from a file, or from the environment.
func TestServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PINYON_TOKEN", secret)
	frames := capturetest.Whole(300)
	want := 0
	for i := range frames {
		if frames[i].Wire <= 400 {
			want++
		}
	}
	for _, query := range []string{"?token=" + secret, "?token_file=" + file, "", "?snaplen=60&name=default&duration=1h"} {
		in, err := all.Sources().Input("pinyon://"+serve(t, frames)+query, &source.Run{Filter: "less 400", Stop: make(chan struct{})})
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if !in.Live || in.Mode != account.ModeRemote || in.Interfaces != nil {
			t.Errorf("%+v", in)
		}
		src, err := in.Open()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		var f packet.Frame
		for {
			err := src.Next(&f)
			if errors.Is(err, source.ErrTimeout) {
				continue
			}
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				break
			}
			if f.Wire > 400 || strings.Contains(query, "snaplen") && len(f.Data) > 60 {
				t.Errorf("%d bytes of %d", len(f.Data), f.Wire)
			}
			n++
		}
		if n != want {
			t.Errorf("%s: %d packets; want %d", query, n, want)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestStop: closing Run.Stop ends a server's packets, and a connection that does not come about.
func TestStop(t *testing.T) {
	t.Setenv("PINYON_TOKEN", secret)
	stop := make(chan struct{})
	in, err := all.Sources().Input("pinyon://"+serve(t, capturetest.Whole(3)), &source.Run{Stop: stop})
	if err != nil {
		t.Fatal(err)
	}
	src, err := in.Open()
	if err != nil {
		t.Fatal(err)
	}
	close(stop)
	var f packet.Frame
	for end := time.Now().Add(30 * time.Second); ; {
		if err = src.Next(&f); err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, source.ErrTimeout) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
	src.Close()
	if _, err := all.Sources().Input("pinyon://127.0.0.1:1?reconnect=0", &source.Run{Stop: stop}); err == nil {
		t.Error("nobody is there")
	}
}

// TestFaults: what is wrong with an address is said, and no token with it.
func TestFaults(t *testing.T) {
	t.Setenv("PINYON_TOKEN", "")
	if as.Mode != account.ModeRemote {
		t.Errorf("mode %s", as.Mode)
	}
	for address, text := range map[string]string{
		"pinyon://":                             "host",
		"pinyon://h?bogus=1":                    "bogus",
		"pinyon://h?snaplen=0":                  "snaplen",
		"pinyon://h?reconnect=-1":               "reconnect",
		"pinyons://h?pin=x&token=" + secret:     "pin",
		"pinyon://h?pin=x&token=" + secret:      "pin",
		"pinyon://127.0.0.1:1":                  "no token",
		"pinyon://192.0.2.1?token=" + secret:    "TLS",
		"pinyon://h/path?token=" + secret:       "path",
		"pinyon://h?token_file=/nowhere/to/see": "token_file",
	} {
		_, err := all.Sources().Input(address, &source.Run{})
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
