package filter

// Port is the port of a service by its usual name, such as http; ok is false of an unknown one.
func Port(service string) (port uint16, ok bool) {
	s, ok := services()[service]
	return uint16(s.port), ok
}

// Protocol is the IANA number of a protocol behind IP by its usual name, such as gre; ok is false
// of an unknown one, and of those whose number does not fit a byte.
func Protocol(name string) (number uint8, ok bool) {
	n, ok := ipProtocols[name]
	return uint8(n), ok && n <= 0xff
}

// EtherType is that of a protocol by its usual name, such as arp; ok is false of an unknown one,
// and of those that have a service access point instead.
func EtherType(name string) (typ uint16, ok bool) {
	n, ok := etherProtocols[name]
	return uint16(n), ok && n >= 0x600 && n <= 0xffff
}

// Constant is the number that a word of the language stands for, such as 2 for tcp-syn; ok is
// false of other words.
func Constant(word string) (n uint32, ok bool) {
	n, ok = constants[word]
	return n, ok
}
