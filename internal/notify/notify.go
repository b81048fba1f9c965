// Package notify tells systemd what a service does (sd_notify(3)). Without systemd it does nothing.
package notify

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// Send sends assignments, such as READY=1. Errors are of no interest to who runs the service.
func Send(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	c.Write([]byte(state))
}

// Reloading says that the configuration is being read again; READY=1 ends that.
func Reloading() { Send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic()/1000)) }
