package listen_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pinyon/capture"
	"pinyon/listen"
)

// every is how long the program waits between two looks, periods how often it looks.
var every, periods = 5 * time.Second, 3

// The usage program of the Network Data Listener: capture, and every five seconds look whether
// there is an error, and print what has come.
func ExampleOpen() {
	ctx := context.Background()
	l, err := listen.Open(ctx, "eth0")
	if errors.Is(err, capture.ErrNotFound) {
		fmt.Println("there is no such device")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	for range periods {
		time.Sleep(every)
		t, err := l.Drain(ctx)
		if err != nil {
			fmt.Println("ended:", err)
			return
		}
		fmt.Println(t.Len(), "packets")
		for r := range t.All() {
			source, destination, _ := r.Ports()
			fmt.Println(r.Direction(), r.Protocol(), r.SourceIP(), source, r.DestinationIP(), destination, r.Size())
		}
	}
}

// A filter, and no more rows than there is memory for: the oldest give way, and are counted.
func ExampleOpenDevice() {
	l, err := listen.OpenDevice(context.Background(), "eth0", &listen.Options{MaxRows: 100_000, Full: listen.DropOldest}, "udp", "port", "53")
	if err != nil {
		fmt.Println(err)
		return
	}
	time.Sleep(every)
	l.Close()
	t, _ := l.Drain(context.Background())
	fmt.Println(t.Len(), "packets,", l.Stats().Dropped, "dropped")
}

// A capture as the same table.
func ExampleOpenFile() {
	l, err := listen.OpenFile(context.Background(), "../testdata/trace.pcap", nil, "icmp6")
	if err != nil {
		fmt.Println(err)
		return
	}
	<-l.Done()
	t, _ := l.Drain(context.Background())
	for r := range t.All() {
		fmt.Println(r.Time().Format(time.TimeOnly), r.Protocol(), r.SourceIP(), r.DestinationIP(), r.Size())
	}
	// Output:
	// 06:16:03 IPv6-ICMP fd77::1 ff02::1:ff00:2 86
	// 06:16:03 IPv6-ICMP fd77::2 fd77::1 86
	// 06:16:03 IPv6-ICMP fd77::2 fd77::1 142
	// 06:16:03 IPv6-ICMP fd77::2 fd77::1 142
}
