package savefile

import (
	"fmt"
	"path/filepath"
	"strings"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/pcap"
)

// Output makes the output of a capture (session.Callbacks.Output) by the name of its file:
// .parquet has a row for every packet, .pcap and .pcapng the frames. snaplen is that of the
// capture; 0 is capture.DefaultSnaplen. Of o the rows count. The file appears under its name
// when the capture has ended, and not at all after an error of writing it.
func Output(path string, snaplen int, o *Options) session.OpenOutput {
	return func(names []string, links []uint16) (session.FrameWriter, error) {
		switch ext := strings.ToLower(filepath.Ext(path)); ext {
		case ".parquet", ".pcap", ".pcapng":
		default:
			return nil, fmt.Errorf("%s: unknown format %q; want .parquet, .pcap or .pcapng", path, ext)
		}
		if err := CheckLinks(path, links); err != nil {
			return nil, err
		}
		var with Options
		if o != nil {
			with = *o
		}
		with.Interface = Devices(names, links, snaplen)
		f, err := Create(path, &with)
		if err != nil {
			return nil, err
		}
		err = f.begin(links[0], 0)
		for i := range links {
			if err == nil && f.ng != nil {
				_, err = f.declare(Interface{Number: uint32(i), Link: links[i]})
			}
		}
		if err != nil {
			f.Abort()
			return nil, err
		}
		return f, nil
	}
}

// CheckLinks returns a LinkError if a file of that name cannot hold frames of all these link
// types.
func CheckLinks(path string, links []uint16) error {
	for _, l := range links {
		if l != links[0] && OneLink(path) {
			return &LinkError{path, links[0], l}
		}
	}
	return nil
}

// Devices are the interfaces of a capture as Options tell of them.
func Devices(names []string, links []uint16, snaplen int) func(n uint32) (pcap.Interface, bool) {
	if snaplen == 0 {
		snaplen = capture.DefaultSnaplen
	}
	return func(n uint32) (pcap.Interface, bool) {
		if int(n) >= len(links) {
			return pcap.Interface{}, false
		}
		return pcap.Interface{Link: links[n], Snaplen: uint32(snaplen), Name: names[n]}, true
	}
}
