package capture_test

import (
	"errors"
	"strings"
	"testing"

	"pinyon/capture"
)

// TestBackends: one that is unknown, or not built, says so and names the tag.
func TestBackends(t *testing.T) {
	for _, o := range []capture.Options{
		{Interface: "lo", Backend: "pfring"},
		{Interface: "lo", Backend: capture.BackendLibpcap, Rings: 2},
	} {
		var e *capture.Error
		if d, err := capture.Open(o); d != nil || !errors.Is(err, capture.ErrNotSupported) || !errors.As(err, &e) || !strings.Contains(err.Error(), "libpcap") {
			t.Errorf("%q: %v", o.Backend, err)
		}
	}
}
