package netif

import (
	"fmt"
	"strings"
)

// A Kind is what sort of device it is.
type Kind uint8

const (
	KindUnknown Kind = iota
	KindLoopback
	KindEthernet
	KindWireless
	KindDocker  // a bridge that Docker made
	KindVirtual // veth, dummy, macvlan and other devices that stand for no wire
	KindVPN     // tun and tap, WireGuard, OpenVPN, IPsec
	KindBridge
	KindBond // bonding and team
	KindVLAN
	KindTunnel // GRE, IP in IP, VXLAN, ...
	KindPPP
	KindMobile // a modem
	KindInfiniband
	KindCAN
)

var kindNames = [...]string{"unknown", "loopback", "ethernet", "wireless", "docker", "virtual", "vpn", "bridge", "bond", "vlan",
	"tunnel", "ppp", "mobile", "infiniband", "can"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Kinds are all kinds.
func Kinds() []Kind {
	kinds := make([]Kind, len(kindNames))
	for i := range kinds {
		kinds[i] = Kind(i)
	}
	return kinds
}

// ParseKind is the kind of a name that String gives.
func ParseKind(name string) (Kind, error) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), nil
		}
	}
	return KindUnknown, fmt.Errorf("netif: unknown kind of device %q; want one of %s", name, strings.Join(kindNames[:], ", "))
}

// Is reports whether k is other or a sort of it: Docker's bridges are bridges.
func (k Kind) Is(other Kind) bool {
	return k == other || k == KindDocker && other == KindBridge
}

// ARPHRD_ values (linux/if_arp.h).
const (
	arphrdEther      = 1
	arphrdInfiniband = 32
	arphrdCAN        = 280
	arphrdPPP        = 512
	arphrdRawIP      = 519
	arphrdTunnel     = 768
	arphrdTunnel6    = 769
	arphrdLoopback   = 772
	arphrdSIT        = 776
	arphrdIPGRE      = 778
	arphrd80211      = 801
	arphrdPrism      = 802
	arphrdRadiotap   = 803
	arphrd802154     = 804
	arphrd802154Mon  = 805
	arphrdIP6GRE     = 823
	arphrdNetlink    = 824
	arphrd6LoWPAN    = 825
	arphrdVsockmon   = 826
	arphrdNone       = 0xfffe
)

// kernelKinds are the kernel's names of virtual devices (IFLA_INFO_KIND).
var kernelKinds = map[string]Kind{
	"bridge": KindBridge, "bond": KindBond, "team": KindBond, "vlan": KindVLAN,
	"veth": KindVirtual, "dummy": KindVirtual, "ifb": KindVirtual, "macvlan": KindVirtual, "macvtap": KindVirtual,
	"ipvlan": KindVirtual, "ipvtap": KindVirtual, "vrf": KindVirtual, "nlmon": KindVirtual, "netkit": KindVirtual,
	"netdevsim": KindVirtual, "vsockmon": KindVirtual, "hsr": KindVirtual, "vcan": KindCAN, "vxcan": KindCAN, "can": KindCAN,
	"tun": KindVPN, "wireguard": KindVPN, "ovpn": KindVPN, "ovpn-dco": KindVPN, "xfrm": KindVPN, "vti": KindVPN, "vti6": KindVPN,
	"macsec": KindVPN,
	"gre":    KindTunnel, "gretap": KindTunnel, "erspan": KindTunnel, "ip6gre": KindTunnel, "ip6gretap": KindTunnel,
	"ip6erspan": KindTunnel, "ipip": KindTunnel, "sit": KindTunnel, "ip6tnl": KindTunnel, "vxlan": KindTunnel,
	"geneve": KindTunnel, "gtp": KindTunnel, "bareudp": KindTunnel, "amt": KindTunnel, "lowpan": KindTunnel, "batadv": KindTunnel,
	"ppp": KindPPP, "rmnet": KindMobile, "wwan": KindMobile, "ipoib": KindInfiniband, "virt_wifi": KindWireless,
	"dsa": KindEthernet,
}

// kindOf decides the kind: the kernel's word, then the radio, then the hardware type, and
// only then the name.
func kindOf(kernel string, wireless bool, arphrd uint16, name string) Kind {
	if k, ok := kernelKinds[kernel]; ok {
		if k == KindBridge && dockerBridge(name) {
			return KindDocker
		}
		return k
	}
	if wireless {
		return KindWireless
	}
	switch arphrd {
	case arphrdLoopback:
		return KindLoopback
	case arphrdEther:
		return KindEthernet
	case arphrd80211, arphrdPrism, arphrdRadiotap, arphrd802154, arphrd802154Mon, arphrd6LoWPAN:
		return KindWireless
	case arphrdPPP:
		return KindPPP
	case arphrdTunnel, arphrdTunnel6, arphrdSIT, arphrdIPGRE, arphrdIP6GRE:
		return KindTunnel
	case arphrdInfiniband:
		return KindInfiniband
	case arphrdCAN:
		return KindCAN
	case arphrdRawIP:
		return KindMobile
	case arphrdNetlink, arphrdVsockmon:
		return KindVirtual
	}
	return kindByName(name)
}

// dockerBridge recognises the names that Docker gives: the kernel knows no more than that
// it is a bridge.
func dockerBridge(name string) bool {
	if name == "docker_gwbridge" || numbered(name, "docker") {
		return true
	}
	id, ok := strings.CutPrefix(name, "br-")
	return ok && len(id) == 12 && strings.Trim(id, "0123456789abcdef") == ""
}

// numbered reports whether a name is a prefix and a number, if any.
func numbered(name, prefix string) bool {
	n, ok := strings.CutPrefix(name, prefix)
	return ok && strings.Trim(n, "0123456789") == ""
}

// kindByName guesses from the habits of several systems.
func kindByName(name string) Kind {
	if numbered(name, "lo") {
		return KindLoopback
	}
	if numbered(name, "br") {
		return KindBridge
	}
	for _, g := range []struct {
		prefix string
		kind   Kind
	}{
		{"docker", KindDocker}, {"br-", KindDocker}, {"bridge", KindBridge}, {"bond", KindBond}, {"vlan", KindVLAN},
		{"veth", KindVirtual}, {"vmnet", KindVirtual}, {"dummy", KindVirtual}, {"epair", KindVirtual}, {"ifb", KindVirtual},
		{"utun", KindVPN}, {"tun", KindVPN}, {"tap", KindVPN}, {"wg", KindVPN}, {"ipsec", KindVPN},
		{"gif", KindTunnel}, {"gre", KindTunnel}, {"stf", KindTunnel}, {"sit", KindTunnel}, {"vxlan", KindTunnel},
		{"ppp", KindPPP}, {"wwan", KindMobile}, {"rmnet", KindMobile}, {"can", KindCAN}, {"ib", KindInfiniband},
		{"wlan", KindWireless}, {"wifi", KindWireless}, {"wl", KindWireless}, {"awdl", KindWireless}, {"Wi-Fi", KindWireless},
		{"eth", KindEthernet}, {"en", KindEthernet}, {"Ethernet", KindEthernet},
	} {
		if strings.HasPrefix(name, g.prefix) {
			return g.kind
		}
	}
	return KindUnknown
}
