package device_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/device"
)

// TestStop: a device that is waited for ends when its run is to, with a count of what it took.
func TestStop(t *testing.T) {
	ns := nstest.New(t)
	ns.IP("link set lo up")
	ns.Do(func() {
		stop := make(chan struct{})
		in, err := source.Registry{device.Device}.Input("device://lo?promisc=false&buffer_size=131072&snaplen=96", &source.Run{Stop: stop, Filter: "udp port 9"})
		if err != nil {
			t.Fatal(err)
		}
		src, err := in.Open()
		if err != nil || !in.Live || in.Name != "lo" {
			t.Fatal(in.Name, in.Live, err)
		}
		time.AfterFunc(50*time.Millisecond, func() { close(stop) })
		limit := time.Now().Add(30 * time.Second)
		for err = nil; err == nil || errors.Is(err, source.ErrTimeout); {
			var f packet.Frame
			if err = src.Next(&f); time.Now().After(limit) {
				t.Fatal("it goes on")
			}
		}
		if err != io.EOF {
			t.Error(err)
		}
		if err := errors.Join(src.Close(), src.Close()); err != nil {
			t.Error(err)
		}
		if s := src.Stats(); s.Received != s.Captured || s.Since.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

// TestOptions: every option that is told is one that can be set, and none takes nonsense.
func TestOptions(t *testing.T) {
	for _, o := range device.Device.Options {
		if _, err := (source.Registry{device.Device}).Input("device://lo?"+o.Name+"=nonsense", nil); err == nil || o.Doc == "" {
			t.Errorf("%s: nonsense is taken", o.Name)
		}
	}
}
