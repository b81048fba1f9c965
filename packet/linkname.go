package packet

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// linkNames are the names of LINKTYPE_ values as libpcap has them and tcpdump -L prints them,
// of types that are not decoded too.
var linkNames = map[uint16]string{
	LinkNull: "NULL", LinkEthernet: "EN10MB", 6: "IEEE802", 7: "ARCNET", 8: "SLIP", LinkPPP: "PPP", 10: "FDDI",
	LinkRaw12: "RAW", LinkRaw14: "RAW", LinkPPPHDLC: "PPP_SERIAL", LinkPPPEther: "PPP_ETHER", 99: "SYMANTEC_FIREWALL",
	100: "ATM_RFC1483", LinkRaw: "RAW", 102: "SLIP_BSDOS", 103: "PPP_BSDOS", LinkCHDLC: "C_HDLC",
	LinkIEEE80211: "IEEE802_11", 106: "ATM_CLIP", LinkFrameRelay: "FRELAY", LinkLoop: "LOOP", 109: "ENC", LinkLinuxSLL: "LINUX_SLL",
	114: "LTALK", 117: "PFLOG", LinkPrism: "PRISM_HEADER", 122: "IP_OVER_FC", 123: "SUNATM",
	LinkRadiotap: "IEEE802_11_RADIO", 129: "ARCNET_LINUX", 130: "JUNIPER_MLPPP", 131: "JUNIPER_MLFR", 132: "JUNIPER_ES",
	133: "JUNIPER_GGSN", 134: "JUNIPER_MFR", 135: "JUNIPER_ATM2", 136: "JUNIPER_SERVICES", 137: "JUNIPER_ATM1",
	138: "APPLE_IP_OVER_IEEE1394", 139: "MTP2_WITH_PHDR", 140: "MTP2", 141: "MTP3", 142: "SCCP", 143: "DOCSIS",
	144: "LINUX_IRDA", LinkAVS: "IEEE802_11_RADIO_AVS", 164: "JUNIPER_MONITOR", 165: "BACNET_MS_TP", 166: "PPP_PPPD",
	167: "JUNIPER_PPPOE", 168: "JUNIPER_PPPOE_ATM", 169: "GPRS_LLC", 170: "GPF_T", 171: "GPF_F", 174: "JUNIPER_PIC_PEER",
	175: "ERF_ETH", 176: "ERF_POS", 177: "LINUX_LAPD", 178: "JUNIPER_ETHER", 179: "JUNIPER_PPP", 180: "JUNIPER_FRELAY",
	181: "JUNIPER_CHDLC", 182: "MFR", 183: "JUNIPER_VP", 184: "A429", 185: "A653_ICM", 186: "USB_FREEBSD",
	187: "BLUETOOTH_HCI_H4", 188: "IEEE802_16_MAC_CPS", 189: "USB_LINUX", 190: "CAN20B", 191: "IEEE802_15_4_LINUX",
	LinkPPI: "PPI", 193: "IEEE802_16_MAC_CPS_RADIO", 194: "JUNIPER_ISM", 195: "IEEE802_15_4", 196: "SITA", 197: "ERF",
	198: "RAIF1", 199: "IPMB_KONTRON", 200: "JUNIPER_ST", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 202: "AX25_KISS",
	209: "IPMB_LINUX", 215: "IEEE802_15_4_NONASK_PHY", 216: "LINUX_EVDEV", 219: "MPLS", 220: "USB_LINUX_MMAPPED",
	221: "DECT", 222: "AOS", 223: "WIHART", 224: "FC_2", 225: "FC_2_WITH_FRAME_DELIMS", 226: "IPNET",
	227: "CAN_SOCKETCAN", LinkIPv4: "IPV4", LinkIPv6: "IPV6", 230: "IEEE802_15_4_NOFCS", 231: "DBUS", 232: "JUNIPER_VS",
	233: "JUNIPER_SRX_E2E", 234: "JUNIPER_FIBRECHANNEL", 235: "DVB_CI", 236: "MUX27010", 237: "STANAG_5066_D_PDU",
	238: "JUNIPER_ATM_CEMIC", LinkNFLOG: "NFLOG", 240: "NETANALYZER", 241: "NETANALYZER_TRANSPARENT", 242: "IPOIB",
	243: "MPEG_2_TS", 244: "NG40", 245: "NFC_LLCP", 246: "PFSYNC", 247: "INFINIBAND", 248: "SCTP", 249: "USBPCAP",
	250: "RTAC_SERIAL", 251: "BLUETOOTH_LE_LL", 253: "NETLINK", 254: "BLUETOOTH_LINUX_MONITOR",
	255: "BLUETOOTH_BREDR_BB", 256: "BLUETOOTH_LE_LL_WITH_PHDR", 257: "PROFIBUS_DL", 258: "PKTAP", 259: "EPON",
	260: "IPMI_HPM_2", 261: "ZWAVE_R1_R2", 262: "ZWAVE_R3", 263: "WATTSTOPPER_DLM", 264: "ISO_14443", 265: "RDS",
	266: "USB_DARWIN", 267: "OPENFLOW", 268: "SDLC", 269: "TI_LLN_SNIFFER", 271: "VSOCK", 272: "NORDIC_BLE",
	273: "DOCSIS31_XRA31", 274: "ETHERNET_MPACKET", 275: "DISPLAYPORT_AUX", LinkLinuxSLL2: "LINUX_SLL2",
	278: "OPENVIZSLA", 279: "EBHSCR", 280: "VPP_DISPATCH", 281: "DSA_TAG_BRCM", 282: "DSA_TAG_BRCM_PREPEND",
	283: "IEEE802_15_4_TAP", 284: "DSA_TAG_DSA", 285: "DSA_TAG_EDSA", 286: "ELEE", 287: "Z_WAVE_SERIAL", 288: "USB_2_0",
	289: "ATSC_ALP",
}

// linkAliases are names that are not libpcap's, but those of the LINKTYPE_ constants.
var linkAliases = map[string]uint16{
	"ETHERNET": LinkEthernet, "PPP_HDLC": LinkPPPHDLC, "IEEE802_5": 6, "ARCNET_BSD": 7, "IEEE802_11_PRISM": LinkPrism,
	"IEEE802_11_RADIOTAP": LinkRadiotap, "IEEE802_11_AVS": LinkAVS,
}

// LinkName is the name of a LINKTYPE_ value as tcpdump -L spells it, such as EN10MB; "" if it
// has none.
func LinkName(link uint16) string { return linkNames[link] }

// LinkNames are all names that LinkName gives, sorted.
func LinkNames() []string {
	return slices.Compact(slices.Sorted(maps.Values(linkNames)))
}

// ParseLink reads a link type: a name as LinkName gives it or as the LINKTYPE_ constant has
// it, in any case, with or without DLT_ or LINKTYPE_ before it, or a LINKTYPE_ number.
func ParseLink(s string) (uint16, error) {
	name := strings.ToUpper(s)
	for _, prefix := range []string{"DLT_", "LINKTYPE_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	if name == linkNames[LinkRaw] {
		return LinkRaw, nil // 12 and 14 have the name too
	}
	if link, ok := linkAliases[name]; ok {
		return link, nil
	}
	for link, n := range linkNames {
		if n == name {
			return link, nil
		}
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return uint16(n), nil
	}
	return 0, fmt.Errorf("packet: unknown link type %q; want a name such as EN10MB, or a number", s)
}
