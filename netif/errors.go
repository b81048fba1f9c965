package netif

import (
	"errors"
	"fmt"
	"io/fs"
)

// What callers decide on; use errors.Is.
var (
	// ErrNotFound: there is no such device, or none that fits.
	ErrNotFound = errors.New("no such device")
	// ErrAmbiguous: the text means several devices.
	ErrAmbiguous = errors.New("several devices")
	// ErrName: the kernel has no device of such a name.
	ErrName = errors.New("not a device name")
	// ErrNoAddress: the device has no address of the family asked for.
	ErrNoAddress = errors.New("no address")
	// ErrDown: the device is switched off.
	ErrDown = errors.New("device is down")
	// ErrNotRunning: the device is up, but has no carrier or is not ready otherwise.
	ErrNotRunning = errors.New("device is up but not running (no carrier)")
	// ErrPermission: this process may not capture. It is an fs.ErrPermission too.
	ErrPermission error = permission{}
	// ErrMessage: an answer of the kernel that cannot be read.
	ErrMessage = errors.New("malformed netlink message")
)

type permission struct{}

func (permission) Error() string {
	return "no permission to open a packet socket: run as root, or give the program CAP_NET_RAW (setcap cap_net_raw,cap_net_admin+ep PROGRAM)"
}

func (permission) Is(target error) bool { return target == fs.ErrPermission }

// A Stage is what was being done to a device when an error came up. Packages that open
// devices use the later ones.
type Stage string

const (
	StageList     Stage = "list"     // all devices
	StageFind     Stage = "find"     // one of them
	StageOpen     Stage = "open"     // a handle to it
	StageCompile  Stage = "compile"  // the filter for it
	StageActivate Stage = "activate" // the capture
	StageRead     Stage = "read"     // packets or counters
)

// An Error says which device failed, and when.
type Error struct {
	Device string // its name or what the caller called it; empty if all are concerned
	Stage  Stage
	Err    error
}

// Error reads as "netif: find eth9: no such device".
func (e *Error) Error() string {
	if e.Device == "" {
		return fmt.Sprintf("netif: %s: %v", e.Stage, e.Err)
	}
	return fmt.Sprintf("netif: %s %s: %v", e.Stage, e.Device, e.Err)
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// An AddrError is a text that should be an IP address and is none.
type AddrError struct {
	Text string
	Err  error
}

// Error names the text.
func (e *AddrError) Error() string { return fmt.Sprintf("netif: %q is no IP address", e.Text) }

// Unwrap gives Err.
func (e *AddrError) Unwrap() error { return e.Err }

// A fault is a sentence that errors.Is takes for its kind.
type fault struct {
	kind error
	text string
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.kind }

func faultf(kind error, format string, args ...any) error {
	return &fault{kind: kind, text: fmt.Sprintf(format, args...)}
}
