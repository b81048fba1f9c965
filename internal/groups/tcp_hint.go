package groups

import (
	"bytes"

	"pinyon/packet"
)

// An osHint is a guess at an operating system.
type osHint uint8

const (
	osUnknown osHint = iota
	osLinuxOld
	osMacOS
	osBSD
	osLinux
	osWindows10
	osWindows
)

// String is the word of the column.
func (h osHint) String() string {
	return [...]string{"unknown", "linux-old", "macos", "bsd", "linux", "windows-10", "windows"}[h]
}

// hintRule fits a SYN with one of the windows, or whose option kinds (IANA: 1 NOP, 2 MSS, 3
// window scale, 4 SACK permitted, 8 timestamps) start with one of the orders.
type hintRule struct {
	ttl     int64 // initial
	windows []uint16
	orders  [][]byte
	hint    osHint
}

// hintRules are the published habits of the stacks; the first that fits counts.
var hintRules = []hintRule{
	{64, []uint16{5840}, nil, osLinuxOld},
	{64, nil, [][]byte{{2, 1, 3, 1, 1, 8, 4}}, osMacOS},
	{64, nil, [][]byte{{2, 1, 3, 4, 8}, {2, 1, 1, 4, 1, 3, 1, 1, 8}}, osBSD},
	{64, []uint16{29200, 65535}, [][]byte{{2, 4, 8, 1, 3}}, osLinux},
	{128, []uint16{65520}, nil, osWindows10},
	{128, []uint16{65535, 8192}, [][]byte{{2, 1, 3, 1, 1, 4}}, osWindows},
}

func hintOf(p *packet.Packet) osHint {
	if p.TTL == 0 {
		return osUnknown
	}
	var b [40]byte
	kinds := p.OptionKinds(b[:0])
	ttl := initialTTL(p.TTL)
	for i := range hintRules {
		if r := &hintRules[i]; r.ttl == ttl && r.fits(p.Window, kinds) {
			return r.hint
		}
	}
	return osUnknown
}

func (r *hintRule) fits(window uint16, kinds []byte) bool {
	for _, w := range r.windows {
		if w == window {
			return true
		}
	}
	for _, o := range r.orders {
		if bytes.HasPrefix(kinds, o) {
			return true
		}
	}
	return false
}
