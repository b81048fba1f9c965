package filter

import "pinyon/packet"

// A linkKind tells how a link type says what it carries.
type linkKind uint8

const (
	linkOpaque     linkKind = iota // only link[...] and the length
	linkEther                      // type or length at 12
	linkSLL                        // Linux cooked, version 1
	linkTyped                      // an EtherType, wherever it is
	linkIP                         // IP of either version
	linkIP4                        // IPv4 only
	linkIP6                        // IPv6 only
	linkFamily                     // 4-byte address family in the host's byte order
	linkFamilyBE                   // the same in network byte order
	linkPPP                        // a PPP protocol
	linkHDLC                       // Cisco HDLC
	linkLLC                        // 802.2 LLC throughout
	linkWLAN                       // 802.11, possibly behind a radio header
	linkFrameRelay                 // Frame Relay with an address of 2 bytes and a protocol identifier
)

// A radio is the header before an 802.11 frame.
type radio uint8

const (
	radioNone radio = iota
	radioPrism
	radioAVS
	radioTap
	radioPPI
)

// A layout says where things are in the frames of a link type, in bytes.
type layout struct {
	kind          linkKind
	radio         radio
	typ           uint32 // type field, if the kind has one
	payload       uint32
	network       uint32 // network header, from the payload
	networkNoSNAP uint32 // network header behind plain LLC, from the payload
	src, dst      uint32 // link-layer addresses, if hasMAC
	hasMAC        bool
	untyped       bool // no type field
}

// Link types beside those that package packet reads.
const (
	linkTokenRing = 6
	linkSLIP      = 8
	linkFDDI      = 10
	linkATM1483   = 100
	linkIPoverFC  = 122
	linkATMClip   = 106
	linkIEEE1394  = 138
	linkPPPPPPD   = 166
)

var layouts = map[uint16]layout{
	packet.LinkEthernet:   {kind: linkEther, typ: 12, payload: 14, networkNoSNAP: 3, src: 6, dst: 0, hasMAC: true},
	packet.LinkLinuxSLL:   {kind: linkSLL, typ: 14, payload: 16},
	packet.LinkLinuxSLL2:  {kind: linkTyped, typ: 0, payload: 20},
	packet.LinkRaw:        {kind: linkIP, untyped: true},
	packet.LinkRaw12:      {kind: linkIP, untyped: true},
	packet.LinkRaw14:      {kind: linkIP, untyped: true},
	packet.LinkIPv4:       {kind: linkIP4, untyped: true},
	packet.LinkIPv6:       {kind: linkIP6, untyped: true},
	linkSLIP:              {kind: linkIP, payload: 16, untyped: true},
	packet.LinkNull:       {kind: linkFamily, payload: 4},
	packet.LinkLoop:       {kind: linkFamilyBE, payload: 4},
	packet.LinkPPP:        {kind: linkPPP, typ: 2, payload: 4},
	packet.LinkPPPHDLC:    {kind: linkPPP, typ: 2, payload: 4},
	linkPPPPPPD:           {kind: linkPPP, typ: 2, payload: 4},
	packet.LinkPPPEther:   {kind: linkPPP, typ: 6, payload: 8},
	packet.LinkCHDLC:      {kind: linkHDLC, typ: 2, payload: 4},
	packet.LinkFrameRelay: {kind: linkFrameRelay},
	linkIEEE1394:          {kind: linkTyped, typ: 16, payload: 18},

	linkTokenRing: {kind: linkLLC, typ: 14, payload: 14, network: 8, networkNoSNAP: 3, src: 8, dst: 2, hasMAC: true},
	linkFDDI:      {kind: linkLLC, typ: 13, payload: 13, network: 8, networkNoSNAP: 3, src: 7, dst: 1, hasMAC: true},
	linkIPoverFC:  {kind: linkLLC, typ: 16, payload: 16, network: 8, networkNoSNAP: 3, src: 10, dst: 2, hasMAC: true},
	linkATM1483:   {kind: linkLLC, network: 8, networkNoSNAP: 3},
	linkATMClip:   {kind: linkLLC, network: 8, networkNoSNAP: 3},

	packet.LinkIEEE80211: {kind: linkWLAN, typ: 24, network: 8, networkNoSNAP: 3},
	packet.LinkPrism:     {kind: linkWLAN, radio: radioPrism, typ: 24, network: 8, networkNoSNAP: 3},
	packet.LinkAVS:       {kind: linkWLAN, radio: radioAVS, typ: 24, network: 8, networkNoSNAP: 3},
	packet.LinkRadiotap:  {kind: linkWLAN, radio: radioTap, typ: 24, network: 8, networkNoSNAP: 3},
	packet.LinkPPI:       {kind: linkWLAN, radio: radioPPI, typ: 24, network: 8, networkNoSNAP: 3},
}

// layoutOf is the layout of a link type; of an unknown one frames are opaque.
func layoutOf(link uint16) layout {
	if l, ok := layouts[link]; ok {
		return l
	}
	return layout{kind: linkOpaque, untyped: true}
}
