//go:build !unix

package capture

import "time"

// A poller waits where nothing can be waited for: it looks every few milliseconds.
type poller struct{ woken chan struct{} }

func newPoller() (*poller, error) { return &poller{make(chan struct{}, 1)}, nil }

func (p *poller) add(int) {}

func (p *poller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *poller) wait(d time.Duration) (trouble bool) {
	select {
	case <-p.woken:
	case <-time.After(min(d, 5*time.Millisecond)):
	}
	return true
}

func (p *poller) pause(d time.Duration) { p.wait(d) }

func (p *poller) close() {}
