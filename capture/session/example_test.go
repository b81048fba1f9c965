package session_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/filter"
	"pinyon/savefile"
)

// count is how many packets the examples take, while how long they wait for some.
var count, while = uint64(1000), time.Minute

// Capture a thousand packets of a filter and wait for them.
func Example() {
	c, err := session.New(capture.Options{Interface: "eth0", Count: count, Filter: "tcp port 80"}, session.Callbacks{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Run(context.Background())
	fmt.Println(c.Captured(), "packets,", err)
}

// Capture in the background.
func ExampleCapture_Start() {
	c, err := session.New(capture.Options{Interface: "eth0"}, session.Callbacks{})
	if err == nil {
		err = c.Start(context.Background()) // tells what kept the device from being opened
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(while) // other work
	fmt.Println("running:", c.Running(), c.Interface())
	c.Stop()
	fmt.Println("running:", c.Running(), c.Captured() > 0)
}

// Ask for statistics while the capture runs, and afterwards.
func ExampleCapture_Stats() {
	c, err := session.New(capture.Options{Interface: "eth0"}, session.Callbacks{})
	if err == nil {
		err = c.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(while)
	s := c.Stats()
	c.Stop()
	all := c.Stats()
	fmt.Println(s.Captured > 0, all.Captured >= s.Captured, all.Received == all.Captured+all.Dropped+all.FilterDropped+all.QueueDropped)
}

// Change the filter of a capture that runs; a wrong one changes nothing.
func ExampleCapture_SetFilter() {
	c, err := session.New(capture.Options{Interface: "eth0", Filter: "tcp port 80"}, session.Callbacks{})
	if err == nil {
		err = c.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Stop()
	fmt.Println(c.SetFilter("tcp port 443"))
	var wrong *filter.Error
	err = c.SetFilter("port = 80")
	fmt.Println(errors.As(err, &wrong), err)
}

// See packets as they come.
func ExampleCallbacks() {
	n := uint64(0)
	c, err := session.New(capture.Options{Interface: "eth0", Count: count}, session.Callbacks{
		OnPacket: func(p *capture.Packet) error {
			if n++; n == 1 {
				fmt.Println("captured:", p.Summary())
			}
			return nil
		},
		OnStats:       func(s capture.Stats) { fmt.Println("so far:", s.Captured > 0, s.Dropped) },
		StatsInterval: while,
	})
	if err == nil {
		err = c.Run(context.Background())
	}
	fmt.Println(n == count, err)
}

// Tell errors apart.
func Example_errors() {
	c, err := session.New(capture.Options{Interface: "invalid"}, session.Callbacks{})
	if err == nil {
		err = c.Run(context.Background())
	}
	var device *capture.InterfaceError
	var wrong *filter.Error
	switch {
	case errors.Is(err, fs.ErrPermission):
		fmt.Println("permission denied:", err)
	case errors.Is(err, capture.ErrNotFound), errors.As(err, &device):
		fmt.Println("interface error:", err)
	case errors.As(err, &wrong):
		fmt.Println("filter error:", err)
	case err != nil:
		fmt.Println("capture error:", err)
	}
}

// A larger ring for much traffic, and headers alone.
func Example_performance() {
	for _, o := range []capture.Options{{BufferSize: 512 << 10}, {BufferSize: 64 << 10}, {Snaplen: 128}} {
		o.Interface, o.Count = "eth0", count
		most := 0
		c, err := session.New(o, session.Callbacks{OnPacket: func(p *capture.Packet) error {
			most = max(most, len(p.Data))
			return nil
		}})
		if err == nil {
			err = c.Run(context.Background())
		}
		fmt.Println(most <= 128, err)
	}
}

// Start in one goroutine, stop in another.
func Example_goroutines() {
	c, err := session.New(capture.Options{Interface: "eth0"}, session.Callbacks{})
	if err == nil {
		err = c.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		time.Sleep(while)
		c.Stop()
	}()
	fmt.Println(c.Wait(), c.Captured() > 0)
}

// Keep packets as rows of a Parquet file.
func ExampleOpenOutput() {
	dir, err := os.MkdirTemp("", "packets")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "packets.parquet")
	c, err := session.New(capture.Options{Interface: "eth0", Count: count}, session.Callbacks{Output: savefile.Output(path, 0, nil)})
	if err == nil {
		err = c.Run(context.Background())
	}
	info, _ := os.Stat(path)
	fmt.Println(err, info != nil && info.Size() > 0)
}
