package pcap

import "pinyon/source"

// Counts are the oddities of a file, as those of any source.
type Counts = source.Counts
