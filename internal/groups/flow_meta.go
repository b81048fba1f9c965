package groups

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/cryptopan"
	"pinyon/internal/stat"
	"pinyon/packet"
)

// Who talked to whom, when, how much and how fast, and how the conversation ended.
var metaTable = []Feature{
	text("flow_id", "Hash of salt and 5-tuple in canonical order; the same for every row of a 5-tuple.", flowID).on(optFlowID).private(),
	text("src_ip", "Address of the initiator.", func(dst []byte, r *Row) ([]byte, bool) { return r.appendIP(dst, r.src()), true }).under(optAddresses).private().is(feature.Address),
	text("dst_ip", "Address of the responder.", func(dst []byte, r *Row) ([]byte, bool) { return r.appendIP(dst, r.dst()), true }).under(optAddresses).private().is(feature.Address),
	count("src_port", feature.None, "Port of the initiator; 0 for protocols without ports.", func(r *Row) int64 { return int64(r.srcPort()) }).under(optPorts),
	count("dst_port", feature.None, "Port of the responder; 0 for protocols without ports.", func(r *Row) int64 { return int64(r.dstPort()) }).under(optPorts),
	text("dst_port_class", "Service name of the responder's port, or system, registered, dynamic.", func(dst []byte, r *Row) ([]byte, bool) {
		name, _ := PortClass(r.dstPort())
		return append(dst, name...), true
	}).under(optPorts),
	count("dst_port_class_num", feature.None, "1 for ports below 1024, 2 below 49152, 3 from there on.", func(r *Row) int64 {
		_, n := PortClass(r.dstPort())
		return int64(n)
	}).under(optPorts),
	count("protocol", feature.None, "Upper-layer protocol number (IANA), IPv6 extension headers walked.", func(r *Row) int64 { return int64(r.Key.Proto) }),
	float("start_time", feature.Seconds, "Time of the first packet, Unix epoch.", func(r *Row) float64 { return stat.Epoch(r.First) }).is(feature.Instant),
	float("end_time", feature.Seconds, "Time of the latest packet, Unix epoch.", func(r *Row) float64 { return stat.Epoch(r.Last) }).is(feature.Instant),
	float("duration", feature.Seconds, "Time from the first to the latest packet.", func(r *Row) float64 { return seconds(r.Last - r.First) }),
	count("total_packets", feature.Count, "Packets in both directions.", func(r *Row) int64 { return int64(r.Packets) }),
	count("packets_fwd", feature.Count, "Packets from the initiator.", func(r *Row) int64 { return int64(r.core.n[flow.Fwd]) }),
	count("packets_bwd", feature.Count, "Packets from the responder.", func(r *Row) int64 { return int64(r.core.n[flow.Bwd]) }),
	count("total_bytes", feature.Bytes, "Bytes from the IP header onward, both directions.", func(r *Row) int64 { return int64(r.total()) }),
	count("bytes_fwd", feature.Bytes, "Bytes from the IP header onward, from the initiator.", func(r *Row) int64 { return int64(r.core.bytes[flow.Fwd]) }),
	count("bytes_bwd", feature.Bytes, "Bytes from the IP header onward, from the responder.", func(r *Row) int64 { return int64(r.core.bytes[flow.Bwd]) }),
	count("payload_bytes_fwd", feature.Bytes, "Payload bytes from the initiator.", func(r *Row) int64 { return int64(r.core.payload[flow.Fwd]) }),
	count("payload_bytes_bwd", feature.Bytes, "Payload bytes from the responder.", func(r *Row) int64 { return int64(r.core.payload[flow.Bwd]) }),
	count("payload_bytes_total", feature.Bytes, "Payload bytes in both directions.", func(r *Row) int64 { return int64(r.payload()) }),
	float("packets_ratio", feature.None, "Packets forward over packets backward; packets forward if none came back.", func(r *Row) float64 {
		return over(float64(r.core.n[flow.Fwd]), float64(r.core.n[flow.Bwd]))
	}),
	float("bytes_ratio", feature.None, "Bytes forward over bytes backward; bytes forward if none came back.", func(r *Row) float64 {
		return over(float64(r.core.bytes[flow.Fwd]), float64(r.core.bytes[flow.Bwd]))
	}),
	float("packets_per_second", feature.PacketsPerSec, "Packets over duration; the number of packets if the duration is 0.", func(r *Row) float64 {
		return over(float64(r.Packets), seconds(r.Last-r.First))
	}),
	float("bytes_per_second", feature.BytesPerSec, "Bytes over duration; the number of bytes if the duration is 0.", func(r *Row) float64 {
		return over(float64(r.total()), seconds(r.Last-r.First))
	}),
	float("avg_packet_size", feature.Bytes, "Mean bytes a packet.", func(r *Row) float64 { return ratio(r.total(), r.Packets) }),
	float("time_first", feature.Seconds, "Same as start_time.", func(r *Row) float64 { return stat.Epoch(r.First) }).is(feature.Instant),
	float("time_last", feature.Seconds, "Same as end_time.", func(r *Row) float64 { return stat.Epoch(r.Last) }).is(feature.Instant),
	count("flow_stat", feature.None, "Bitmap: SYN 1, SYN-ACK 2, FIN forward 4, FIN backward 8, RST 16, opened and closed 64.", func(r *Row) int64 { return r.core.flowStat() }),
	count("num_hdrs", feature.Count, "Parts of hdr_desc.", func(r *Row) int64 { return 2 + int64(r.core.first&firstMAC) }),
	text("hdr_desc", "Headers of the first packet: ETH if it has a source address, IP or IP6, transport.", hdrDesc),

	count("start_ns", feature.Nanoseconds, "Time of the first packet, Unix epoch, lossless.", func(r *Row) int64 { return r.First }).on(optTrace),
	count("end_ns", feature.Nanoseconds, "Time of the latest packet, Unix epoch, lossless.", func(r *Row) int64 { return r.Last }).on(optTrace),
	text("end_reason", "Why the flow ended: fin, rst, idle, active, evicted, flushed, reused.", func(dst []byte, r *Row) ([]byte, bool) { return append(dst, r.Reason.String()...), true }).on(optTrace),
	count("first_packet", feature.None, "Record number of the first packet in its input, or in its capture of those merged, from 1.", func(r *Row) int64 { return int64(r.FirstNo & packet.NumberMask) }).on(optTrace),
	count("last_packet", feature.None, "Record number of the latest packet in its input, or in its capture of those merged.", func(r *Row) int64 { return int64(r.LastNo & packet.NumberMask) }).on(optTrace),
	text("input", "Name of the input, as given; where several interfaces are captured or captures are merged, that of the first packet.", func(dst []byte, r *Row) ([]byte, bool) {
		return append(dst, r.plan.input(r.Input, r.core.iface)...), true
	}).on(optTrace).private(),
}

