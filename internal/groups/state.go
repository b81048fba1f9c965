package groups

import (
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/dispatch"
	"pinyon/packet"
)

// State is everything Pinyon remembers of one flow. It holds no pointers. Parts that every
// packet touches come first.
type State struct {
	core   core
	timing timing
	bursts bursts
	size   size
	sizes  sizeCounts
	ip     ipExtended
	tcp    tcp
	syns   synOptions
	seq    tcpSequence
	window tcpWindow
	option tcpOptions
	rtt    tcpRTT
	gaps   series
	bytes  byteSample
	mac    mac
	ipv6   ipv6Options
	mptcp  tcpMPTCP
	finger tcpFingerprint
	list   packetList
	icmp   icmp
	ipsec  ipsec
	opener opener
	source sourceGaps
	owner  processOwner
	// The parsers of what the payload says; they hang on a number, made at first data.
	protocol dispatch.State
	tunnel   tunnelState
	first    firstData
}

// groups are all columns, in column order. A group's place here is its place everywhere.
var groups = []group{
	of("flow_meta", feature.Core, metaTable),
	of("timing", feature.Core, timingTable),
	of("size", feature.Core, sizeTable),
	of("tcp", feature.Core, tcpTable).only((*Row).isTCP),
	of("tls", feature.Core, tlsTable).only((*Row).isTLS).parses(dispatch.TLS),
	of("quic", feature.Extended, quicTable).only(func(r *Row) bool { return r.quic() != nil }).parses(dispatch.QUIC),
	of("http2", feature.Extended, http2Table).parses(dispatch.HTTP1 | dispatch.HTTP2 | dispatch.QUIC | dispatch.TLS),
	of("ssh", feature.Extended, sshTable).only(func(r *Row) bool { return r.ssh() != nil }).parses(dispatch.SSH),
	of("dns", feature.Extended, dnsTable).only(func(r *Row) bool { return r.dns() != nil }).parses(dispatch.DNS),
	of("padding", feature.Experimental, paddingTable),
	of("fingerprint", feature.Experimental, fingerprintTable).parses(dispatch.TLS | dispatch.QUIC | dispatch.SSH | dispatch.HTTP1),
	of("entropy", feature.Extended, entropyTable),
	of("mac", feature.Experimental, macTable),
	of("ip_extended", feature.Extended, ipExtendedTable),
	of("ipv6_options", feature.Experimental, ipv6OptionsTable),
	of("tcp_sequence", feature.Extended, tcpSequenceTable).only((*Row).isTCP),
	of("tcp_window", feature.Extended, tcpWindowTable).only((*Row).isTCP),
	of("tcp_options", feature.Extended, tcpOptionsTable).only((*Row).isTCP),
	of("tcp_mptcp", feature.Experimental, tcpMPTCPTable).only((*Row).isTCP),
	of("tcp_rtt", feature.Extended, tcpRTTTable).only((*Row).isTCP),
	of("tcp_fingerprint", feature.Experimental, tcpFingerprintTable).only((*Row).isTCP),
	of("icmp", feature.Experimental, icmpTable).only((*Row).isICMP),
	of(Connection, feature.Experimental, connectionTable).only((*Row).isJoined).atEnd(),
}

