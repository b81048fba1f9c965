package netif

import (
	"fmt"
	"math/big"
	"net/netip"
)

// A Scope says how far an address is valid, with the numbers of the kernel (RT_SCOPE_).
type Scope uint8

const (
	ScopeGlobal  Scope = 0
	ScopeSite    Scope = 200
	ScopeLink    Scope = 253
	ScopeHost    Scope = 254
	ScopeNowhere Scope = 255
)

func (s Scope) String() string {
	switch s {
	case ScopeGlobal:
		return "global"
	case ScopeSite:
		return "site"
	case ScopeLink:
		return "link"
	case ScopeHost:
		return "host"
	case ScopeNowhere:
		return "nowhere"
	}
	return fmt.Sprintf("scope %d", uint8(s))
}

// An Addr is one address of a device.
type Addr struct {
	// Prefix is the device's own address, host bits included, and the length of its
	// network. With a Peer the length is that of the peer's network.
	Prefix    netip.Prefix
	Broadcast netip.Addr // not valid if there is none
	Peer      netip.Addr // the other end of a point-to-point address; not valid if there is none
	Scope     Scope
}

// PrefixLen is the number of ones in the netmask.
func (a Addr) PrefixLen() int { return a.Prefix.Bits() }

// Network is what the kernel reaches through this address: the network that the address
// lies in, or of a point-to-point address the network that the peer lies in. Host bits are 0.
func (a Addr) Network() netip.Prefix {
	p := a.Prefix
	if a.Peer.IsValid() {
		p = netip.PrefixFrom(a.Peer, p.Bits())
	}
	return p.Masked()
}

// NetworkID is the network's number: the address as an integer, shifted right by the host
// bits. 192.168.193.5/24 has 0xc0a8c1.
func (a Addr) NetworkID() *big.Int {
	n := a.Network()
	id := new(big.Int).SetBytes(n.Addr().AsSlice())
	if !n.IsValid() {
		return id
	}
	return id.Rsh(id, uint(n.Addr().BitLen()-n.Bits()))
}

// InNetwork reports whether ip lies in the address's network or is the address itself. An
// IPv4 address written as IPv6 is the IPv4 address; other than that families never match.
func (a Addr) InNetwork(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return a.Network().Contains(ip) || a.Prefix.Addr() == ip && ip.IsValid()
}

// Owns reports whether ip is the address.
func (a Addr) Owns(ip netip.Addr) bool {
	return ip.IsValid() && a.Prefix.Addr() == ip.Unmap().WithZone("")
}

// String is the address as the ip program writes it: 10.0.0.1/24, or with a peer
// 10.0.0.1 peer 10.0.0.2/32.
func (a Addr) String() string {
	if !a.Peer.IsValid() {
		return a.Prefix.String()
	}
	return fmt.Sprintf("%s peer %s/%d", a.Prefix.Addr(), a.Peer, a.Prefix.Bits())
}
