package groups

import (
	"encoding/binary"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// Layer-2 stations of a flow as the captured link shows them: addresses, VLAN, broadcast and
// multicast. Frames inside tunnels are not looked at. Which link types have which addresses
// is package packet's business.
var macTable = []Feature{
	text("mac_src", "Station of the initiator in the first packet: its source, or of a SYN-ACK its destination.", func(dst []byte, r *Row) ([]byte, bool) { return r.firstMAC(dst, 0, macHasSrc) }).null().private(),
	text("mac_dst", "Station of the responder in the first packet.", func(dst []byte, r *Row) ([]byte, bool) { return r.firstMAC(dst, 1, macHasDst) }).null().private(),
	count("mac_eth_type", feature.None, "Outermost type field of the first packet (33024 on a tagged frame).", func(r *Row) int64 {
		if !r.mac.hasType {
			return none
		}
		return int64(r.mac.ethType)
	}).null(),
	count("mac_vlan_id", feature.None, "Smallest VLAN id of the outermost tag.", func(r *Row) int64 {
		if r.macSets.vids == 0 {
			return none
		}
		return int64(r.macSets.vidMin)
	}).null().private(),
	count("mac_vlan_count", feature.Count, "Distinct VLAN ids of the outermost tag, up to 64; a priority tag's 0 is one.", func(r *Row) int64 { return int64(r.macSets.vids) }),
	count("mac_unique_src_count", feature.Count, "Distinct source addresses of both directions, up to 64.", func(r *Row) int64 { return int64(r.macSets.addrs[0]) }),
	count("mac_unique_dst_count", feature.Count, "Distinct destination addresses of both directions, up to 64.", func(r *Row) int64 { return int64(r.macSets.addrs[1]) }),
	count("mac_stat", feature.None, "Bitmap: first packet has a station of the initiator 1, of the responder 2; a direction has several sources 4, several destinations 8; VLAN 16.", func(r *Row) int64 { return int64(r.mac.stat) }),
	count("mac_broadcast_count", feature.Count, "Packets to the broadcast address, or that the kernel called so.", func(r *Row) int64 { return int64(r.mac.broadcast) }),
	count("mac_multicast_count", feature.Count, "Packets to a group address other than broadcast, or that the kernel called so.", func(r *Row) int64 { return int64(r.mac.multicast) }),
}

// Bits of mac_stat.
const (
	macHasSrc = 1 << iota
	macHasDst
	macManySrc // within a direction; two-way flows always have two over all
	macManyDst
	macTagged
)

// A link word is an address in 48 bits, first byte lowest, and marks above: one that the
// address is there; in the word of the source, the VLAN id and a mark of it as well.
const (
	wordAddr      = 1<<48 - 1
	wordHasAddr   = 1 << 48
	wordVLANShift = 49
	wordVLAN      = 0xfff << wordVLANShift
	wordHasVLAN   = 1 << 61
	wordGroup     = 1 // the group bit is the lowest of an address's first byte
)

// mac keeps the first addresses and VLAN id of each direction. A packet that repeats them,
// and nearly every one does, is told by two comparisons.
type mac struct {
	first                [2][2]uint64 // by direction: words of the source and the destination
	broadcast, multicast uint32
	sets                 uint32 // number of the linkSets, once something is not among the first
	ethType              uint16 // of the first packet
	stat                 uint8
	hasType              bool
}

// maxLink is how many addresses of each side, and how many VLAN ids, a flow distinguishes.
const maxLink = 64

// linkSets are the addresses and VLAN ids that were not a direction's first when they came.
type linkSets struct {
	n      [2]uint32
	vids   uint32
	vidMin uint16 // of the VLAN ids that found no room as well
	addr   [2][maxLink]uint64
	vid    [maxLink]uint16
}

func (a *mac) update(m *Memory, o *flow.Obs) {
	var src, dst uint64
	if o.Has&packet.HasSrcMAC != 0 {
		src = wordHasAddr | macWord(&o.SrcMAC)
	}
	if o.Has&packet.HasVLAN != 0 {
		src |= wordHasVLAN | uint64(o.VLAN&0xfff)<<wordVLANShift
	}
	if o.Has&packet.HasDstMAC != 0 {
		dst = wordHasAddr | macWord(&o.DstMAC)
	}
	if o.Index == 0 {
		a.start(o)
	}
	if f := &a.first[o.Dir&1]; src != f[0] || dst != f[1] {
		a.learn(m, f, src, dst)
	}
	if dst&wordGroup != 0 || dst == 0 && o.PacketType != packet.TypeUnknown {
		a.group(o, dst)
	}
}

func macWord(b *[6]byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b[:4])) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// start takes what only the flow's first packet decides.
func (a *mac) start(o *flow.Obs) {
	src, dst := o.Has&packet.HasSrcMAC != 0, o.Has&packet.HasDstMAC != 0
	if o.Dir&1 == flow.Bwd {
		src, dst = dst, src
	}
	if src {
		a.stat |= macHasSrc
	}
	if dst {
		a.stat |= macHasDst
	}
	if o.Has&packet.HasEthType != 0 {
		a.ethType, a.hasType = o.EthType, true
	}
}

