package capture_test

import (
	"math"
	"strings"
	"testing"

	"pinyon/capture"
)

// TestBuffersBounded: rings that together take more than a share of the memory are refused
// before any is opened, however the bytes are divided, and none is cut short in silence.
func TestBuffersBounded(t *testing.T) {
	most := int(min(capture.MostBuffers(), math.MaxInt))
	two := []string{"a", "b"}
	for _, c := range []struct {
		o  capture.Options
		ok bool
	}{
		{capture.Options{BufferSize: most}, true},
		{capture.Options{BufferSize: most + 1}, false},
		{capture.Options{BufferSize: math.MaxInt}, false},
		{capture.Options{BufferSize: most / 64, Rings: 64}, true},
		{capture.Options{BufferSize: most/64 + 1, Rings: 64}, false},
		{capture.Options{BufferSize: math.MaxInt/64 + 1, Rings: 64}, false},
		{capture.Options{BufferSize: most / 4, Rings: 2, Interfaces: two}, true},
		{capture.Options{BufferSize: most/4 + 1, Rings: 2, Interfaces: two}, false},
	} {
		_, err := c.o.WithDefaults()
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.o, err)
		}
		if err != nil && !strings.Contains(err.Error(), "buffer") {
			t.Errorf("%+v: %v does not say what is too large", c.o, err)
		}
	}
}
