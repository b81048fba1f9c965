package packet

import (
	"fmt"
	"iter"
)

// A nonIPKey names what a frame without IP was: a number space in the upper half, its
// number in the lower.
type nonIPKey uint32

// The number spaces of nonIPKey.
const (
	spaceEtherType nonIPKey = iota << 16
	spaceLLC                // DSAP
	spacePPP                // PPP protocol
	spaceFamily             // address family of NULL and LOOP
	space80211              // type<<4 | subtype
	spaceProtected          // 802.11 data with the Protected bit
	spaceVersion            // first nibble where IP was due
	spaceNLPID              // protocol identifier, or control field, of Frame Relay
	spaceNext               // next protocol of NSH
	spaceMask      nonIPKey = 0xffff0000
)

// String is the name that Counts.NonIP documents.
func (k nonIPKey) String() string {
	v := uint32(k &^ spaceMask)
	switch k & spaceMask {
	case spaceLLC:
		return fmt.Sprintf("llc/0x%02x", v)
	case spacePPP:
		return fmt.Sprintf("ppp/0x%04x", v)
	case spaceFamily:
		return fmt.Sprintf("family/%d", v)
	case space80211:
		return fmt.Sprintf("802.11/%d", v)
	case spaceProtected:
		return "802.11/protected"
	case spaceVersion:
		return fmt.Sprintf("version/%d", v)
	case spaceNLPID:
		return fmt.Sprintf("nlpid/0x%02x", v)
	case spaceNext:
		return fmt.Sprintf("nsh/%d", v)
	}
	return fmt.Sprintf("0x%04x", v)
}

// A nonIPTable counts by key in fixed room: whoever sends many made-up EtherTypes fills
// the last line, not the memory.
type nonIPTable struct {
	keys  [64]nonIPKey
	n     [64]uint64
	used  int
	other uint64
}

func (t *nonIPTable) count(k nonIPKey, n uint64) {
	for i, have := range t.keys[:t.used] {
		if have == k {
			t.n[i] += n
			return
		}
	}
	if t.used == len(t.keys) {
		t.other += n
		return
	}
	t.keys[t.used], t.n[t.used] = k, n
	t.used++
}

func (t *nonIPTable) add(o *nonIPTable) {
	for i, k := range o.keys[:o.used] {
		t.count(k, o.n[i])
	}
	t.other += o.other
}

func (t *nonIPTable) all() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i, k := range t.keys[:t.used] {
			if !yield(k.String(), t.n[i]) {
				return
			}
		}
		if t.other > 0 {
			yield("other", t.other)
		}
	}
}
