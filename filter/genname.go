package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// name tests for what a name stands for.
func (g *gen) name(name string, q qual) *cond {
	switch q.addr {
	case addrNone, addrHost:
		return g.hostName(name, q)
	case addrNet:
		return g.netName(name, q)
	case addrPort:
		port, transport, ok := g.service(name)
		if !ok {
			return g.fail(ErrName, "unknown port")
		}
		return g.portNumbers(port, port, q, transport)
	case addrPortRange:
		return g.portRange(name, q)
	case addrProto, addrProtoChain:
		v, ok := g.protocol(name, q.proto)
		if !ok {
			return g.fail(ErrName, "unknown protocol")
		}
		return g.number(v, q)
	}
	return g.gateway(name, q)
}

// hostName tests for the addresses of a host.
func (g *gen) hostName(name string, q qual) *cond {
	switch q.proto {
	case protoLink:
		if g.o.Resolver != nil {
			if mac, err := g.o.Resolver.Ether(name); err == nil {
				return g.mac(mac[:], q.dir)
			}
		}
		return g.fail(ErrName, "unknown link-layer address")
	case protoDECnet:
		return g.fail(ErrName, "DECnet hosts have no names here")
	}
	addrs := g.lookup(name)
	if g.err != nil {
		return always(false)
	}
	q4, q6 := q, q
	if g.untyped && q.proto == protoNone {
		// Where nothing names the protocol there is no ARP.
		q4.proto, q6.proto = protoIP, protoIP6
	}
	var c *cond
	for _, a := range addrs {
		var h *cond
		switch a = a.Unmap(); {
		case a.Is4() && q4.proto != protoIP6:
			b := a.As4()
			h = g.host4(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]), 1<<32-1, q4)
		case a.Is6() && q6.proto != protoIP:
			h = g.host6(a.As16(), 128, q6)
		default:
			continue
		}
		if c == nil {
			c = h
		} else {
			c = or(c, h)
		}
	}
	if c == nil {
		return g.fail(ErrName, "no address of this family")
	}
	return c
}

// lookup gives the addresses of a host; a name may be an address, too.
func (g *gen) lookup(name string) []netip.Addr {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.WithZone("")}
	}
	if g.o.Resolver == nil {
		g.fail(ErrName, "unknown host: names are not resolved")
		return nil
	}
	addrs, err := g.o.Resolver.Host(name)
	if err != nil || len(addrs) == 0 {
		g.fail(ErrName, "unknown host")
	}
	return addrs
}

func (g *gen) netName(name string, q qual) *cond {
	if g.o.Resolver == nil {
		return g.fail(ErrName, "unknown network: names are not resolved")
	}
	p, err := g.o.Resolver.Net(name)
	if err != nil || !p.IsValid() {
		return g.fail(ErrName, "unknown network")
	}
	p = p.Masked()
	if p.Addr().Is4() {
		b := p.Addr().As4()
		mask := prefixMask(uint32(p.Bits()))
		return g.host4(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]), mask, q)
	}
	return g.host6(p.Addr().As16(), uint32(p.Bits()), q)
}

// gateway tests for frames that a host forwarded: its link-layer address, not its own.
func (g *gen) gateway(name string, q qual) *cond {
	if g.o.Resolver == nil {
		return g.fail(ErrName, "gateway needs names resolved")
	}
	mac, err := g.o.Resolver.Ether(name)
	if err != nil {
		return g.fail(ErrName, "unknown link-layer address")
	}
	switch {
	case q.dir != dirNone:
		return g.fail(ErrQualifier, "gateway has no direction")
	case q.proto != protoNone && q.proto != protoIP && q.proto != protoARP && q.proto != protoRARP:
		return g.fail(ErrQualifier, "gateway is of IP, ARP or RARP")
	}
	link := g.mac(mac[:], dirOr)
	addrs := g.lookup(name)
	var own *cond
	for _, a := range addrs {
		if a = a.Unmap(); !a.Is4() {
			continue
		}
		b := a.As4()
		h := g.host4(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]), 1<<32-1, qual{proto: q.proto, dir: dirOr})
		if own == nil {
			own = h
		} else {
			own = or(own, h)
		}
	}
	if own == nil {
		return g.fail(ErrName, "no IPv4 address")
	}
	return and(link, not(own))
}

// service gives the port of a service, and its transport if there is but one.
func (g *gen) service(name string) (port, transport uint32, ok bool) {
	if n, err := strconv.ParseUint(name, 10, 16); err == nil {
		return uint32(n), anyTransport, true
	}
	s, ok := services()[name]
	switch {
	case !ok:
		return 0, 0, false
	case s.tcp && s.udp:
		return s.port, anyTransport, true
	case s.tcp:
		return s.port, ipTCP, true
	}
	return s.port, ipUDP, true
}

// portRange reads two ports with a dash between.
func (g *gen) portRange(name string, q qual) *cond {
	for i := 1; i < len(name)-1; i++ {
		if name[i] != '-' {
			continue
		}
		lo, t1, ok1 := g.service(name[:i])
		hi, t2, ok2 := g.service(name[i+1:])
		if ok1 && ok2 {
			if t1 != t2 {
				t1 = anyTransport
			}
			return g.portNumbers(lo, hi, q, t1)
		}
	}
	if lo, hi, ok := strings.Cut(name, "-"); ok && tooLarge(lo) || ok && tooLarge(hi) {
		return g.fail(ErrValue, "port over 65535")
	}
	return g.fail(ErrName, "unknown port")
}

func tooLarge(s string) bool {
	return s != "" && lenNum(s) == len(s) && number(s).num > 65535
}

// protocol gives the number of a protocol inside proto.
func (g *gen) protocol(name string, proto uint8) (uint32, bool) {
	switch proto {
	case protoNone, protoIP, protoIP6:
		if v, ok := ipProtocols[name]; ok {
			return v, true
		}
		v, ok := ipProtocols[strings.ToLower(name)]
		return v, ok
	case protoLink:
		v, ok := etherProtocols[name]
		return v, ok
	case protoISO:
		v, ok := map[string]uint32{"esis": nlpidESIS, "isis": nlpidISIS, "clnp": nlpidCLNP}[name]
		return v, ok
	}
	return 0, false
}
