// Package file has captures in files as sources: pcap and pcapng, plain or packed, of regular
// files, of pipes and of standard input. Package pcap reads them.
package file

import (
	"fmt"
	"io"
	"os"
	"strings"

	"pinyon/pcap"
	"pinyon/source"
)

// Named is a capture by its path: file:///tmp/trace.pcap, or the path alone.
var Named = &source.Descriptor{
	Name: "file", Schemes: []string{"file"}, Doc: "A capture file or a pipe, pcap or pcapng, plain or packed with gzip or zstd.",
	Input: func(to *source.Target, run *source.Run) (source.Input, error) {
		if to.Path == "" {
			return source.Input{}, fmt.Errorf("file: the name is empty")
		}
		path := to.Path
		if strings.HasPrefix(path, "localhost/") { // RFC 8089, section 2
			path = strings.TrimPrefix(path, "localhost")
		}
		return Input(path, run), nil
	},
}

// Stdin is a capture on standard input: - or stdin://.
var Stdin = &source.Descriptor{
	Name: "stdin", Schemes: []string{"stdin"}, Words: []string{"-"}, Doc: "A capture on standard input.",
	Input: func(to *source.Target, run *source.Run) (source.Input, error) {
		if to.Path != "-" && to.Path != "" {
			return source.Input{}, fmt.Errorf("stdin://%s: standard input has no name", to.Path)
		}
		return Input("-", run), nil
	},
}

// Input is a capture file as an input; - is standard input. A nil run is the zero value.
func Input(path string, run *source.Run) source.Input {
	if run == nil {
		run = &source.Run{}
	}
	in := source.Input{Name: path, Open: func() (source.Source, error) { return pcap.Open(path) }}
	info, err := os.Stat(path)
	switch {
	case path == "-":
		in.Open = func() (source.Source, error) { return openStdin(run) }
	case err == nil && info.Mode().IsRegular():
		in.Size = info.Size()
	case err == nil && !info.IsDir() && run.Stop != nil:
		in.Open = func() (source.Source, error) {
			return OpenStream(path, func() (io.ReadCloser, error) { return os.Open(path) }, run.Stop)
		}
	}
	return in
}

// openStdin reads standard input. If that is no regular file it may be waited for in vain, so
// it is given up once run.Stop is closed.
func openStdin(run *source.Run) (source.Source, error) {
	r := run.Stdin
	if r == nil {
		r = os.Stdin
	}
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return pcap.NewReader(f)
		}
	}
	if r == os.Stdin && run.Stop == nil {
		return pcap.Open("-")
	}
	return OpenStream("standard input", func() (io.ReadCloser, error) { return io.NopCloser(r), nil }, run.Stop)
}
