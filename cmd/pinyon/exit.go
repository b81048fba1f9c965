package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"pinyon/filter"
	"pinyon/internal/plain"
	"pinyon/netif"
	"pinyon/remote"
)

// Exit statuses.
const (
	exitOK         = 0
	exitError      = 1
	exitUsage      = 2
	exitIncomplete = 3 // finished, but some inputs failed, were damaged or cut short, frames were refused by the kernel, or packets were lost with --fail-on-loss
	exitPermission = 4
	exitDevice     = 5 // no such interface
	exitRemote     = 6 // a remote server or client: authentication, TLS, protocol
	exitHangup     = 129
	exitInterrupt  = 130
	exitQuit       = 131
	exitTerminate  = 143
)

// exit is an error with a status of its own. A nil err has been reported already.
type exit struct {
	status int
	err    error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is an error of whoever typed the command.
func usage(format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf(format, args...)}
}

// notEmpty checks that none of these flags was given without a name: an empty variable of a
// script is not the same as no flag.
func notEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
			return usage("--%s: the name is empty", name)
		}
	}
	return nil
}

// finish reports the error of a command and returns the exit status.
func (a *app) finish(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	status := statusOf(err)
	var e *exit
	if errors.As(err, &e) {
		status = e.status
	} else if !a.started {
		status = exitUsage // the command line itself
	}
	if a.lost && status == exitError {
		return status
	}
	if e == nil || e.err != nil {
		text := a.describe(err)
		for _, prefix := range []string{"pcap: ", "netif: ", "capture: "} {
			text = strings.TrimPrefix(text, prefix)
		}
		a.sayText(a.name + ": " + text)
		if status == exitUsage && !a.started {
			a.say("Try '%s --help'.", cmd.CommandPath())
		}
	}
	return status
}

// statusOf is the status of an error that brings none of its own.
func statusOf(err error) int {
	var fe *filter.Error
	var auth *remote.AuthError
	var proto *remote.ProtocolError
	var bad *remote.URLError
	switch {
	case errors.As(err, &auth), errors.As(err, &proto), errors.Is(err, remote.ErrServerFull):
		return exitRemote
	case errors.As(err, &bad):
		return exitUsage
	case errors.Is(err, fs.ErrPermission):
		return exitPermission
	case errors.Is(err, netif.ErrNotFound):
		return exitDevice
	case errors.Is(err, netif.ErrAmbiguous), errors.As(err, &fe):
		return exitUsage
	}
	return exitError
}

// badFilter is an error of usage that shows where the filter is wrong.
func badFilter(expr string, err error) error {
	var fe *filter.Error
	if !errors.As(err, &fe) {
		return usage("--filter: %w", err)
	}
	if fe.Offset > len(expr) || plain.Text(expr) != expr {
		return usage("%w", fe)
	}
	at := utf8.RuneCountInString(expr[:fe.Offset])
	lines := fmt.Sprintf("  %s\n  %s%s", expr, strings.Repeat(" ", at), strings.Repeat("^", max(1, utf8.RuneCountInString(fe.Word))))
	return &exit{exitUsage, &pointed{fe, lines}}
}