// timeExtra are start_time and end_time without loss, in the type that programs have for times.
var timeExtra = []Feature{
	count("start", feature.Nanoseconds, "Time of the first packet as a time stamp, UTC; RFC 3339 where values are text.", func(r *Row) int64 { return r.First }).is(feature.Stamp),
	count("end", feature.Nanoseconds, "Time of the latest packet as a time stamp, UTC; RFC 3339 where values are text.", func(r *Row) int64 { return r.Last }).is(feature.Stamp),
}

// seconds is a span as float64 seconds.
func seconds(ns int64) float64 { return float64(ns) / 1e9 }

// over is a/b, and a where b is 0.
func over(a, b float64) float64 {
	if b == 0 {
		return a
	}
	return a / b
}

func (r *Row) src() netip.Addr {
	if r.Swapped {
		return r.Key.AddrB()
	}
	return r.Key.AddrA()
}

func (r *Row) dst() netip.Addr {
	if r.Swapped {
		return r.Key.AddrA()
	}
	return r.Key.AddrB()
}

func (r *Row) srcPort() uint16 {
	if r.Swapped {
		return r.Key.BPort
	}
	return r.Key.APort
}

func (r *Row) dstPort() uint16 {
	if r.Swapped {
		return r.Key.APort
	}
	return r.Key.BPort
}

// prefixKey is the key of Crypto-PAn that a salt of 64 hexadecimal digits spells, as other
// programs take it; of any other salt it is the SHA-256 of its UTF-8 bytes.
func prefixKey(salt string) [cryptopan.KeySize]byte {
	if b, err := hex.DecodeString(salt); err == nil && len(b) == cryptopan.KeySize {
		return [cryptopan.KeySize]byte(b)
	}
	return sha256.Sum256([]byte(salt))
}

// appendIP appends the address in the canonical text of RFC 5952, or what stands for it.
func (r *Row) appendIP(dst []byte, a netip.Addr) []byte {
	if !r.plan.anonymize {
		return a.AppendTo(dst)
	}
	if r.plan.prefixes != nil {
		return r.plan.prefixes.Addr(a).AppendTo(dst)
	}
	h := r.hash(a)
	return hex.AppendEncode(dst, h[:])
}

// flowID hashes salt and A:port:B:port:protocol, endpoints ordered by their text.
func flowID(dst []byte, r *Row) ([]byte, bool) {
	var ta, tb [48]byte
	a, b := r.Key.AddrA().AppendTo(ta[:0]), r.Key.AddrB().AppendTo(tb[:0])
	pa, pb := r.Key.APort, r.Key.BPort
	if s, t := string(a), string(b); s > t || s == t && pa > pb {
		a, b, pa, pb = b, a, pb, pa
	}
	var buf [256]byte
	m := append(buf[:0], r.plan.salt...)
	m = append(m, a...)
	m = append(m, ':')
	m = strconv.AppendUint(m, uint64(pa), 10)
	m = append(m, ':')
	m = append(m, b...)
	m = append(m, ':')
	m = strconv.AppendUint(m, uint64(pb), 10)
	m = append(m, ':')
	m = strconv.AppendUint(m, uint64(r.Key.Proto), 10)
	sum := sha256.Sum256(m)
	return hex.AppendEncode(dst, sum[:16]), true
}

func hdrDesc(dst []byte, r *Row) ([]byte, bool) {
	if r.core.first&firstMAC != 0 {
		dst = append(dst, "ETH-"...)
	}
	dst = append(dst, "IP"...)
	if r.Key.Version == 6 {
		dst = append(dst, '6')
	}
	dst = append(dst, '-')
	switch r.Key.Proto {
	case packet.ProtoTCP:
		return append(dst, "TCP"...), true
	case packet.ProtoUDP:
		return append(dst, "UDP"...), true
	case packet.ProtoICMP:
		return append(dst, "ICMP"...), true
	}
	return strconv.AppendUint(append(dst, "PROTO"...), uint64(r.Key.Proto), 10), true
}
