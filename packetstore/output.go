package packetstore

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"pinyon/capture"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/sink/files"
)

// Output makes the output of a capture (capture.Callbacks.Output) by the name of its file:
// .parquet is a Writer with o, with the names of the capture's devices; .pcap and .pcapng
// have nanoseconds. The file appears under its name when the capture has ended, and not at
// all after an error of writing it.
func Output(path string, o *Options) func(names []string, links []uint16) (capture.FrameWriter, error) {
	return func(names []string, links []uint16) (capture.FrameWriter, error) {
		begin, err := beginner(path, o, names, links)
		if err != nil {
			return nil, err
		}
		t, err := files.Create(path)
		if err != nil {
			return nil, err
		}
		w, err := begin(t)
		if err != nil {
			return nil, errors.Join(err, t.Abort())
		}
		return &output{FrameWriter: w, target: t}, nil
	}
}

// beginner is what begins a file of a name.
func beginner(path string, o *Options, names []string, links []uint16) (func(io.Writer) (capture.FrameWriter, error), error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".parquet":
		var with Options
		if o != nil {
			with = *o
		}
		with.Interface = func(n uint32) string { return names[n] }
		return func(w io.Writer) (capture.FrameWriter, error) { return NewWriter(w, &with) }, nil
	case ".pcap":
		for _, l := range links {
			if l != links[0] {
				return nil, fmt.Errorf("%s: devices of link types %d and %d need a .pcapng file", path, links[0], l)
			}
		}
		return func(w io.Writer) (capture.FrameWriter, error) {
			return pcap.NewWriter(w, pcap.WriterOptions{Link: links[0], Nano: true}), nil
		}, nil
	case ".pcapng":
		return func(w io.Writer) (capture.FrameWriter, error) {
			ng := pcap.NewNGWriter(w, pcap.NGOptions{Application: "pinyon"})
			for i, l := range links {
				if _, err := ng.AddInterface(pcap.InterfaceOptions{Link: l, Name: names[i]}); err != nil {
					return nil, err
				}
			}
			return ng, nil
		}, nil
	default:
		return nil, fmt.Errorf("%s: unknown format %q; want .parquet, .pcap or .pcapng", path, ext)
	}
}

// output is a writer into a file that appears when it is complete.
type output struct {
	capture.FrameWriter
	target *files.File
	failed bool
}

func (f *output) Write(p *packet.Frame) error {
	err := f.FrameWriter.Write(p)
	f.failed = f.failed || err != nil
	return err
}

func (f *output) Flush() error {
	err := f.FrameWriter.Flush()
	f.failed = f.failed || err != nil
	return err
}

func (f *output) Close() error {
	err := f.FrameWriter.Close()
	if err != nil || f.failed {
		return errors.Join(err, f.target.Abort())
	}
	return f.target.Commit()
}
