package groups

import (
	"slices"

	"pinyon/feature"
	"pinyon/flow"
)

// Share of IPv6, flow label (RFC 6437) and traffic class. A flow is of one IP version, so
// the share is 0 or 1. Each sender chooses its own label: what is unusual is a direction
// that changes it. Extension headers are not counted here.
var ipv6OptionsTable = []Feature{
	count("ipv6_packet_count", feature.Count, "Packets of IP version 6.", func(r *Row) int64 { return r.packetsOf(6) }),
	count("ipv4_packet_count", feature.Count, "Packets of IP version 4.", func(r *Row) int64 { return r.packetsOf(4) }),
	count("ipv6_flow_label", feature.None, "Flow label of the first IPv6 packet.", func(r *Row) int64 {
		return r.ifIPv6(int64(r.ipv6.first[r.core.firstDir()] &^ labelSeen))
	}).null(),
	count("ipv6_flow_label_unique_count", feature.Count, "Distinct flow labels of both directions, of each the first 1,024.", func(r *Row) int64 { return int64(r.labels.all) }),
	count("ipv6_flow_label_changes", feature.Count, "Distinct flow labels less one of each direction, of each the first 1,024, added.", func(r *Row) int64 {
		n := r.labels.dir
		return int64(max(n[flow.Fwd], 1)-1) + int64(max(n[flow.Bwd], 1)-1)
	}),
	count("ipv6_traffic_class", feature.None, "Smallest traffic class byte.", func(r *Row) int64 { return r.ifIPv6(r.ip.tos.min()) }).null(),
	count("ipv6_traffic_class_unique_count", feature.Count, "Distinct traffic class bytes.", func(r *Row) int64 {
		if r.Key.Version != 6 {
			return 0
		}
		return r.ip.tos.len()
	}),
	count("ipv6_dscp", feature.None, "Upper six bits of ipv6_traffic_class.", func(r *Row) int64 { return r.ifIPv6(r.ip.tos.min() >> 2) }).null(),
	count("ipv6_ecn", feature.None, "Lower two bits of ipv6_traffic_class.", func(r *Row) int64 { return r.ifIPv6(r.ip.tos.min() & 3) }).null(),
	float("ipv6_ratio", feature.None, "Share of IPv6 packets.", func(r *Row) float64 { return ratio(r.packetsOf(6), r.packetsOf(6)+r.packetsOf(4)) }),
	count("is_ipv6_only", feature.None, "1 if there are IPv6 packets and none of IPv4.", func(r *Row) int64 {
		if r.packetsOf(6) > 0 && r.packetsOf(4) == 0 {
			return 1
		}
		return 0
	}),
}

// labelSeen marks a label that is there, above its 20 bits.
const labelSeen = 1 << 20

// maxLabels is how many flow labels a direction distinguishes.
const maxLabels = 1024

// ipv6Options keeps the first flow label of each direction, which nearly always is the only
// one. The traffic class is kept by ipExtended.
type ipv6Options struct {
	first [2]uint32 // with labelSeen
	sets  uint32    // number of the labelSets, once a direction has another label
}

// labelSets are the labels of each direction that were not its first, ascending.
type labelSets [2][]uint32

func (a *ipv6Options) update(m *Memory, o *flow.Obs) {
	d := o.Dir & 1
	v := o.FlowLabel | labelSeen
	switch a.first[d] {
	case v:
	case 0:
		a.first[d] = v
	default:
		a.another(m, d, v)
	}
}

func (a *ipv6Options) another(m *Memory, d int, v uint32) {
	var t *labelSets
	if a.sets == 0 {
		a.sets, t = m.netPools.labels.Get()
		t[0], t[1] = t[0][:0], t[1][:0]
	} else {
		t = m.netPools.labels.At(a.sets)
	}
	i, ok := slices.BinarySearch(t[d], v)
	if !ok && len(t[d]) < maxLabels-1 {
		t[d] = slices.Insert(t[d], i, v)
	}
}

// labels are the distinct flow labels of a flow, counted.
type labels struct {
	dir [2]uint32
	all uint32
}

func (l *labels) finish(m *Memory, r *Row) {
	a := &r.ipv6
	*l = labels{all: distinct(uint64(a.first[0]), uint64(a.first[1]))}
	for d, v := range a.first {
		l.dir[d] = distinct(uint64(v), 0)
	}
	if a.sets == 0 {
		return
	}
	t := m.netPools.labels.At(a.sets)
	for d, v := range a.first {
		if v != 0 { // a direction's sets are without its first label
			i, _ := slices.BinarySearch(t[d], v)
			t[d] = slices.Insert(t[d], i, v)
		}
		l.dir[d] = uint32(len(t[d]))
	}
	l.all = l.dir[0] + l.dir[1] - common(t[0], t[1])
	m.netPools.labels.Put(a.sets)
}

// common is how many values two ascending sets share.
func common(a, b []uint32) (n uint32) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
			n++
		}
	}
	return n
}

// packetsOf is the number of packets of one IP version.
func (r *Row) packetsOf(version uint8) int64 {
	if r.Key.Version != version {
		return 0
	}
	return int64(r.Packets)
}

// ifIPv6 is v, or absent in an IPv4 flow, which has no such field.
func (r *Row) ifIPv6(v int64) int64 {
	if r.Key.Version != 6 {
		return none
	}
	return v
}
