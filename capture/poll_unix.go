//go:build unix

package capture

import (
	"time"

	"golang.org/x/sys/unix"
)

// A poller waits for packets of several descriptors, and can be woken.
type poller struct {
	fds  []unix.PollFd // the first is the read end of the pipe
	pipe [2]int
}

func newPoller() (*poller, error) {
	p := &poller{}
	if err := unix.Pipe(p.pipe[:]); err != nil {
		return nil, err
	}
	for _, fd := range p.pipe {
		unix.CloseOnExec(fd)
		unix.SetNonblock(fd, true)
	}
	p.fds = []unix.PollFd{{Fd: int32(p.pipe[0]), Events: unix.POLLIN}}
	return p, nil
}

func (p *poller) add(fd int) {
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
}

// wake ends a wait, or the next one. A full pipe wakes as well.
func (p *poller) wake() { unix.Write(p.pipe[1], []byte{0}) }

// pause returns when woken, or after the time.
func (p *poller) pause(d time.Duration) {
	p.poll(p.fds[:1], d)
}

// wait returns when something is there, when woken, or after the time. It reports whether a
// descriptor has an error to tell.
func (p *poller) wait(d time.Duration) (trouble bool) {
	p.poll(p.fds, d)
	for _, f := range p.fds[1:] {
		trouble = trouble || f.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0
	}
	return trouble
}

// poll waits for some of the descriptors, the pipe among them.
func (p *poller) poll(fds []unix.PollFd, d time.Duration) {
	for i := range p.fds {
		p.fds[i].Revents = 0
	}
	unix.Poll(fds, int(d.Milliseconds()))
	if fds[0].Revents != 0 {
		var b [64]byte
		unix.Read(p.pipe[0], b[:])
	}
}

func (p *poller) close() {
	unix.Close(p.pipe[0])
	unix.Close(p.pipe[1])
}
