package filter

// A kind is what the parser tells words by. Keywords with one meaning each have their own.
type kind uint8

const (
	kEnd   kind = iota
	kBad        // a byte that starts no word
	kID         // a name, or any word after a backslash
	kNum        // a number, or a named constant
	kHost       // dotted decimal, two to four parts
	kHost6      // IPv6 address
	kMAC        // link-layer address
	kARC        // $ and two hex digits: an ARCnet address
	kPunct      // one character: text[0] tells which
	kGE         // >=
	kLE         // <=
	kNE         // !=
	kShl        // <<
	kShr        // >>
	kAnd
	kOr
	kNot
	kProto // a protocol name: num is a proto
	kDir   // src, dst, addr1 ...: num is a dir
	kAddr  // host, net, port, portrange, proto, protochain, gateway: num is an addr
	kMask
	kLess
	kGreater
	kByte
	kLen
	kBroadcast
	kMulticast
	kInbound
	kOutbound
	kIfindex
	kVLAN
	kMPLS
	kPPPoED
	kPPPoES
	kGeneve
	kLLC
	kType
	kSubtype
	kDirection
	kPF   // words of OpenBSD's packet filter log
	kATM  // words of raw ATM
	kMTP  // words of SS7
	kKeys // number of kinds
)

// A token is one word of an expression.
type token struct {
	kind kind
	pos  int    // offset in the expression
	text string // without the backslash of an escaped word
	num  uint32 // value of kNum; proto, dir or addr of a qualifier
	err  error  // why a word of its form is wrong all the same
}

// Protocol qualifiers.
const (
	protoNone uint8 = iota
	protoLink
	protoIP
	protoARP
	protoRARP
	protoSCTP
	protoTCP
	protoUDP
	protoICMP
	protoIGMP
	protoIGRP
	protoPIM
	protoVRRP
	protoCARP
	protoATalk
	protoAARP
	protoDECnet
	protoLAT
	protoSCA
	protoMOPDL
	protoMOPRC
	protoIP6
	protoICMP6
	protoAH
	protoESP
	protoISO
	protoESIS
	protoISIS
	protoISISL1
	protoISISL2
	protoISISIIH
	protoISISLSP
	protoISISSNP
	protoISISPSNP
	protoISISCSNP
	protoCLNP
	protoSTP
	protoIPX
	protoNetBEUI
	protoRadio
)

// Direction qualifiers.
const (
	dirNone uint8 = iota
	dirSrc
	dirDst
	dirOr
	dirAnd
	dirAddr1
	dirAddr2
	dirAddr3
	dirAddr4
	dirRA
	dirTA
)

// Kinds of identifier that a qualifier announces. addrNone: it announces none.
// addrUndef: there is no qualifier to inherit.
const (
	addrNone uint8 = iota
	addrHost
	addrNet
	addrPort
	addrPortRange
	addrProto
	addrProtoChain
	addrGateway
	addrUndef
)

// A qual is what stands, or is inherited, before an identifier.
type qual struct{ proto, dir, addr uint8 }

var noQual = qual{addr: addrUndef}

type keyword struct {
	kind kind
	num  uint8
}

