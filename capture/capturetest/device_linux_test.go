package capturetest_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/capture/capturetest"
	"pinyon/feed"
	"pinyon/internal/nstest"
	"pinyon/packet"
	"pinyon/source"
)

// device opens a device that will receive the frames, and sends them.
func device(t *testing.T, o capture.Options, frames []packet.Frame) *capture.Device {
	t.Helper()
	ns := nstest.New(t)
	ns.Quiet()
	ns.Pair("v0", "v1")
	if o.Interface = "v1"; len(o.Interfaces) > 0 {
		o.Interface = ""
	}
	o.Count, o.ReadTimeout = uint64(len(frames)), 50*time.Millisecond
	var d *capture.Device
	ns.Do(func() {
		var err error
		if d, err = capture.Open(o); err != nil {
			t.Fatal(err)
		}
		send(t, "v0", frames, d.Stats)
	})
	return d
}

// send sends frames on a device of the thread's namespace, no more at a time than the
// system's queue between the two ends of a pair holds (netdev_max_backlog, 1,000).
func send(t *testing.T, name string, frames []packet.Frame, stats func() source.Stats) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	to := &unix.SockaddrLinklayer{Ifindex: int(r.Uint32())}
	for i := range frames {
		for end := time.Now().Add(30 * time.Second); i%200 == 0 && stats().Received < uint64(i); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d frames sent, %d received", i, stats().Received)
			}
		}
		if err := unix.Sendto(fd, frames[i].Data, 0, to); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDevice(t *testing.T) {
	for name, o := range map[string]capture.Options{
		"afpacket":  {},
		"immediate": {Immediate: true},
		"joined":    {Interfaces: []string{"v1", "lo"}},
	} {
		capturetest.Run(t, name, func(t *testing.T, frames []packet.Frame) source.Source {
			return device(t, o, frames)
		}, capturetest.Live, capturetest.Blocks)
	}
}

// TestLiveFeed: a live feed as a source.
func TestLiveFeed(t *testing.T) {
	capturetest.Run(t, "live", func(t *testing.T, frames []packet.Frame) source.Source {
		ns := nstest.New(t)
		ns.Quiet()
		ns.Pair("v0", "v1")
		var s source.Source
		ns.Do(func() {
			f, err := feed.OpenLive("v1", &capture.Options{Count: uint64(len(frames)), ReadTimeout: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			send(t, "v0", frames, f.Stats)
			s = f.Source()
		})
		return s
	}, capturetest.Live, capturetest.Blocks)
}
