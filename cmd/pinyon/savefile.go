package main

import (
	"io"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/capture/plan"
	"pinyon/config"
	"pinyon/netif"
	"pinyon/packetstore"
	"pinyon/savefile"
	"pinyon/sink"
	"pinyon/sink/files"
)

// saveFlags say where the frames of a live run go, and when a new file begins.
type saveFlags struct {
	path     string
	packets  string
	payload  int
	whole    bool // frames in rows
	size     string
	interval string

	count    int  // rows at which another file of rows begins
	rows     bool // an output's name has it followed by others
	follow   bool
	rotation savefile.Rotation
	files    *plan.Files     // of packets, by settings; nil without, or if a flag says where they go
	out      io.Writer       // standard output
	ending   <-chan struct{} // closed when the run is to end
	failed   func(path, kept string, err error)
}

func (s *saveFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.path, "save-pcap", "", "write every captured frame to this file too: .pcap or .pcapng, nanoseconds kept; - is standard output; files that rotate have a number at {seq}, else at the end of the name")
	f.StringVar(&s.packets, "packets", "", "write a row for every captured packet to this Parquet file too")
	f.IntVar(&s.payload, "store-payload", 0, "bytes of payload that a row of --packets keeps")
	f.BoolVar(&s.whole, "store-frames", false, "keep whole frames in rows of --packets, for packets to-pcap")
	f.StringVar(&s.size, "rotate-size", "", "begin a new file before one grows over this size, of rows (-o 'flows-{seq}.csv') once one has it")
	f.StringVar(&s.interval, "rotate-interval", "", "begin a new file at every multiple of this time (UTC); rows rotate if the name of -o holds {time} or {seq}")
	f.IntVar(&s.count, "rotate-rows", 0, "begin a new file of rows once one has so many")
	f.BoolVar(&s.follow, "follow", false, "let files of lines (csv, tsv, jsonl) grow under their own names, for whoever reads along")
	f.IntVar(&s.rotation.Keep, "rotate-keep", 0, "keep only so many of this run's files; 0 is all, and those of earlier runs always stay")
}

// check resolves the flags.
func (s *saveFlags) check() (err error) {
	switch {
	case s.count < 0:
		return usage("--rotate-rows: got %d; want 0 or more", s.count)
	case s.count > 0 && !s.rows:
		return usage("--rotate-rows needs an output whose name holds {time} or {seq}")
	case s.rows && s.follow:
		return usage("--follow: files that rotate appear when they are complete")
	}
	if s.path == "" && s.packets == "" && !s.rows && s.files == nil && (s.size != "" || s.interval != "" || s.rotation.Keep != 0) {
		return usage("--rotate-size, --rotate-interval and --rotate-keep need --save-pcap, --packets, or -o with {time} or {seq} in the name")
	}
	switch {
	case s.payload < 0:
		return usage("--store-payload: got %d; want 0 or more", s.payload)
	case s.payload > 0 && !s.keepsRows():
		return usage("--store-payload needs --packets")
	case s.whole && !s.keepsRows():
		return usage("--store-frames needs --packets")
	case s.packets != "" && !savefile.IsRows(s.packets):
		return usage("--packets: got %s; want a name that ends in .parquet", s.packets)
	case savefile.IsRows(s.path):
		return usage("--save-pcap: got %s; rows are for --packets", s.path)
	case s.packets != "" && s.size != "":
		return usage("--rotate-size: how large a Parquet file becomes is known at its end only; --packets rotates by --rotate-interval")
	}
	if s.size != "" {
		size, err := config.ParseSize(s.size)
		if err != nil || size <= 0 {
			return usage("--rotate-size: got %q; want a size such as 100MB", s.size)
		}
		s.rotation.Size = int64(size)
	}
	if s.rotation.Every, err = parseDuration(s.interval); err != nil {
		return usage("--rotate-interval: %w", err)
	}
	if s.path != "" && files.Place(s.path) == "-" {
		s.path = "-"
	}
	if err := checkFrames("--save-pcap", s.path); err != nil {
		return err
	}
	if s.path == "-" && s.rotation.Rotates() {
		return usage("--save-pcap -: standard output has no second file")
	}
	for _, path := range []string{s.path, s.packets} {
		if strings.Contains(path, "{time}") {
			return usage("%s: files of packets are numbered, {seq} in place of {time}", path)
		}
		if strings.Contains(path, "{seq}") && !s.rotation.Rotates() {
			return usage("%s: {seq} needs --rotate-interval, or --rotate-size for --save-pcap", path)
		}
		if s.rotation.Rotates() && files.IsSpecial(path) {
			return usage("%s is no regular file, so there is no second one", path)
		}
	}
	if s.rotation.Keep < 0 || s.rotation.Keep > 0 && !s.rotation.Rotates() && s.count == 0 {
		return usage("--rotate-keep: got %d; want 0 or more, with --rotate-size, --rotate-interval or --rotate-rows", s.rotation.Keep)
	}
	return nil
}

