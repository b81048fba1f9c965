package pcap

// Info says what a capture's headers say, as far as they have been read.
type Info struct {
	Format       string // "pcap" or "pcapng"
	Compression  string // "", "gzip" or "zstd"
	BigEndian    bool   // of the file, or of the section reached
	Modified     bool   // pcap with the longer records of Kuznetsov's patch
	Major, Minor uint16 // version of the format
	Sections     int    // pcapng: begun so far
	// Interfaces of the section reached, by id. A pcap file has one, without a name.
	Interfaces []Interface
}

// An Interface is where packets of a capture came from.
type Interface struct {
	Link       uint16 // LINKTYPE_ value
	Snaplen    uint32 // most bytes captured of a packet; 0 is no limit
	Resolution Resolution
	Offset     int64  // seconds to add to its times; already in Frame.TS
	Name       string // may be empty
}

// Format is "pcap" or "pcapng".
func (r *Reader) Format() string {
	if r.section.is {
		return "pcapng"
	}
	return "pcap"
}

// Section is the number of the pcapng section reached, from 1; 0 of a pcap file. Interface ids
// mean others in another section.
func (r *Reader) Section() int { return r.section.number }

// Info is a snapshot. Before the first Next it knows the interfaces that come ahead of
// the first packet, as far as they lie in the first block read; from a pipe these may be
// none. It is called from the goroutine that calls Next.
func (r *Reader) Info() Info {
	info := Info{Format: r.Format(), Compression: r.compressed, BigEndian: r.big}
	if !r.section.is {
		c := &r.classic
		info.Major, info.Minor = c.major, c.minor
		info.Modified = c.magic == magicModified
		res := Microseconds
		if r.nanos == 1 {
			res = Nanoseconds
		}
		info.Interfaces = []Interface{{Link: r.link, Snaplen: r.snap, Resolution: res}}
		return info
	}
	s := &r.section
	info.Major, info.Minor, info.Sections = s.major, s.minor, s.number
	for i := range s.ifaces {
		f := &s.ifaces[i]
		info.Interfaces = append(info.Interfaces, Interface{
			Link: f.link, Snaplen: f.snap, Name: f.name,
			Resolution: f.clock.resolution, Offset: f.clock.offset,
		})
	}
	return info
}
