package netif

import (
	"strconv"
	"sync"
)

// A Meter reads one device's counters again and again, from wherever it is called: it stays
// in the network namespace of the thread that opened it. It may be used from several
// goroutines.
type Meter struct {
	index int
	mu    sync.Mutex
	c     meterConn
}

// OpenMeter makes a meter of the device with this index.
func OpenMeter(index int) (*Meter, error) {
	m := &Meter{index: index}
	if err := m.c.open(); err != nil {
		return nil, &Error{strconv.Itoa(index), StageOpen, err}
	}
	return m, nil
}

// Read returns what the device has counted since it was made.
func (m *Meter) Read() (Counts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.c.read(m.index)
	if err != nil {
		return Counts{}, &Error{strconv.Itoa(m.index), StageRead, err}
	}
	return c, nil
}

// Close gives the meter's socket back. A closed meter reads nothing.
func (m *Meter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.c.close()
	return nil
}
