package netif

import "pinyon/packet"

// LINKTYPE_ values that decoding knows nothing of, but captures may have.
const (
	linkEthernet3Mb = 2
	linkProNET      = 4
	linkChaos       = 5
	linkTokenRing   = 6
	linkFDDI        = 10
	linkFrameRelay  = 107
	linkLocalTalk   = 114
	linkIPOverFC    = 122
	linkARCnetLinux = 129
	linkIrDA        = 144
	linkLAPD        = 177
	linkAX25KISS    = 202
	linkFC2         = 224
	linkCAN         = 227
	link802154NoFCS = 230
	linkNetlink     = 253
	linkVsock       = 271
)

// LinkTypeOf is the LINKTYPE_ value of what a Linux packet socket gives on a device of the
// ARPHRD_ type, as libpcap decides it (map_arphrd_to_dlt). With cooked the socket has to
// leave out the link header (SOCK_DGRAM), because its form is unknown or varies, and the
// capture puts a cooked one in front; the types of IrDA, LAPD and netlink begin with that
// header too. What is not known is cooked. The tags of a switch chip (DSA) are not
// recognised: such a device is Ethernet.
func LinkTypeOf(arphrd uint16) (link uint16, cooked bool) {
	switch arphrd {
	case arphrdEther, 23 /* METRICOM */, arphrdLoopback:
		return packet.LinkEthernet, false
	case 2: // EETHER
		return linkEthernet3Mb, false
	case 3: // AX25
		return linkAX25KISS, false
	case 4: // PRONET
		return linkProNET, false
	case 5: // CHAOS
		return linkChaos, false
	case 6, 800: // IEEE802, IEEE802_TR
		return linkTokenRing, false
	case 7: // ARCNET
		return linkARCnetLinux, false
	case 18: // RFC 4338
		return linkIPOverFC, false
	case arphrdCAN:
		return linkCAN, false
	case 513: // CISCO
		return packet.LinkCHDLC, false
	case 256, 257, 258, 259, 264, 15, 518, arphrdTunnel, arphrdSIT, arphrdNone:
		// SLIP, CSLIP, SLIP6, CSLIP6, ADAPT, DLCI, RAWHDLC: no link header.
		return packet.LinkRaw, false
	case 770: // FRAD
		return linkFrameRelay, false
	case 773: // LOCALTLK
		return linkLocalTalk, false
	case 774: // FDDI
		return linkFDDI, false
	case 784, 785, 786, 787: // FCPP, FCAL, FCPL, FCFABRIC
		return linkFC2, false
	case arphrd80211:
		return packet.LinkIEEE80211, false
	case arphrdPrism:
		return packet.LinkPrism, false
	case arphrdRadiotap:
		return packet.LinkRadiotap, false
	case arphrd802154:
		return link802154NoFCS, false
	case 826: // VSOCKMON
		return linkVsock, false
	case 783: // IRDA
		return linkIrDA, true
	case 8445: // LAPD, unofficial
		return linkLAPD, true
	case arphrdNetlink:
		return linkNetlink, true
	}
	return packet.LinkLinuxSLL, true // PPP, ATM, InfiniBand, GRE, IPv6 tunnels, ...
}
