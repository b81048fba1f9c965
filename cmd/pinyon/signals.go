package main

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"pinyon"
)

// An interrupt ends a run early. The first signal stops reading, and what was read is
// finished; the second removes what is half written and exits at once, as SIGQUIT does always.
type interrupt struct {
	stop   pinyon.Stop
	ended  chan struct{} // closed by the first signal
	status atomic.Int32  // exit status that the signal asks for; 0 before
	ch     chan os.Signal
	done   chan struct{}
}

// watchSignals begins to listen. abort is called before the process exits on the second signal.
// Hangups and quits that the process was told to ignore, as nohup does, stay ignored.
func watchSignals(a *app, abort func()) *interrupt {
	i := &interrupt{ended: make(chan struct{}), ch: make(chan os.Signal, 2), done: make(chan struct{})}
	signal.Notify(i.ch, os.Interrupt, syscall.SIGTERM)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) {
			signal.Notify(i.ch, s)
		}
	}
	go func() {
		for {
			select {
			case s := <-i.ch:
				status := int32(exitInterrupt)
				switch s {
				case syscall.SIGTERM:
					status = exitTerminate
				case syscall.SIGHUP:
					status = exitHangup
				case syscall.SIGQUIT:
					i.abort(abort, exitQuit)
				}
				if i.status.CompareAndSwap(0, status) {
					a.say("%s: stopping; once more to abort", a.name)
					i.stop.Set()
					close(i.ended)
					continue
				}
				if s == syscall.SIGHUP {
					continue // a session that ends hangs up twice: its shell and the kernel
				}
				i.abort(abort, int(i.status.Load()))
			case <-i.done:
				return
			}
		}
	}()
	return i
}

// abort exits after clean has run, but does not wait for a file system that hangs.
func (i *interrupt) abort(clean func(), status int) {
	cleaned := make(chan struct{})
	go func() {
		clean()
		close(cleaned)
	}()
	select {
	case <-cleaned:
	case <-time.After(2 * time.Second):
	}
	os.Exit(status)
}

// close ends listening.
func (i *interrupt) close() {
	signal.Stop(i.ch)
	close(i.done)
}