// keepsRows reports whether there are files of rows of packets.
func (s *saveFlags) keepsRows() bool {
	return s.packets != "" || s.files != nil && savefile.IsRows(s.files.Path)
}

// rowRotation says when files of rows end.
func (s *saveFlags) rowRotation() *sink.Rotation {
	return &sink.Rotation{Every: s.rotation.Every, Size: s.rotation.Size, Rows: s.count, Keep: s.rotation.Keep}
}

// checkFrames refuses names that mean another format than one of frames.
func checkFrames(flag, path string) error {
	if path == "-" || files.IsSpecial(path) {
		return nil
	}
	if err := savefile.CheckName(path); err != nil {
		return usage("%s %w", flag, err)
	}
	return nil
}

// apart checks that frames and rows go to places of their own.
func (s *saveFlags) apart(rows []*sink.Target, from *sink.Provenance) error {
	var p files.Places
	if err := p.AddTargets(rows, from); err != nil {
		return usage("%w", err)
	}
	if s.files != nil {
		if err := p.Add(s.files.Path); err != nil {
			return usage("%w", err)
		}
	}
	for _, path := range []string{s.path, s.packets} {
		var err error
		switch {
		case path == "":
		case s.rotation.Rotates():
			err = p.AddSeries(path)
		default:
			err = p.Add(path)
		}
		if err != nil {
			return usage("%w", err)
		}
	}
	return nil
}

// open begins the files of a capture.
func (s *saveFlags) open(ifaces []string, links []uint16, snaplen int) (savefile.Set, error) {
	o := savefile.Options{Stdout: s.out, Ending: s.ending, Failed: s.failed, Interface: savefile.Devices(ifaces, links, snaplen)}
	var all savefile.Set
	if s.path != "" {
		if savefile.CheckLinks(s.path, links) != nil {
			return nil, usage("--save-pcap %s: interfaces of several link types need a .pcapng file", s.path)
		}
		f, err := savefile.OpenSeries(s.path, &s.rotation, &o)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if s.packets != "" {
		o.Rows = packetstore.Options{Payload: s.payload, Frames: s.whole, Own: ownAddresses()}
		f, err := savefile.OpenSeries(s.packets, &s.rotation, &o)
		if err != nil {
			all.Abort()
			return nil, err
		}
		all = append(all, f)
	}
	if s.files != nil {
		if savefile.CheckLinks(s.files.Path, links) != nil {
			all.Abort()
			return nil, usage("%s: interfaces of several link types need the format pcapng or parquet", s.files.Path)
		}
		o.Rows = packetstore.Options{Payload: s.payload, Frames: s.whole, Own: ownAddresses()}
		f, err := openFiles(s.files, &s.rotation, &o)
		if err != nil {
			all.Abort()
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// ownAddresses is whether an address is one that this machine has now.
func ownAddresses() func(netip.Addr) bool {
	own := map[netip.Addr]bool{}
	list, err := netif.List()
	if err != nil {
		return nil
	}
	for _, d := range list {
		for _, a := range d.Addrs {
			own[a.Prefix.Addr()] = true
		}
	}
	return func(a netip.Addr) bool { return own[a] }
}
