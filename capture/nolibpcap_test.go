//go:build !libpcap

package capture_test

import (
	"errors"
	"strings"
	"testing"

	"pinyon/capture"
)

// TestNotBuilt: a build without libpcap names the tag that it takes.
func TestNotBuilt(t *testing.T) {
	d, err := capture.Open(capture.Options{Interface: "lo", Backend: capture.BackendLibpcap})
	if errors.Is(err, capture.ErrNotFound) || errors.Is(err, capture.ErrDown) {
		t.Skip("no loopback device: ", err)
	}
	var device *capture.InterfaceError
	if d != nil || !errors.Is(err, capture.ErrNotSupported) || !errors.As(err, &device) || !strings.Contains(err.Error(), "-tags libpcap") {
		t.Errorf("%v", err)
	}
}