// group counts a packet to several stations. Cooked headers have no destination but the
// kernel's word for it.
func (a *mac) group(o *flow.Obs, dst uint64) {
	switch {
	case dst&wordAddr == wordAddr || dst == 0 && o.PacketType == packet.TypeBroadcast:
		a.broadcast++
	case dst != 0 || o.PacketType == packet.TypeMulticast:
		a.multicast++
	}
}

// learn takes words of which at least one is not f, the first ones of the packet's direction.
func (a *mac) learn(m *Memory, f *[2]uint64, src, dst uint64) {
	const vlan = wordVLAN | wordHasVLAN
	words := [2]uint64{src &^ vlan, dst}
	for side, w := range words {
		switch first := f[side] &^ vlan; {
		case w == 0 || w == first:
		case first == 0:
			f[side] |= w
		default:
			a.stat |= macManySrc << side
			t := a.linkSets(m)
			t.n[side] = addDistinct(&t.addr[side], t.n[side], w)
		}
	}
	if src&wordHasVLAN == 0 {
		return
	}
	a.stat |= macTagged
	switch v := src & vlan; {
	case v == f[0]&vlan:
	case f[0]&wordHasVLAN == 0:
		f[0] |= v
	default:
		t := a.linkSets(m)
		vid := wordVID(v)
		t.vids = addDistinct(&t.vid, t.vids, vid)
		t.vidMin = min(t.vidMin, vid)
	}
}

// linkSets are the flow's, taken from m at first need.
func (a *mac) linkSets(m *Memory) *linkSets {
	if a.sets != 0 {
		return m.netPools.links.At(a.sets)
	}
	h, t := m.netPools.links.Get()
	t.n, t.vids, t.vidMin = [2]uint32{}, 0, 0xffff
	a.sets = h
	return t
}

// addDistinct puts v among the first n of a set unless it is there or the set is full, and
// returns how many there are then.
func addDistinct[T uint16 | uint64](set *[maxLink]T, n uint32, v T) uint32 {
	for _, w := range set[:n] {
		if w == v {
			return n
		}
	}
	if n < maxLink {
		set[n] = v
		n++
	}
	return n
}

// macSets are the distinct things of a flow, counted.
type macSets struct {
	addrs  [2]uint32 // source, destination
	vids   uint32
	vidMin uint16
}

func (s *macSets) finish(m *Memory, r *Row) {
	a := &r.mac
	if a.sets == 0 {
		s.fromFirst(a)
		return
	}
	t := m.netPools.links.At(a.sets)
	for d := range a.first {
		f := &a.first[d]
		for side := range f {
			if f[side]&wordHasAddr != 0 {
				t.n[side] = addDistinct(&t.addr[side], t.n[side], f[side]&(wordAddr|wordHasAddr))
			}
		}
		if f[0]&wordHasVLAN != 0 {
			t.vids = addDistinct(&t.vid, t.vids, wordVID(f[0]))
			t.vidMin = min(t.vidMin, wordVID(f[0]))
		}
	}
	*s = macSets{addrs: t.n, vids: t.vids, vidMin: t.vidMin}
	m.netPools.links.Put(a.sets)
}

// fromFirst is for flows in which nothing but the first words of each direction came.
func (s *macSets) fromFirst(a *mac) {
	const addr, vlan = wordAddr | wordHasAddr, wordVLAN | wordHasVLAN
	f, b := &a.first[flow.Fwd], &a.first[flow.Bwd]
	*s = macSets{
		addrs:  [2]uint32{distinct(f[0]&addr, b[0]&addr), distinct(f[1]&addr, b[1]&addr)},
		vids:   distinct(f[0]&vlan, b[0]&vlan),
		vidMin: wordVID(f[0]),
	}
	if f[0]&wordHasVLAN == 0 || b[0]&wordHasVLAN != 0 && wordVID(b[0]) < s.vidMin {
		s.vidMin = wordVID(b[0])
	}
}

// distinct is how many values other than 0 there are among two.
func distinct(a, b uint64) uint32 {
	switch {
	case a == 0 && b == 0:
		return 0
	case a == 0 || b == 0 || a == b:
		return 1
	}
	return 2
}

func wordVID(w uint64) uint16 { return uint16(w & wordVLAN >> wordVLANShift) }

// firstMAC appends the station of the initiator (side 0) or the responder in the flow's first
// packet, aa:bb:cc:dd:ee:ff, if the bit of mac_stat says that it has one.
func (r *Row) firstMAC(dst []byte, side int, bit uint8) ([]byte, bool) {
	if r.mac.stat&bit == 0 {
		return dst, false
	}
	const digits = "0123456789abcdef"
	d := r.core.firstDir()
	w := r.mac.first[d][side^d]
	s := [18]byte{2: ':', 5: ':', 8: ':', 11: ':', 14: ':'}
	for i := 0; i < 18; i += 3 {
		s[i], s[i+1] = digits[w>>4&15], digits[w&15]
		w >>= 8
	}
	return append(dst, s[:17]...), true
}
