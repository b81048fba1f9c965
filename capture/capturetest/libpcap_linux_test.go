//go:build libpcap

package capturetest_test

import (
	"testing"

	"pinyon/capture"
	"pinyon/capture/capturetest"
	"pinyon/packet"
	"pinyon/source"
)

func TestLibpcapDevice(t *testing.T) {
	capturetest.Run(t, "libpcap", func(t *testing.T, frames []packet.Frame) source.Source {
		return device(t, capture.Options{Backend: capture.BackendLibpcap}, frames)
	}, capturetest.Live, capturetest.Blocks)
}
