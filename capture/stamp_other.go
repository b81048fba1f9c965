//go:build !linux

package capture

import (
	"fmt"
	"io"
)

// stampOnce: each descriptor of other systems stamps a packet by itself, so two rings cannot
// be told apart by time.
func stampOnce() (io.Closer, error) {
	return nil, fmt.Errorf("%w: other rings in a run", ErrNotSupported)
}
