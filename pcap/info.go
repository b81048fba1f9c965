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
	if s := &r.section; s.is {
		info.Major, info.Minor, info.Sections = s.major, s.minor, s.number
	} else {
		c := &r.classic
		info.Major, info.Minor = c.major, c.minor
		info.Modified = c.magic == magicModified
	}
	for n := uint32(0); ; n++ {
		i, ok := r.Interface(n)
		if !ok {
			return info
		}
		info.Interfaces = append(info.Interfaces, i)
	}
}

// Interface is interface n of the section reached; ok is false of one that is not declared so
// far. Unlike Info it takes the same time for any number of interfaces, and allocates nothing.
func (r *Reader) Interface(n uint32) (i Interface, ok bool) {
	if !r.section.is {
		res := Microseconds
		if r.nanos == 1 {
			res = Nanoseconds
		}
		return Interface{Link: r.link, Snaplen: r.snap, Resolution: res}, n == 0
	}
	if uint64(n) >= uint64(len(r.section.ifaces)) {
		return Interface{}, false
	}
	f := &r.section.ifaces[n]
	return Interface{
		Link: f.link, Snaplen: f.snap, Name: f.name,
		Resolution: f.clock.resolution, Offset: f.clock.offset,
	}, true
}
