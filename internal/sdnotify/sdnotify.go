// Package sdnotify tells a service manager how a daemon is, in the way of sd_notify(3): systemd
// names a datagram socket in NOTIFY_SOCKET. Where nobody does, it tells nothing.
package sdnotify

import (
	"net"
	"os"
	"strconv"
	"time"
)

// What can be told.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	Watchdog = "WATCHDOG=1"
)

// Status is a line for people.
func Status(text string) string { return "STATUS=" + text }

// Send tells the service manager; of several lines each is one of the above. There being none is
// no error.
func Send(lines ...string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	// A name that begins with @ is one of Linux's abstract sockets, which package net knows.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	var b []byte
	for _, l := range lines {
		b = append(append(b, l...), '\n')
	}
	_, err = c.Write(b)
	return err
}

// Every is how often the service manager wants to be told Watchdog: half the time after which it
// takes the process for dead; 0 if it does not.
func Every() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond / 2
}
