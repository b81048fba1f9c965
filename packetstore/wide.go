package packetstore

import (
	"context"
	"iter"

	"pinyon/column"
	"pinyon/packetstore/expr"
)

// wide are the columns of the flattened form, one for a field of a layer: a column of the schema,
// where the packet has that layer.
var wide = []struct {
	name, of string
	layer    layer
}{
	{"timestamp", "timestamp", anyLayer}, {"raw_size", "packet_size", anyLayer},
	{"Ether_src", "src_mac", anyLayer}, {"Ether_dst", "dst_mac", anyLayer}, {"Ether_type", "ethertype", anyLayer}, {"Dot1Q_vlan", "vlan_id", anyLayer},
	{"ARP_op", "arp_operation", arp}, {"ARP_psrc", "src_ip", arp}, {"ARP_pdst", "dst_ip", arp},
	{"IP_src", "src_ip", ipv4}, {"IP_dst", "dst_ip", ipv4}, {"IP_proto", "ip_proto", ipv4}, {"IP_ttl", "ttl", ipv4},
	{"IPv6_src", "src_ip", ipv6}, {"IPv6_dst", "dst_ip", ipv6}, {"IPv6_nh", "ip_proto", ipv6}, {"IPv6_hlim", "ttl", ipv6},
	{"TCP_sport", "src_port", 6}, {"TCP_dport", "dst_port", 6}, {"TCP_seq", "tcp_seq", 6}, {"TCP_ack", "tcp_ack", 6},
	{"TCP_flags", "tcp_flags", 6}, {"TCP_window", "tcp_window", 6},
	{"UDP_sport", "src_port", 17}, {"UDP_dport", "dst_port", 17}, {"SCTP_sport", "src_port", 132}, {"SCTP_dport", "dst_port", 132},
	{"ICMP_type", "icmp_type", 1}, {"ICMP_code", "icmp_code", 1}, {"ICMPv6_type", "icmp_type", 58}, {"ICMPv6_code", "icmp_code", 58},
	{"Raw_load", "payload", anyLayer},
}

// A layer is the IANA number of a protocol behind IP, or one of these.
type layer int

const (
	anyLayer layer = -1 - iota
	arp
	ipv4
	ipv6
)

// WideRows describes what Wide gives: timestamp, raw_size, and LAYER_FIELD for each field of each
// layer. The columns are the same whatever the packets; those of layers that a packet lacks have no
// value.
func WideRows() *column.Schema {
	all := byName()
	s := &column.Schema{Nulls: true}
	for _, w := range wide {
		c := all[w.of]
		f := c.field()
		f.Name, f.Out, f.Nullable = w.name, w.name, c.Nullable || w.layer != anyLayer
		s.Fields = append(s.Fields, f)
	}
	return s
}

// Wide is Filter in the flattened form.
func (s *Store) Wide(ctx context.Context, where *expr.Node) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		b := column.New(WideRows(), batchRows)
		err := s.scan(ctx, orAll(where), func(g *opened, rows []bool) error {
			return g.wide(b, rows, func() bool { return yield(b, nil) })
		})
		if err != nil && err != errEnough {
			yield(nil, err)
		}
	}
}

// layers reports whether row i has a layer.
func (g *opened) layers() (func(l layer, i int) bool, error) {
	version, err := g.values("ip_version")
	if err != nil {
		return nil, err
	}
	proto, err := g.values("ip_proto")
	if err != nil {
		return nil, err
	}
	op, err := g.values("arp_operation")
	is := func(v *values, i int, n int64) bool { return v.is(i) && v.ints[i] == n }
	return func(l layer, i int) bool {
		switch l {
		case anyLayer:
			return true
		case arp:
			return op.is(i)
		case ipv4:
			return is(version, i, 4)
		case ipv6:
			return is(version, i, 6)
		}
		return is(proto, i, int64(l))
	}, err
}

// wide gives the rows of a group in batches.
func (g *opened) wide(b *column.Batch, rows []bool, yield func() bool) error {
	has, err := g.layers()
	if err != nil {
		return err
	}
	list := make([]*values, len(wide))
	for k, w := range wide {
		if list[k], err = g.values(w.of); err != nil {
			return err
		}
	}
	return g.fill(b, rows, yield, func(c *column.Column, k, i int) {
		v := list[k]
		if !has(wide[k].layer, i) {
			v = &values{}
		}
		appendValue(c, v, i, b.Rows)
	})
}
