//go:build !linux

package nstest

import (
	"os/exec"
	"runtime"
	"testing"
)

// A Namespace exists on Linux only.
type Namespace struct{ Name string }

// New skips the test.
func New(t testing.TB) *Namespace {
	t.Helper()
	t.Skip("no network namespaces on " + runtime.GOOS)
	return nil
}

// The methods are there so that tests compile; New never gives them a receiver.

func (*Namespace) Quiet()                              { panic("BUG: no namespace") }
func (*Namespace) IP(string)                           { panic("BUG: no namespace") }
func (*Namespace) TryIP(string) error                  { panic("BUG: no namespace") }
func (*Namespace) Pair(string, string)                 { panic("BUG: no namespace") }
func (*Namespace) Ready(...string)                     { panic("BUG: no namespace") }
func (*Namespace) Command(string, ...string) *exec.Cmd { panic("BUG: no namespace") }
func (*Namespace) Run(string, ...string) string        { panic("BUG: no namespace") }
func (*Namespace) Do(func())                           { panic("BUG: no namespace") }
