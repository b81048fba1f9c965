package process

// Stats are the sums of a Source and of its Tracker so far. Of the packets that came, each is in
// one of Matched, Unmatched and Unknown, or waits.
type Stats struct {
	// Method is how sockets are found.
	Method string `json:"method"`
	// Reason is why the kernel tells no events, where they were wanted.
	Reason string `json:"reason,omitempty"`
	// Processes is how many that are wanted run now; of a Spec that wants all, 0.
	Processes int `json:"processes"`
	// Sockets and Listening are how many are known now: with a peer and without.
	Sockets   int `json:"sockets"`
	Listening int `json:"listening"`
	// Namespaces is how many network namespaces are looked into.
	Namespaces int `json:"namespaces"`

	// Matched is packets of processes wanted; Unmatched is packets of others, and those that are
	// no TCP and UDP. Unknown is packets of which nobody said in time whose they are: they are left
	// out, or of a Spec that wants all taken without a process.
	Matched   uint64 `json:"packets_matched"`
	Unmatched uint64 `json:"packets_unmatched"`
	Unknown   uint64 `json:"packets_unknown"`
	// Held is packets that waited. Overflowed is those of Unknown that others had to make room for.
	Held       uint64 `json:"packets_held"`
	Overflowed uint64 `json:"packets_overflowed"`

	// Refreshes is how often the sockets were listed, Scans how often their owners were.
	Refreshes uint64 `json:"refreshes"`
	Scans     uint64 `json:"scans"`
	// Events is what the kernel told, EventsLost what it had no room for.
	Events     uint64 `json:"events"`
	EventsLost uint64 `json:"events_lost"`
	// Refused is sockets, namespaces and processes beyond the limits.
	Refused uint64 `json:"refused"`
	// Errors is failed listings.
	Errors uint64 `json:"errors"`
}
