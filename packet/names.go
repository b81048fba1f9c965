package packet

// protoNames are IANA keywords of protocols that captures hold.
var protoNames = map[uint8]string{
	0: "HOPOPT", 1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 8: "EGP", 17: "UDP", 27: "RDP", 33: "DCCP", 41: "IPv6",
	43: "IPv6-Route", 44: "IPv6-Frag", 46: "RSVP", 47: "GRE", 50: "ESP", 51: "AH", 58: "IPv6-ICMP", 59: "IPv6-NoNxt",
	60: "IPv6-Opts", 88: "EIGRP", 89: "OSPF", 94: "IPIP", 97: "ETHERIP", 103: "PIM", 108: "IPComp", 112: "VRRP",
	115: "L2TP", 124: "ISIS", 132: "SCTP", 135: "Mobility", 136: "UDPLite", 137: "MPLS-in-IP", 139: "HIP", 140: "Shim6",
}

// ProtoName is the IANA keyword of an IP protocol number, such as TCP; "" if it has none here.
func ProtoName(n uint8) string { return protoNames[n] }

// etherNames are names of EtherTypes without IP behind them (IEEE registration authority).
var etherNames = map[uint16]string{
	0x0806: "ARP", 0x0842: "Wake-on-LAN", 0x22f3: "TRILL", 0x6002: "MOP", 0x6003: "DECnet", 0x8035: "RARP", 0x809b: "AppleTalk",
	0x80f3: "AARP", 0x8137: "IPX", 0x8808: "MAC control", 0x8809: "slow protocols", 0x8847: "MPLS", 0x8848: "MPLS multicast",
	0x8863: "PPPoE discovery", 0x8864: "PPPoE", 0x886d: "ANS", 0x888e: "EAPOL", 0x8892: "PROFINET", 0x889a: "HyperSCSI",
	0x88a2: "ATA over Ethernet", 0x88a4: "EtherCAT", 0x88b5: "local experiment", 0x88b6: "local experiment", 0x88b8: "GOOSE",
	0x88ba: "sampled values", 0x88c7: "pre-authentication", 0x88ca: "TIPC", 0x88cc: "LLDP", 0x88e1: "HomePlug", 0x88e5: "MACsec",
	0x88e7: "provider backbone bridge", 0x88f5: "MVRP", 0x88f7: "PTP", 0x8902: "CFM", 0x8906: "FCoE", 0x8914: "FIP",
	0x8915: "RoCE", 0x892f: "HSR", 0x894f: "NSH", 0x9000: "loopback",
}

// pppNames are names of PPP protocols (IANA).
var pppNames = map[uint16]string{
	0x003d: "multilink", 0x00fd: "compressed", 0x8021: "IPCP", 0x8053: "encryption control", 0x8057: "IPV6CP", 0x80fd: "CCP",
	0x8281: "MPLSCP", 0xc021: "LCP", 0xc023: "PAP", 0xc025: "link quality", 0xc223: "CHAP", 0xc227: "EAP",
}

// sapNames are names of 802.2 service access points.
var sapNames = map[uint16]string{0x00: "null", 0x06: "IP", 0x42: "STP", 0xaa: "SNAP", 0xe0: "IPX", 0xf0: "NetBIOS", 0xfe: "OSI", 0xff: "IPX"}

// snapNames are names of protocols that Cisco has under its OUI 00-00-0C.
var snapNames = map[uint16]string{0x0104: "PAgP", 0x0111: "UDLD", 0x010b: "PVST+", 0x0109: "DISL", 0x2000: "CDP", 0x2003: "VTP", 0x2004: "DTP"}

