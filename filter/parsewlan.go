package filter

import "strings"

// Frame control of IEEE 802.11 (9.2.4.1): type in bits 2-3 of its first byte, subtype in
// bits 4-7, To DS and From DS in bits 0-1 of its second.
const (
	wlanTypeMask    = 0x0c
	wlanSubtypeMask = 0xf0
	wlanDirMask     = 0x03

	wlanManagement = 0x00
	wlanControl    = 0x04
	wlanData       = 0x08
)

var wlanTypes = map[string]uint32{
	"mgt": wlanManagement, "management": wlanManagement,
	"ctl": wlanControl, "control": wlanControl,
	"data": wlanData,
}

// wlanOrder is the order in which a subtype without its type is looked up.
var wlanOrder = [...]uint32{wlanManagement, wlanControl, wlanData}

var wlanSubtypes = map[uint32]map[string]uint32{
	wlanManagement: {
		"assocreq": 0x00, "assoc-req": 0x00, "assocresp": 0x10, "assoc-resp": 0x10,
		"reassocreq": 0x20, "reassoc-req": 0x20, "reassocresp": 0x30, "reassoc-resp": 0x30,
		"probereq": 0x40, "probe-req": 0x40, "proberesp": 0x50, "probe-resp": 0x50,
		"beacon": 0x80, "atim": 0x90, "disassoc": 0xa0, "disassociation": 0xa0,
		"auth": 0xb0, "authentication": 0xb0, "deauth": 0xc0, "deauthentication": 0xc0,
	},
	wlanControl: {
		"ps-poll": 0xa0, "rts": 0xb0, "cts": 0xc0, "ack": 0xd0, "cf-end": 0xe0, "cf-end-ack": 0xf0,
	},
	wlanData: {
		"data": 0x00, "data-cf-ack": 0x10, "data-cf-poll": 0x20, "data-cf-ack-poll": 0x30,
		"null": 0x40, "cf-ack": 0x50, "cf-poll": 0x60, "cf-ack-poll": 0x70,
		"qos-data": 0x80, "qos-data-cf-ack": 0x90, "qos-data-cf-poll": 0xa0,
		"qos-data-cf-ack-poll": 0xb0, "qos": 0xc0, "qos-cf-poll": 0xe0, "qos-cf-ack-poll": 0xf0,
	},
}

var wlanDirs = map[string]uint32{"nods": 0, "tods": 1, "fromds": 2, "dstods": 3}

// wlan reads type, subtype and dir with what follows them.
func (p *parser) wlan() *expr {
	e := &expr{op: opWLANType, tok: p.tok, num2: wlanTypeMask}
	switch p.advance().kind {
	case kType:
		e.num = p.wlanName(wlanTypes, wlanTypeMask)
		if p.tok.kind == kSubtype {
			p.advance()
			e.num |= p.wlanName(wlanSubtypes[e.num], wlanSubtypeMask)
			e.num2 = wlanTypeMask | wlanSubtypeMask
		}
	case kSubtype:
		e.num2 = wlanTypeMask | wlanSubtypeMask
		if p.tok.kind != kID {
			p.syntax()
			break
		}
		t := p.advance()
		for _, typ := range wlanOrder {
			if v, ok := wlanSubtypes[typ][strings.ToLower(t.text)]; ok {
				e.num = typ | v
				return e
			}
		}
		p.fail(t, faultf(ErrName, "unknown 802.11 subtype"))
	case kDirection:
		e.op = opWLANDir
		e.num = p.wlanName(wlanDirs, 1<<32-1)
	}
	return e
}

// wlanName reads a name of the table, or a number within mask.
func (p *parser) wlanName(names map[string]uint32, mask uint32) uint32 {
	switch p.tok.kind {
	case kNum:
		if p.tok.num&^mask != 0 {
			p.fail(p.tok, faultf(ErrValue, "outside the bits %#02x", mask))
			return 0
		}
		return p.advance().num
	case kID:
		v, ok := names[strings.ToLower(p.tok.text)]
		if !ok {
			p.fail(p.tok, faultf(ErrName, "unknown 802.11 name"))
			return 0
		}
		p.advance()
		return v
	}
	p.syntax()
	return 0
}
