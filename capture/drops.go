package capture

import (
	"bytes"
	"os"
	"strconv"

	"pinyon/netif"
)

// dropMeter tells what a link's devices lost before any filter since it was made.
//
// Devices count what they missed. What the system drops behind the driver because a
// processor's backlog is full stands in the device's rx_dropped, but so does every packet
// that no protocol wanted, which a capture sees all the same; and in the processors' own
// count (/proc/net/softnet_stat), but that is one for all devices. A loss is in both, so
// it is the lesser of the two.
type dropMeter struct {
	meters []*netif.Meter
	base   dropCounts
}

type dropCounts struct{ missed, dropped, backlog uint64 }

func newDropMeter(l *link) (*dropMeter, error) {
	m := &dropMeter{}
	members := l.members
	if l.index != 0 {
		members = []int{l.index}
	}
	for _, index := range members {
		one, err := netif.OpenMeter(index)
		if err != nil {
			m.close()
			return nil, err
		}
		m.meters = append(m.meters, one)
	}
	m.base = m.read()
	return m, nil
}

// read sums what can be read: a device that is gone counts no more.
func (m *dropMeter) read() (c dropCounts) {
	for _, one := range m.meters {
		n, err := one.Read()
		if err != nil {
			continue
		}
		c.missed += n.RxMissed + n.RxFIFO
		c.dropped += n.RxDropped
	}
	c.backlog = backlogDrops()
	return c
}

// drops is how many packets were lost so far: in the devices, and behind them in the backlog.
func (m *dropMeter) drops() (missed, backlog uint64) {
	c := m.read()
	return less(c.missed, m.base.missed), min(less(c.dropped, m.base.dropped), less(c.backlog, m.base.backlog))
}

func less(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

func (m *dropMeter) close() {
	for _, one := range m.meters {
		one.Close()
	}
}

// backlogDrops is the second column of each processor's line, in hexadecimal.
func backlogDrops() (sum uint64) {
	b, err := os.ReadFile("/proc/net/softnet_stat")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) > 1 {
			n, _ := strconv.ParseUint(string(f[1]), 16, 64)
			sum += n
		}
	}
	return sum
}
