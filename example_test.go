package pinyon_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"pinyon"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/flow"
	"pinyon/sink/csv"
)

// A capture in memory, row by row.
func ExampleExtract() {
	table, err := pinyon.Extract(context.Background(), "testdata/http1.pcap", nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range table.All() {
		fmt.Println(r.Text("src_ip"), "→", r.Text("dst_ip"), r.Int("dst_port"), r.Int("total_packets"), "packets", r.Int("payload_bytes_bwd"), "bytes back")
	}
	// Output: 10.77.0.1 → 10.77.0.2 80 18 packets 5549 bytes back
}

// Rows of any number of captures to a sink, by several workers, in the order of the inputs.
func ExamplePipeline_ProcessAll() {
	cfg := pinyon.DefaultConfig()
	cfg.SpecificFeatures = []string{"src_ip", "dst_port", "packets_fwd", "tcp.tcp_complete_handshake"}
	cfg.NumWorkers = 2
	p, err := pinyon.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	s, err := csv.New(os.Stdout, p.Schema(), nil)
	if err != nil {
		log.Fatal(err)
	}
	res, err := p.ProcessAll(context.Background(), pinyon.Files("testdata/tls13.pcap", "testdata/rst.pcap"), s)
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Rows, "rows of", res.Counters().Records, "records")
	// Output:
	// src_ip,dst_port,packets_fwd,tcp_complete_handshake
	// 10.77.0.1,443,10,true
	// 10.77.0.1,7000,5,true
	// 2 rows of 29 records
}

// Rows in a loop, without keeping them.
func ExamplePipeline_Rows() {
	p, err := pinyon.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	bytes := int64(0)
	for r, err := range p.Rows(context.Background(), pinyon.File("testdata/dns_udp.pcap")) {
		if err != nil {
			log.Fatal(err)
		}
		bytes += r.Int("total_bytes")
	}
	fmt.Println(bytes, "bytes")
	// Output: 1310 bytes
}

// longest finds a flow's longest run of packets in one direction.
type longest struct {
	run, best int64
	dir       int
}

func (l *longest) Packet(o *flow.Obs) {
	if o.Index == 0 || o.Dir != l.dir {
		l.run, l.dir = 0, o.Dir
	}
	l.run++
	l.best = max(l.best, l.run)
}

func (l *longest) End(_ *flow.Head, v extract.Values) { v.Int(0, l.best) }

// Columns of one's own stand behind the built-in ones and go through the same sinks.
func ExampleWithCustom() {
	runs := extract.Custom{
		Name:     "runs",
		Features: []feature.Desc{{Name: "longest_run", Kind: feature.Int, Unit: feature.Count, Doc: "Packets in the longest run of one direction."}},
		New:      func() extract.Accumulator { return new(longest) },
	}
	cfg := pinyon.DefaultConfig()
	cfg.SpecificFeatures = []string{"total_packets", "longest_run"}
	table, err := pinyon.Extract(context.Background(), "testdata/ssh.pcap", cfg, pinyon.WithCustom(runs))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range table.All() {
		fmt.Println(r.Int("total_packets"), "packets, at most", r.Int("longest_run"), "in a row")
	}
	// Output: 45 packets, at most 3 in a row
}
