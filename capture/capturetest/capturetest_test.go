package capturetest_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pinyon/capture"
	"pinyon/capture/capturetest"
	"pinyon/feed"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
)

// classic and ng are the frames as files.
func classic(t *testing.T, frames []packet.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet})
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ng(t *testing.T, frames []packet.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcap.NewNGWriter(&b, pcap.NGOptions{})
	_, err := w.AddInterface(pcap.InterfaceOptions{Link: packet.LinkEthernet})
	for i := range frames {
		err = errors.Join(err, w.Write(&frames[i]))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func path(t *testing.T, content []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(p, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func must[S any](t *testing.T) func(S, error) S {
	return func(s S, err error) S {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestFiles(t *testing.T) {
	capturetest.Run(t, "pcap", func(t *testing.T, frames []packet.Frame) source.Source {
		return must[*pcap.Reader](t)(pcap.Open(path(t, classic(t, frames))))
	}, capturetest.Blocks)
	capturetest.Run(t, "pcapng", func(t *testing.T, frames []packet.Frame) source.Source {
		return must[*pcap.Reader](t)(pcap.Open(path(t, ng(t, frames))))
	}, capturetest.Blocks)
	capturetest.Run(t, "reader", func(t *testing.T, frames []packet.Frame) source.Source {
		return must[*pcap.Reader](t)(pcap.NewReader(bytes.NewReader(classic(t, frames))))
	}, capturetest.Blocks)
}

// TestStdin: standard input is a pipe whose writer is in no hurry.
func TestStdin(t *testing.T) {
	capturetest.Run(t, "stdin", func(t *testing.T, frames []packet.Frame) source.Source {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		old := os.Stdin
		os.Stdin = r
		content := classic(t, frames)
		go func() {
			defer w.Close()
			for at := 0; at < len(content); at += 4000 { // records are cut anywhere
				if _, err := w.Write(content[at:min(len(content), at+4000)]); err != nil {
					return // the reader was closed
				}
			}
		}()
		t.Cleanup(func() {
			os.Stdin = old
			r.Close()
		})
		return must[*pcap.Reader](t)(pcap.Open("-"))
	}, capturetest.Blocks)
}

func TestFeed(t *testing.T) {
	capturetest.Run(t, "offline", func(t *testing.T, frames []packet.Frame) source.Source {
		f := must[*feed.Offline](t)(feed.OpenOffline(path(t, classic(t, frames))))
		return f.Source()
	}, capturetest.Blocks)
	capturetest.Run(t, "filtered", func(t *testing.T, frames []packet.Frame) source.Source {
		f := must[*feed.Offline](t)(feed.OpenOffline(path(t, classic(t, frames)), feed.With(capture.Options{Filter: "udp port 53"})))
		return f.Source()
	}, capturetest.Blocks)
}

// TestWhole: some frames of a file are cut, none of a device.
func TestWhole(t *testing.T) {
	cut, whole := capturetest.Frames(20), capturetest.Whole(20)
	short := 0
	for i := range cut {
		if len(cut[i].Data) < int(cut[i].Wire) {
			short++
		}
		if len(whole[i].Data) != int(whole[i].Wire) || !bytes.HasPrefix(whole[i].Data, cut[i].Data) {
			t.Errorf("frame %d: %d bytes of %d", i, len(whole[i].Data), whole[i].Wire)
		}
	}
	if short == 0 {
		t.Error("no frame is cut")
	}
}