var keywords = map[string]keyword{
	"dst": {kDir, dirDst}, "src": {kDir, dirSrc},
	"addr1": {kDir, dirAddr1}, "address1": {kDir, dirAddr1},
	"addr2": {kDir, dirAddr2}, "address2": {kDir, dirAddr2},
	"addr3": {kDir, dirAddr3}, "address3": {kDir, dirAddr3},
	"addr4": {kDir, dirAddr4}, "address4": {kDir, dirAddr4},
	"ra": {kDir, dirRA}, "ta": {kDir, dirTA},

	"host": {kAddr, addrHost}, "net": {kAddr, addrNet}, "port": {kAddr, addrPort},
	"portrange": {kAddr, addrPortRange}, "proto": {kAddr, addrProto},
	"protochain": {kAddr, addrProtoChain}, "gateway": {kAddr, addrGateway},

	"link": {kProto, protoLink}, "ether": {kProto, protoLink}, "ppp": {kProto, protoLink},
	"slip": {kProto, protoLink}, "fddi": {kProto, protoLink}, "tr": {kProto, protoLink},
	"wlan": {kProto, protoLink},
	"arp":  {kProto, protoARP}, "rarp": {kProto, protoRARP}, "ip": {kProto, protoIP},
	"sctp": {kProto, protoSCTP}, "tcp": {kProto, protoTCP}, "udp": {kProto, protoUDP},
	"icmp": {kProto, protoICMP}, "igmp": {kProto, protoIGMP}, "igrp": {kProto, protoIGRP},
	"pim": {kProto, protoPIM}, "vrrp": {kProto, protoVRRP}, "carp": {kProto, protoCARP},
	"radio": {kProto, protoRadio}, "ip6": {kProto, protoIP6}, "icmp6": {kProto, protoICMP6},
	"ah": {kProto, protoAH}, "esp": {kProto, protoESP}, "atalk": {kProto, protoATalk},
	"aarp": {kProto, protoAARP}, "decnet": {kProto, protoDECnet}, "lat": {kProto, protoLAT},
	"sca": {kProto, protoSCA}, "moprc": {kProto, protoMOPRC}, "mopdl": {kProto, protoMOPDL},
	"iso": {kProto, protoISO}, "esis": {kProto, protoESIS}, "es-is": {kProto, protoESIS},
	"isis": {kProto, protoISIS}, "is-is": {kProto, protoISIS}, "l1": {kProto, protoISISL1},
	"l2": {kProto, protoISISL2}, "iih": {kProto, protoISISIIH}, "lsp": {kProto, protoISISLSP},
	"snp": {kProto, protoISISSNP}, "csnp": {kProto, protoISISCSNP}, "psnp": {kProto, protoISISPSNP},
	"clnp": {kProto, protoCLNP}, "stp": {kProto, protoSTP}, "ipx": {kProto, protoIPX},
	"netbeui": {kProto, protoNetBEUI},

	"and": {kAnd, 0}, "or": {kOr, 0}, "not": {kNot, 0}, "mask": {kMask, 0},
	"type": {kType, 0}, "subtype": {kSubtype, 0}, "direction": {kDirection, 0}, "dir": {kDirection, 0},
	"less": {kLess, 0}, "greater": {kGreater, 0}, "byte": {kByte, 0},
	"broadcast": {kBroadcast, 0}, "multicast": {kMulticast, 0},
	"len": {kLen, 0}, "length": {kLen, 0},
	"inbound": {kInbound, 0}, "outbound": {kOutbound, 0}, "ifindex": {kIfindex, 0},
	"vlan": {kVLAN, 0}, "mpls": {kMPLS, 0}, "pppoed": {kPPPoED, 0}, "pppoes": {kPPPoES, 0},
	"geneve": {kGeneve, 0}, "llc": {kLLC, 0},

	"on": {kPF, 0}, "ifname": {kPF, 0}, "rset": {kPF, 0}, "ruleset": {kPF, 0}, "rnr": {kPF, 0},
	"rulenum": {kPF, 0}, "srnr": {kPF, 0}, "subrulenum": {kPF, 0}, "reason": {kPF, 0}, "action": {kPF, 0},

	"lane": {kATM, 0}, "metac": {kATM, 0}, "bcc": {kATM, 0}, "oam": {kATM, 0}, "oamf4": {kATM, 0},
	"oamf4ec": {kATM, 0}, "oamf4sc": {kATM, 0}, "sc": {kATM, 0}, "ilmic": {kATM, 0}, "vpi": {kATM, 0},
	"vci": {kATM, 0}, "connectmsg": {kATM, 0}, "metaconnect": {kATM, 0},

	"fisu": {kMTP, 0}, "lssu": {kMTP, 0}, "lsu": {kMTP, 0}, "msu": {kMTP, 0}, "hfisu": {kMTP, 0},
	"hlssu": {kMTP, 0}, "hmsu": {kMTP, 0}, "sio": {kMTP, 0}, "opc": {kMTP, 0}, "dpc": {kMTP, 0},
	"sls": {kMTP, 0}, "hsio": {kMTP, 0}, "hopc": {kMTP, 0}, "hdpc": {kMTP, 0}, "hsls": {kMTP, 0},
}

// constants are words that stand for a number: offsets into a header, and values found there.
var constants = map[string]uint32{
	"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,

	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5,
	"icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11,
	"icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
	"icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,

	"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3,
	"icmp6-parameterproblem": 4, "icmp6-echo": 128, "icmp6-echoreply": 129,
	"icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
	"icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134,
	"icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
	"icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139, "icmp6-nodeinformationresponse": 140,
	"icmp6-ineighbordiscoverysolicit": 141, "icmp6-ineighbordiscoveryadvert": 142,
	"icmp6-multicastlistenerreportv2": 143, "icmp6-homeagentdiscoveryrequest": 144,
	"icmp6-homeagentdiscoveryreply": 145, "icmp6-mobileprefixsolicit": 146,
	"icmp6-mobileprefixadvert": 147, "icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
	"icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152,
	"icmp6-multicastrouterterm": 153,

	"tcp-fin": 0x01, "tcp-syn": 0x02, "tcp-rst": 0x04, "tcp-push": 0x08, "tcp-ack": 0x10,
	"tcp-urg": 0x20, "tcp-ece": 0x40, "tcp-cwr": 0x80,
}
