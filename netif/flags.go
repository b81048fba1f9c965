package netif

// Flags are the state of a device, as libpcap's PCAP_IF_ values: bits, and a two-bit field
// for the connection.
type Flags uint8

const (
	Loopback Flags = 1 << iota
	Up             // switched on (IFF_UP)
	Running        // ready to pass packets (IFF_RUNNING), which for most devices means a carrier
	Wireless
)

const (
	connectionShift       = 4
	connectionMask  Flags = 3 << connectionShift
)

// A Connection says whether a device is plugged in or associated.
type Connection uint8

const (
	ConnectionUnknown Connection = iota
	Connected
	Disconnected  // also while the device is down
	NotApplicable // the device has no such thing, as a loopback has not
)

func (c Connection) String() string {
	return [...]string{"unknown", "connected", "disconnected", "not applicable"}[c&3]
}

// Connection is the state of the connection.
func (f Flags) Connection() Connection { return Connection(f & connectionMask >> connectionShift) }

func (f Flags) with(c Connection) Flags {
	return f&^connectionMask | Flags(c)<<connectionShift
}

// Strings are the words for what is set, in the order Up, Running, Loopback, Wireless,
// Connected or Disconnected. An unknown connection and one that does not apply have none.
func (f Flags) Strings() []string {
	words := []string{}
	for _, w := range []struct {
		bit  Flags
		word string
	}{{Up, "Up"}, {Running, "Running"}, {Loopback, "Loopback"}, {Wireless, "Wireless"}} {
		if f&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	switch f.Connection() {
	case Connected:
		words = append(words, "Connected")
	case Disconnected:
		words = append(words, "Disconnected")
	}
	return words
}
