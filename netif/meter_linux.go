package netif

import "os"

// meterConn is a meter's socket.
type meterConn struct{ c *conn }

func (m *meterConn) open() (err error) {
	m.c, err = dial()
	return err
}

func (m *meterConn) read(index int) (Counts, error) {
	if m.c == nil {
		return Counts{}, os.ErrClosed
	}
	l, err := m.c.link(linkRequest(index, "", true))
	if err != nil {
		return Counts{}, err
	}
	return parseCounters(l.stats)
}

func (m *meterConn) close() {
	if m.c != nil {
		m.c.close()
		m.c = nil
	}
}
