package discover

import (
	"errors"
	"net"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	port       = 5353
	maxMessage = 9000 // bytes, headers of IP included (RFC 6762 section 17)
)

var (
	group4 = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
	group6 = &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: port}
)

// A message is one that came.
type message struct {
	msg   *dns.Msg
	index int    // of the interface by which it came; 0 if the system does not say
	zone  string // its name
	from  *net.UDPAddr
}

// A conn sends to and hears the multicast groups at all interfaces that are up.
type conn struct {
	v4     *ipv4.PacketConn
	v6     *ipv6.PacketConn
	ifaces []net.Interface
	in     chan message
	done   chan struct{}
}

// listen joins the groups. One family is enough.
func listen() (*conn, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	c := &conn{in: make(chan message, 64), done: make(chan struct{})}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 {
			c.ifaces = append(c.ifaces, i)
		}
	}
	if len(c.ifaces) == 0 {
		return nil, errors.New("discover: no interface is up that can multicast")
	}
	// Listening joins by one interface, so that joining by that one again is an error; one that has
	// no address of a family cannot join.
	four, err4 := first("udp4", c.ifaces, group4)
	if err4 == nil {
		c.v4 = ipv4.NewPacketConn(four)
		c.v4.SetMulticastLoopback(true) // other programs of this machine hear it
		c.v4.SetMulticastTTL(255)
		c.v4.SetControlMessage(ipv4.FlagInterface, true) // not on every system
	}
	six, err6 := first("udp6", c.ifaces, group6)
	if err6 == nil {
		c.v6 = ipv6.NewPacketConn(six)
		c.v6.SetMulticastLoopback(true)
		c.v6.SetMulticastHopLimit(255)
		c.v6.SetControlMessage(ipv6.FlagInterface, true)
	}
	if err4 != nil && err6 != nil {
		return nil, errors.Join(err4, err6)
	}
	for i := range c.ifaces {
		if c.v4 != nil {
			c.v4.JoinGroup(&c.ifaces[i], group4)
		}
		if c.v6 != nil {
			c.v6.JoinGroup(&c.ifaces[i], group6)
		}
	}
	if c.v4 != nil {
		go c.read(func(b []byte) (n, index int, from net.Addr, err error) {
			n, cm, from, err := c.v4.ReadFrom(b)
			if cm != nil {
				index = cm.IfIndex
			}
			return n, index, from, err
		})
	}
	if c.v6 != nil {
		go c.read(func(b []byte) (n, index int, from net.Addr, err error) {
			n, cm, from, err := c.v6.ReadFrom(b)
			if cm != nil {
				index = cm.IfIndex
			}
			return n, index, from, err
		})
	}
	return c, nil
}

// first listens at a group by the first interface that can join it.
func first(network string, ifaces []net.Interface, group *net.UDPAddr) (c *net.UDPConn, err error) {
	for i := range ifaces {
		if c, err = net.ListenMulticastUDP(network, &ifaces[i], group); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// read hands on what comes, until the socket is closed. What is no message is passed over.
func (c *conn) read(from func([]byte) (n, index int, from net.Addr, err error)) {
	b := make([]byte, maxMessage)
	for {
		n, index, addr, err := from(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select {
			case <-c.done:
				return
			case <-time.After(10 * time.Millisecond): // a link that went down
			}
			continue
		}
		m := message{msg: new(dns.Msg), index: index}
		if m.from, _ = addr.(*net.UDPAddr); m.from == nil || m.msg.Unpack(b[:n]) != nil {
			continue
		}
		m.zone = m.from.Zone
		for _, i := range c.ifaces {
			if i.Index == index {
				m.zone = i.Name
			}
		}
		if m.msg.Response && m.from.Port != port {
			continue // RFC 6762 section 6
		}
		select {
		case c.in <- m:
		case <-c.done:
			return
		}
	}
}

// send sends a message by an interface, or by all. What cannot be sent by one of them is left.
func (c *conn) send(m *dns.Msg, by *net.Interface) {
	m.Compress = true
	b, err := m.Pack()
	if err != nil {
		return
	}
	for i := range c.ifaces {
		if by != nil && by.Index != c.ifaces[i].Index {
			continue
		}
		if c.v4 != nil && c.v4.SetMulticastInterface(&c.ifaces[i]) == nil {
			c.v4.WriteTo(b, nil, group4)
		}
		if c.v6 != nil && c.v6.SetMulticastInterface(&c.ifaces[i]) == nil {
			c.v6.WriteTo(b, nil, group6)
		}
	}
}

// answer sends a message to whoever asked from a port of his own.
func (c *conn) answer(m *dns.Msg, to *net.UDPAddr) {
	b, err := m.Pack()
	if err != nil {
		return
	}
	if to.IP.To4() != nil && c.v4 != nil {
		c.v4.WriteTo(b, nil, to)
	} else if c.v6 != nil {
		c.v6.WriteTo(b, nil, to)
	}
}

func (c *conn) close() {
	close(c.done)
	if c.v4 != nil {
		c.v4.Close()
	}
	if c.v6 != nil {
		c.v6.Close()
	}
}