// extras are further columns of the groups above, in column order behind all of these. The
// word extra switches them on, or a column's name; they are in no profile.
var extras = []group{
	extra("tls", tlsPrints).only(func(r *Row) bool { return r.isTLS() || r.quicCH.ok }).parses(dispatch.TLS | dispatch.QUIC),
	extra("quic", quicPrints).only(func(r *Row) bool { return r.quicCH.seen() }).parses(dispatch.QUIC),
	extra("ssh", sshPrints).only(func(r *Row) bool { return r.ssh() != nil }).parses(dispatch.SSH),
	extra("tcp", synExtra).only((*Row).isTCP),
	extra("tls", tlsExtra).only(func(r *Row) bool { return r.isTLS() || r.quicCH.seen() }).parses(dispatch.TLS | dispatch.QUIC),
	extra("tls", certExtra).only((*Row).isTLS).parses(dispatch.TLS),
	extra("quic", quicExtra).only(func(r *Row) bool { return r.quic() != nil }).parses(dispatch.QUIC),
	extra("http", httpExtra).only((*Row).isHTTP).parses(dispatch.HTTP1 | dispatch.HTTP2),
	extra("http2", http2Extra).only(func(r *Row) bool { return r.http2() != nil }).parses(dispatch.HTTP1 | dispatch.HTTP2),
	extra("dns", dnsExtra).only(func(r *Row) bool { return r.dns() != nil }).parses(dispatch.DNS),
	extra("dns", dnsEncryptedExtra).parses(dispatch.TLS | dispatch.QUIC),
	extra("ssh", sshExtra).only(func(r *Row) bool { return r.ssh() != nil }).parses(dispatch.SSH),
	extra("flow_meta", communityExtra),
	extra("ipsec", ipsecExtra).only(func(r *Row) bool { return r.Key.Proto == packet.ProtoESP }),
	extra("risk", riskExtra).parses(dispatch.TLS | dispatch.QUIC | dispatch.HTTP1 | dispatch.HTTP2 | dispatch.DNS | dispatch.SSH),
	extra("flow_meta", sourceExtra),
	extra("flow_meta", processExtra),
	extra("flow_meta", timeExtra),
}

// tables are groups and extras; columns are planned by their position in it.
var tables = append(groups[:len(groups):len(groups)], extras...)

// Update takes the flow's next packet. m is the memory of the goroutine's shard.
func (s *State) Update(m *Memory, o *flow.Obs) {
	p := m.plan
	s.core.update(o)
	if p.on.has(groupTiming) {
		s.timing.update(o, &s.core)
	}
	if p.need&needBursts != 0 {
		s.bursts.update(o, p.theta)
	}
	if p.need&needGaps != 0 && o.Index > 0 {
		s.gaps.add(m, o.Gap, o.Dir, s.core.firstDir())
	}
	if p.on.has(groupSize) {
		s.size.update(o)
	}
	if p.need&needSizes != 0 {
		s.sizes.add(m, o.TotalLen, o.Dir)
	}
	if p.need&needBytes != 0 {
		s.bytes.update(m, o)
	}
	if p.need&needList != 0 {
		s.list.update(m, o)
	}
	if p.parsers != 0 {
		s.protocol.Update(&m.parsers, o)
	}
	if p.need&needFirstData != 0 && o.Has&hasTCP != 0 {
		s.first.update(o, s.protocol.Started(o.Dir))
	}
	if p.need&needTunnel != 0 && !s.tunnel.done && len(o.Payload) > 0 {
		s.tunnel.update(o)
	}
	if o.Proto == protoTCP {
		s.updateTCP(m, o)
	}
	if p.on.has(groupMAC) {
		s.mac.update(m, o)
	}
	if p.on.has(groupIPExtended) || p.on.has(groupIPv6Options) {
		s.ip.update(o, &s.core)
	}
	if p.on.has(groupIPv6Options) && o.IPVersion == 6 {
		s.ipv6.update(m, o)
	}
	if p.on.has(groupICMP) && o.Has&hasICMP != 0 {
		s.icmp.update(m, o)
	}
	if o.Proto == packet.ProtoESP || o.Has&packet.HasAH != 0 {
		s.ipsec.update(o)
	}
	if o.Index == 0 {
		s.opener.update(o)
	}
	if p.need&needSource != 0 {
		s.source.update(o)
	}
	if p.need&needProcess != 0 {
		s.owner.update(o)
	}
}

