package groups

import (
	"strconv"

	"pinyon/flow"
	"pinyon/packet"
)

// Which options the stacks put into their SYNs, and in which order; windows and values of the
// options are columns of tcp_fingerprint and tcp_options. RFC 9293.
var synExtra = []Feature{
	synText("tcp_syn_options", "Option kinds of the first SYN in order, decimal, joined by hyphens; no operation and every end of list included.", firstSYN),
	synText("tcp_synack_options", "The same of the first SYN-ACK.", firstSYNACK),
}

func synText(name, doc string, which int) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) {
		kinds := r.synKinds.kinds[which][:r.synKinds.n[which]]
		for i, k := range kinds {
			if i > 0 {
				dst = append(dst, '-')
			}
			dst = strconv.AppendUint(dst, uint64(k), 10)
		}
		return dst, len(kinds) > 0
	}).null().needs(needSYNKinds)
}

// The segments of which kinds are kept.
const (
	firstSYN = iota
	firstSYNACK
)

// maxKinds is how many options fit into a TCP header.
const maxKinds = 40

// synKinds are the option kinds of a flow's first SYN and first SYN-ACK.
type synKinds struct {
	kinds [2][maxKinds]uint8
	n     [2]uint8
	seen  [2]bool
}

// synOptions is the number of the flow's synKinds; 0 without.
type synOptions uint32

// update takes a segment with SYN.
func (h *synOptions) update(m *Memory, o *flow.Obs) {
	var k *synKinds
	if *h == 0 {
		n, fresh := m.tcpPools.syns.Get()
		*h, k = synOptions(n), fresh
		*k = synKinds{}
	} else {
		k = m.tcpPools.syns.At(uint32(*h))
	}
	which := firstSYN
	if o.TCPFlags&packet.ACK != 0 {
		which = firstSYNACK
	}
	if k.seen[which] {
		return
	}
	k.seen[which] = true
	k.n[which] = uint8(len(appendKinds(k.kinds[which][:0], o.Packet)))
}

// appendKinds appends the kinds of p's options; behind an end of list, every further such byte
// of the padding too, in which stacks differ.
func appendKinds(dst []byte, p *packet.Packet) []byte {
	dst = p.OptionKinds(dst)
	n := len(dst)
	if n == 0 || dst[n-1] != 0 {
		return dst
	}
	at := 1 // bytes of the options up to and with the end of list
	for _, kind := range dst[:n-1] {
		if kind == 1 {
			at++
		} else {
			at += int(p.Options[at])
		}
	}
	for _, b := range p.Options[at:] {
		if b != 0 {
			break
		}
		dst = append(dst, b)
	}
	return dst
}

// finish copies what the flow's SYNs had, and gives the flow's own back.
func (k *synKinds) finish(m *Memory, h *synOptions) {
	if *h == 0 {
		k.n = [2]uint8{}
		return
	}
	*k = *m.tcpPools.syns.At(uint32(*h))
	m.tcpPools.syns.Put(uint32(*h))
	*h = 0
}
