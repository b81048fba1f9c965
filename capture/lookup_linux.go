package capture

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"pinyon/packet"
)

func lookup(name string) (*link, error) {
	if name == Any {
		l := &link{name: name, link: packet.LinkLinuxSLL2, cooked: true, drops: func() (uint64, error) { return 0, nil }}
		ifs, _ := net.Interfaces()
		for _, i := range ifs {
			if i.Flags&net.FlagLoopback != 0 {
				l.loopbacks = append(l.loopbacks, i.Index)
			}
		}
		return l, nil
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, &InterfaceError{name, "open", ErrNotFound}
	}
	if i.Flags&net.FlagUp == 0 {
		return nil, &InterfaceError{name, "open", ErrDown}
	}
	l := &link{name: name, index: i.Index, link: packet.LinkEthernet, loopback: i.Flags&net.FlagLoopback != 0}
	addrs, _ := i.Addrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			l.netmask = binary.BigEndian.Uint32(n.Mask)
			break
		}
	}
	l.drops = func() (uint64, error) {
		b, err := os.ReadFile(fmt.Sprintf("/sys/class/net/%s/statistics/rx_dropped", name))
		if err != nil {
			return 0, nil
		}
		return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	}
	return l, nil
}