// dot11Names are names of 802.11 frames by type<<4 | subtype.
var dot11Names = map[uint16]string{
	0x00: "association request", 0x01: "association response", 0x02: "reassociation request", 0x03: "reassociation response",
	0x04: "probe request", 0x05: "probe response", 0x06: "timing advertisement", 0x08: "beacon", 0x09: "ATIM",
	0x0a: "disassociation", 0x0b: "authentication", 0x0c: "deauthentication", 0x0d: "action", 0x0e: "action without ack",
	0x12: "trigger", 0x14: "beamforming report poll", 0x15: "NDP announcement", 0x17: "control wrapper", 0x18: "block ack request",
	0x19: "block ack", 0x1a: "PS-poll", 0x1b: "RTS", 0x1c: "CTS", 0x1d: "ack", 0x1e: "CF-end", 0x1f: "CF-end with ack",
	0x24: "null", 0x25: "CF-ack", 0x26: "CF-poll", 0x27: "CF-ack and poll", 0x2c: "QoS null", 0x2e: "QoS CF-poll", 0x2f: "QoS CF-ack and poll",
}

// icmpNames are names of ICMP messages by type<<8 | code, or by type<<8 | anyCode where
// the code says nothing. They are tcpdump's, without what it takes from the quoted packet.
var icmpNames = map[uint32]string{
	codeless(0): "echo reply", codeless(4): "source quench", codeless(8): "echo request", codeless(9): "router advertisement",
	codeless(10): "router solicitation", codeless(13): "time stamp query", codeless(14): "time stamp reply", codeless(15): "information request",
	codeless(16): "information reply", codeless(17): "address mask request", codeless(18): "address mask reply",
	0x0300: "net unreachable", 0x0301: "host unreachable", 0x0302: "protocol unreachable", 0x0303: "port unreachable",
	0x0304: "unreachable - need to frag", 0x0305: "source route failed", 0x0306: "net unreachable - unknown",
	0x0307: "host unreachable - unknown", 0x0308: "unreachable - source host isolated", 0x0309: "net unreachable - admin prohibited",
	0x030a: "host unreachable - admin prohibited", 0x030b: "net unreachable - tos prohibited",
	0x030c: "host unreachable - tos prohibited", 0x030d: "unreachable - admin prohibited filter",
	0x030e: "unreachable - host precedence violation", 0x030f: "unreachable - precedence cutoff",
	0x0500: "redirect for net", 0x0501: "redirect for host", 0x0502: "redirect for tos and net", 0x0503: "redirect for tos and host",
	0x0b00: "time exceeded in-transit", 0x0b01: "ip reassembly time exceeded",
	0x0c00: "parameter problem", 0x0c01: "parameter problem - option missing", 0x0c02: "parameter problem - bad length",
}

// icmp6Names are the same of ICMPv6.
var icmp6Names = map[uint32]string{
	0x0100: "destination unreachable, no route", 0x0101: "destination unreachable, prohibited", 0x0102: "destination unreachable, beyond scope",
	0x0103: "destination unreachable, address", 0x0104: "destination unreachable, port", 0x0105: "destination unreachable, source policy",
	0x0106:      "destination unreachable, rejected route",
	codeless(2): "packet too big", 0x0300: "time exceeded in-transit", 0x0301: "ip reassembly time exceeded",
	0x0400: "parameter problem, header", 0x0401: "parameter problem, next header", 0x0402: "parameter problem, option",
	codeless(128): "echo request", codeless(129): "echo reply", codeless(130): "multicast listener query", codeless(131): "multicast listener report",
	codeless(132): "multicast listener done", codeless(133): "router solicitation", codeless(134): "router advertisement",
	codeless(135): "neighbor solicitation", codeless(136): "neighbor advertisement", codeless(137): "redirect", codeless(138): "router renumbering",
	codeless(143): "multicast listener report v2", codeless(151): "multicast router advertisement", codeless(155): "RPL",
}

// anyCode stands for every code.
const anyCode = 1 << 16

func codeless(typ uint32) uint32 { return anyCode | typ<<8 }

// icmpName is the name of a message; "" if it has none.
func icmpName(version, typ, code uint8) string {
	names := icmpNames
	if version == 6 {
		names = icmp6Names
	}
	if name, ok := names[uint32(typ)<<8|uint32(code)]; ok {
		return name
	}
	if code == 0 {
		return names[codeless(uint32(typ))]
	}
	return ""
}
