package packet

// Link types that Decode reads, as LINKTYPE_ values of pcap and pcapng files
// (https://www.tcpdump.org/linktypes.html). Frames of any other type are counted as
// UnknownLinkType. 12 and 14 are raw DLT numbers that some systems wrote for LinkRaw.
const (
	LinkNull       = 0
	LinkEthernet   = 1
	LinkPPP        = 9
	LinkRaw12      = 12
	LinkRaw14      = 14
	LinkPPPHDLC    = 50
	LinkPPPEther   = 51
	LinkRaw        = 101
	LinkCHDLC      = 104
	LinkIEEE80211  = 105
	LinkFrameRelay = 107
	LinkLoop       = 108
	LinkLinuxSLL   = 113
	LinkPrism      = 119
	LinkRadiotap   = 127
	LinkAVS        = 163
	LinkPPI        = 192
	LinkIPv4       = 228
	LinkIPv6       = 229
	LinkNFLOG      = 239
	LinkLinuxSLL2  = 276
)

// EtherTypes that Decode looks at (IEEE registration authority).
const (
	etherIPv4       = 0x0800
	etherERSPAN3    = 0x22eb
	etherBridged    = 0x6558 // transparent Ethernet bridging
	etherVLAN       = 0x8100
	etherIPv6       = 0x86dd
	etherPPP        = 0x880b
	etherMPLS       = 0x8847
	etherMPLSMult   = 0x8848
	etherPPPoE      = 0x8864
	etherQinQ       = 0x88a8
	etherERSPAN     = 0x88be
	etherPBB        = 0x88e7 // I-TAG of provider backbone bridging
	etherFabricPath = 0x8903 // Cisco
	etherVNTag      = 0x8926
	etherETag       = 0x893f
	etherNSH        = 0x894f
	etherVLAN9100   = 0x9100
	etherVLAN9200   = 0x9200

	etherMin    = 0x0600 // from here on a type, not a length
	maxLLCFrame = 1500   // up to here a length of an 802.3 frame
)
