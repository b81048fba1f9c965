package main

import (
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"pinyon"
	"pinyon/sink/files"
)

// together is how close to the first signal another one is part of the same request. Whoever
// stops a run often sends two: timeout(1) signals its child and then its group, a terminal and
// a supervisor both signal.
const together = time.Second

// An interrupt ends a run early. The first signal stops reading, and what was read is
// finished. Signals within a second of it belong to it. A later one aborts: what is complete of
// the files stays under a partial name, and the process exits at once. SIGQUIT does so always,
// and removes the files.
type interrupt struct {
	stop   pinyon.Stop
	ended  chan struct{} // closed by the first signal
	status atomic.Int32  // exit status that the signal asks for; 0 before
	ch     chan os.Signal
	done   chan struct{}
}

// watchSignals begins to listen. abort is called before the process exits on a later signal,
// and told whether what is complete is to be kept.
// Hangups and quits that the process was told to ignore, as nohup does, stay ignored.
func watchSignals(a *app, abort func(keep bool)) *interrupt {
	i := &interrupt{ended: make(chan struct{}), ch: make(chan os.Signal, 2), done: make(chan struct{})}
	signal.Notify(i.ch, os.Interrupt, syscall.SIGTERM)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) {
			signal.Notify(i.ch, s)
		}
	}
	if s, ok := a.out.(*stdout); ok {
		s.w = files.Patient(s.w, i.ended)
	}
	if a.control {
		go i.follow(a.in)
	}
	go func() {
		var first time.Time
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
					i.abort(func() { abort(false) }, exitQuit)
				}
				if i.status.CompareAndSwap(0, status) {
					first = time.Now()
					a.say("stopping; signal again after a second to abort")
					i.stop.Set()
					close(i.ended)
					continue
				}
				if s == syscall.SIGHUP || time.Since(first) < together {
					continue // a session that ends hangs up twice: its shell and the kernel
				}
				i.abort(func() { abort(true) }, int(i.status.Load()))
			case <-i.done:
				return
			}
		}
	}()
	return i
}

// follow interrupts the run once r ends: a program that starts this one as its child holds the
// other end, and a child whose parent is gone would run on for nobody.
func (i *interrupt) follow(r io.Reader) {
	io.Copy(io.Discard, r)
	select {
	case i.ch <- os.Interrupt:
	case <-i.done:
	}
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
