package source_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon/capture"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/source"
	"pinyon/source/all"
)

// TestParse: which kind an address asks for, with what path and options.
func TestParse(t *testing.T) {
	for address, want := range map[string]string{
		"trace.pcap":             "file trace.pcap []",
		"a=b?c":                  "file a=b?c []",
		"file:///tmp/a%20b.pcap": "file /tmp/a b.pcap []",
		"FILE://x":               "file x []",
		"1://x":                  "file 1://x []",
		"-":                      "stdin - []",
		"stdin://":               "stdin  []",
		"device://":              "device  []",
		"device://eth0,eth1?snaplen=96&duration=9s": "device eth0,eth1 [duration snaplen]",
	} {
		to, err := all.Sources().Parse(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		got := to.Source.Name + " " + to.Path + " [" + strings.Join(slices.Sorted(maps.Keys(to.Query)), " ") + "]"
		if got != want {
			t.Errorf("%s: got %s; want %s", address, got, want)
		}
	}
	for address, want := range map[string]string{
		"kafka://x":          "unknown scheme kafka://",
		"file://x?snaplen=9": "file has no option",
		"device://lo?what=1": "device has no option",
		"file://%zz":         "invalid URL escape",
	} {
		if _, err := all.Sources().Parse(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", address, err, want)
		}
	}
	if _, err := all.Sources().Parse("kafka://x"); !errors.Is(err, source.ErrUnknown) {
		t.Error(err)
	}
	if _, err := (source.Registry{}).Parse("x"); !errors.Is(err, source.ErrUnknown) {
		t.Error(err)
	}
}

// TestNames: no two kinds share a name, a scheme or a word; each has all a user needs to know.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range all.Sources() {
		names := append([]string{"name " + d.Name}, d.Words...)
		for _, s := range d.Schemes {
			names = append(names, s+"://")
		}
		for _, n := range names {
			if seen[n] {
				t.Errorf("%s twice", n)
			}
			seen[n] = true
		}
		if d.Doc == "" || d.Input == nil || len(d.Schemes)+len(d.Words) == 0 {
			t.Errorf("%s lacks something", d.Name)
		}
	}
}

// TestInput reads a file and standard input by their addresses, and what devices refuse.
func TestInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := pcap.NewWriter(f, pcap.WriterOptions{Link: packet.LinkEthernet})
	if err := errors.Join(w.Write(&packet.Frame{Data: make([]byte, 60), Wire: 90, Link: packet.LinkEthernet}), w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{path, "file://" + strings.ReplaceAll(path, " ", "%20"), "file://localhost" + path, "-", "stdin://"} {
		stdin, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		in, err := all.Sources().Input(address, &source.Run{Stdin: stdin, Stop: make(chan struct{})})
		if err != nil {
			t.Fatal(err)
		}
		src, err := in.Open()
		if err != nil {
			t.Fatal(address, err)
		}
		var frame packet.Frame
		if err := src.Next(&frame); err != nil || in.Live {
			t.Error(address, err)
		}
		if s := src.Stats(); s.Captured != 1 || s.Bytes != 90 || s.Truncated != 1 {
			t.Errorf("%s: %+v", address, s)
		}
		src.Close()
		stdin.Close()
	}
	for address, want := range map[string]error{"device://nosuchdevice": capture.ErrNotFound, "device://lo?snaplen=x": nil, "stdin://x": nil, "file://": nil} {
		if _, err := all.Sources().Input(address, nil); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
