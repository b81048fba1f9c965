package source_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/netip"

	"pinyon"
	"pinyon/internal/gen"
	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/all"
)

// A channel is a source of the packets that some other goroutine sends, by the name that URLs
// give it. It is a whole source: this file is what a package of a new one begins with.
type channel struct {
	source.Tally // of a source that loses nothing: Ready and Stats
	packets      <-chan packet.Frame
}

// channels are those that can be read, by name.
var channels = map[string]chan packet.Frame{}

// channelSource describes it; the one line that registers it is in the example.
var channelSource = &source.Descriptor{
	Name: "channel", Schemes: []string{"channel"}, Doc: "Packets of a channel in this process.",
	Input: func(to *source.Target, _ *source.Run) (source.Input, error) {
		c, ok := channels[to.Path]
		if !ok {
			return source.Input{}, fmt.Errorf("channel://%s: there is none of that name", to.Path)
		}
		return source.Input{Name: to.Path, Open: func() (source.Source, error) { return &channel{packets: c}, nil }}, nil
	},
}

func (c *channel) Next(f *packet.Frame) error {
	p, ok := <-c.packets
	if !ok {
		return io.EOF
	}
	*f = p // its Data is nobody else's, so it needs no Block
	c.Count(f)
	f.Number = c.Stats().Captured
	return nil
}

func (c *channel) Close() error { return nil }

// A source of one's own stands beside those of the module by one line of the registry.
func ExampleRegistry() {
	sources := append(all.Sources(), channelSource)

	channels["lab"] = make(chan packet.Frame)
	go func() {
		defer close(channels["lab"])
		a := &gen.Host{Addr: netip.MustParseAddr("10.0.0.1"), Port: 4000, TTL: 64}
		b := &gen.Host{Addr: netip.MustParseAddr("10.0.0.2"), Port: 53, TTL: 64}
		for i := range 3 {
			data := (&gen.UDP{IP: gen.IP{Src: a, Dst: b}, Payload: make([]byte, 10*i)}).Append(nil)
			channels["lab"] <- packet.Frame{Data: data, Wire: uint32(len(data)), Link: packet.LinkEthernet, TS: int64(i) * 1e9}
		}
	}()

	in, err := sources.Input("channel://lab", nil)
	if err != nil {
		log.Fatal(err)
	}
	p, err := pinyon.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	run := p.Start([]pinyon.Input{in})
	for b, err := range run.Batches(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		for i := range b.Rows {
			row := b.Row(i).Map()
			fmt.Println(row["src_ip"], row["dst_ip"], row["total_packets"])
		}
	}
	of := &run.Result().Inputs[0]
	fmt.Println(of.Name, of.Source.Captured, "packets", of.Source.Bytes, "bytes")
	// Output:
	// 10.0.0.1 10.0.0.2 3
	// lab 3 packets 156 bytes
}