// updateTCP takes a packet of a TCP flow; packets without a decoded TCP header change
// nothing here.
func (s *State) updateTCP(m *Memory, o *flow.Obs) {
	if o.Has&hasTCP == 0 {
		return
	}
	p := m.plan
	if p.on.has(groupTCP) {
		s.tcp.update(o)
	}
	var step seqStep
	if p.need&needSeq != 0 {
		step = s.seq.update(m, o)
	}
	if p.on.has(groupTCPWindow) {
		s.window.update(o)
	}
	if p.on.has(groupTCPOptions) || p.on.has(groupTCPFingerprint) {
		s.option.update(o)
	}
	if p.on.has(groupTCPMPTCP) && o.Has&hasMPTCP != 0 {
		s.mptcp.update(o)
	}
	if p.on.has(groupTCPRTT) {
		s.rtt.update(m, o, step)
	}
	if p.on.has(groupTCPFingerprint) && o.TCPFlags&flagSYN != 0 {
		s.finger.update(o)
	}
	if p.need&needSYNKinds != 0 && o.TCPFlags&flagSYN != 0 {
		s.syns.update(m, o)
	}
}

// finish works out what the tables need beyond the accumulators, in r, which already
// holds a copy of the state; and gives back what the flow took from m.
func (r *Row) finish(m *Memory) {
	p := m.plan
	if p.need&needGaps != 0 {
		r.gapStats.finish(m, r)
	}
	if p.need&needBursts != 0 {
		r.bursts.finish()
	}
	if p.need&needSizes != 0 {
		r.sizeStats.finish(m, r)
	}
	if p.need&needBytes != 0 {
		r.entropy.finish(m, r)
	}
	if p.need&needList != 0 {
		r.lists.finish(m, r)
	}
	if p.need&needSeq != 0 {
		r.seq.finish(m)
	}
	if p.on.has(groupMAC) {
		r.macSets.finish(m, r)
	}
	if p.on.has(groupIPv6Options) {
		r.labels.finish(m, r)
	}
	if p.on.has(groupICMP) {
		r.icmpSets.finish(m, r)
	}
	if p.on.has(groupTCPRTT) {
		r.rtt.finish(m)
	}
	if p.parsers != 0 {
		m.parsers.Release(r.parsers)
		r.parsers = r.protocol.Finish(&m.parsers)
		r.quicCH.finish(r)
		r.hellos.finish(r)
		if p.need&needCerts != 0 {
			r.cert.finish(r)
		}
	}
	if p.need&needSYNKinds != 0 {
		r.synKinds.finish(m, &r.syns)
	}
	for i := range p.custom {
		r.finishCustom(m, i)
	}
}

// Groups that update asks for by number; TestGroups holds them against the list.
const (
	groupFlowMeta = iota
	groupTiming
	groupSize
	groupTCP
	groupTLS
	groupQUIC
	groupHTTP2
	groupSSH
	groupDNS
	groupPadding
	groupFingerprint
	groupEntropy
	groupMAC
	groupIPExtended
	groupIPv6Options
	groupTCPSequence
	groupTCPWindow
	groupTCPOptions
	groupTCPMPTCP
	groupTCPRTT
	groupTCPFingerprint
	groupICMP
	groupConnection
	groupCount
)

// set is a set of groups.
type set uint32

func (s set) has(g int) bool { return s>>g&1 != 0 }

// group is a run of columns that belong together.
type group struct {
	name    string
	table   []Feature
	applies func(*Row) bool // nil: to every flow
	parsers dispatch.Set    // what has to be parsed for it
	late    bool            // its columns are filled when all flows of the input are known
}

// of makes a group, and fills in what all its columns share.
func of(name string, profile feature.Profile, table []Feature) group {
	for i := range table {
		f := &table[i]
		f.Group = name
		if !f.Optional {
			f.Profile = profile
		}
	}
	return group{name: name, table: table}
}

// extra makes a group of optional columns.
func extra(name string, table []Feature) group {
	for i := range table {
		table[i].Optional = true
	}
	return of(name, feature.NoProfile, table)
}

// parses names the parsers that the group reads.
func (g group) parses(p dispatch.Set) group { g.parsers = p; return g }

// atEnd marks a group whose values depend on every flow of the input.
func (g group) atEnd() group { g.late = true; return g }

// only limits the group to flows of which applies is true; in others its columns are absent.
func (g group) only(applies func(*Row) bool) group {
	g.applies = applies
	for i := range g.table {
		if !g.table[i].always {
			g.table[i].Nullable = true
		}
	}
	return g
}
