//go:build !linux

package replay

import "time"

func pause(d time.Duration) { time.Sleep(d) }
