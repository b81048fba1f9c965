//go:build !linux

package notify

func monotonic() int64 { return 0 }
