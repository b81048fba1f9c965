package packet

var encapNames = [...]string{
	EncapVLAN:   "vlan",
	EncapMPLS:   "mpls",
	EncapPPPoE:  "pppoe",
	EncapGRE:    "gre",
	EncapVXLAN:  "vxlan",
	EncapGeneve: "geneve",
	EncapGTPU:   "gtpu",
	EncapIPIP:   "ipip",
	Encap6in4:   "6in4",
	EncapTeredo: "teredo",
	EncapL2TP:   "l2tp",
	EncapERSPAN: "erspan",
	EncapCAPWAP: "capwap",

	EncapFrameRelay: "frelay",
	EncapETag:       "etag",
	EncapVNTag:      "vntag",
	EncapFabricPath: "fabricpath",
	EncapPBB:        "pbb",
	EncapNSH:        "nsh",
	EncapVXLANGPE:   "vxlan-gpe",
}

// String is the kind's name, lower case; "" for the zero value.
func (k EncapKind) String() string {
	if int(k) >= len(encapNames) {
		return ""
	}
	return encapNames[k]
}

// passed appends to Encaps; what finds no room is left out.
func (p *Packet) passed(kind EncapKind, id uint32) {
	if int(p.EncapCount) < len(p.Encaps) {
		p.Encaps[p.EncapCount] = Encap{Kind: kind, ID: id}
		p.EncapCount++
	}
}
