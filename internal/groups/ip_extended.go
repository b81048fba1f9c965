package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/stat"
)

// Traits of the IP header: TTL and how it varies (path, distance, spoofing), ToS with its
// parts DSCP and ECN (RFC 2474, RFC 3168), fragmentation flags, identification. TTL is the
// hop limit in IPv6; ToS, flags and identification are those of IPv4 only.
var ipExtendedTable = append(append(
	ttlFamily("ip_ttl_fwd_", "TTL of forward packets", flow.Fwd),
	ttlFamily("ip_ttl_bwd_", "TTL of backward packets", flow.Bwd)...),
	count("ip_ttl_fwd_initial_est", feature.None, "TTL that the initiator set, by its first packet: the next of 64, 128, 255.", func(r *Row) int64 {
		return r.ifFwd(initialTTL(r.ip.firstTTL))
	}).null(),
	count("ip_ttl_fwd_hops_est", feature.None, "Routers on the initiator's side, by that estimate.", func(r *Row) int64 {
		return r.ifFwd(initialTTL(r.ip.firstTTL) - int64(r.ip.firstTTL))
	}).null(),
	count("ip_tos_value", feature.None, "Smallest ToS byte.", func(r *Row) int64 { return r.ifIPv4(r.ip.tos.min()) }).null(),
	count("ip_tos_unique_count", feature.None, "Distinct ToS bytes.", func(r *Row) int64 {
		if r.Key.Version != 4 {
			return 0
		}
		return r.ip.tos.len()
	}),
	count("ip_dscp", feature.None, "Upper six bits of ip_tos_value.", func(r *Row) int64 { return r.ifIPv4(r.ip.tos.min() >> 2) }).null(),
	count("ip_ecn", feature.None, "Lower two bits of ip_tos_value.", func(r *Row) int64 { return r.ifIPv4(r.ip.tos.min() & 3) }).null(),
	count("ip_flags", feature.None, "Flags of all packets together: MF 1, DF 2, reserved 4.", func(r *Row) int64 { return r.ifIPv4(int64(r.ip.flags)) }).null(),
	count("ip_df_count", feature.None, "Packets with DF.", func(r *Row) int64 { return int64(r.ip.df) }),
	float("ip_df_ratio", feature.None, "Share of packets with DF.", func(r *Row) float64 { return ratio(r.ip.df, r.Packets) }),
	count("ip_version", feature.None, "IP version.", func(r *Row) int64 { return int64(r.Key.Version) }).missing(4),
	count("ip_id_gaps", feature.None, "Consecutive packets of one direction whose identification steps by more than 1, modulo 65536.", func(r *Row) int64 { return int64(r.ip.idGaps) }),
)

// ttlFamily is the minimum, maximum, mean and variation of one direction's TTLs.
func ttlFamily(name, what string, dir int) []Feature {
	return []Feature{
		count(name+"min", feature.None, what+": least.", func(r *Row) int64 { return r.ip.ttl[dir].min() }).null(),
		count(name+"max", feature.None, what+": greatest.", func(r *Row) int64 { return r.ip.ttl[dir].max() }).null(),
		float(name+"mean", feature.None, what+": mean.", func(r *Row) float64 {
			if r.core.n[dir] == 0 {
				return absent
			}
			return stat.Mean(uint64(r.core.n[dir]), r.ip.ttlSum[dir], 1)
		}).null(),
		count(name+"changes", feature.None, what+": distinct values less one.", func(r *Row) int64 {
			if r.core.n[dir] == 0 {
				return none
			}
			return r.ip.ttl[dir].len() - 1
		}).null(),
	}
}

// ipExtended keeps the distinct TTLs of each direction, whose least and greatest are the
// minimum and maximum, and the distinct ToS bytes. A value equal to the direction's last
// one is in its set.
type ipExtended struct {
	ttl      [2]set256
	tos      set256 // traffic class in IPv6, which ipv6_options reads
	ttlSum   [2]uint64
	df       uint32
	idGaps   uint32
	lastID   [2]uint16
	last     [2]uint16 // TTL and ToS of a direction's last packet
	firstTTL uint8     // of the first forward packet
	flags    uint8
}

func (a *ipExtended) update(o *flow.Obs, c *core) {
	d := o.Dir & 1
	a.ttlSum[d] += uint64(o.TTL)
	first := c.n[d] == 1
	if v := uint16(o.TTL)<<8 | uint16(o.TOS); v != a.last[d] || first {
		a.last[d] = v
		a.ttl[d].add(o.TTL)
		a.tos.add(o.TOS)
		if first && d == flow.Fwd {
			a.firstTTL = o.TTL
		}
	}
	a.flags |= o.IPFlags
	a.df += uint32(o.IPFlags >> 1 & 1)
	// An IPv6 packet has the identification 0 here, and so no gap.
	if o.IPID-a.lastID[d] > 1 && !first {
		a.idGaps++
	}
	a.lastID[d] = o.IPID
}

// initialTTL is the least usual initial TTL that can have become t.
func initialTTL(t uint8) int64 {
	switch {
	case t <= 64:
		return 64
	case t <= 128:
		return 128
	}
	return 255
}

// ifFwd is v, or absent if there is no forward packet, as after an active timeout.
func (r *Row) ifFwd(v int64) int64 {
	if r.core.n[flow.Fwd] == 0 {
		return none
	}
	return v
}

// ifIPv4 is v, or absent in an IPv6 flow, which has no such field.
func (r *Row) ifIPv4(v int64) int64 {
	if r.Key.Version != 4 {
		return none
	}
	return v
}
