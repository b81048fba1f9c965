package pinyon_test

import (
	"fmt"
	"net/netip"

	"pinyon"
	"pinyon/config"
)

func ExampleFromJSON() {
	cfg, err := config.FromJSON([]byte(`{"features": "timing", "flow_timeout": 30}`))
	fmt.Println(cfg.Features, cfg.FlowTimeout, err)
	_, err = config.FromJSON([]byte("{\n  \"flow_timeot\": 30\n}"))
	fmt.Println(err)
	// Output:
	// [timing] 30 <nil>
	// line 2: flow_timeot: unknown key; did you mean "flow_timeout"?
}

func ExampleConfig_Validate() {
	cfg := pinyon.DefaultConfig()
	cfg.SamplingRate = 2
	fmt.Println(cfg.Validate())
	// Output: sampling_rate: 2 is not allowed; want a number from 0 to 1
}

func ExampleFlow() {
	client, server := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("192.0.2.10")
	f := pinyon.FlowFromFirstPacket(&pinyon.Packet{Timestamp: 100, SrcIP: client, DstIP: server, SrcPort: 51000, DstPort: 443, Protocol: 6, TotalLen: 60})
	answer := pinyon.Packet{Timestamp: 100.02, SrcIP: server, DstIP: client, SrcPort: 443, DstPort: 51000, Protocol: 6, TotalLen: 60}
	if err := f.AddPacket(&answer); err != nil {
		fmt.Println(err)
	}
	fmt.Println(f.Direction(&answer), f.Duration(), f.PacketCount(), f.ByteCount(), f.IsExpired(60, 200))
	// Output: 1 0.02 2 120 true
}

func ExampleComputeStatistics() {
	s := pinyon.ComputeStatistics([]float64{1, 2, 3})
	fmt.Printf("%.3f %.3f %.0f %.0f\n", s.Mean, s.Std, s.Min, s.Max)
	// Output: 2.000 0.816 1 3
}

func ExampleComputePercentiles() {
	fmt.Println(pinyon.ComputePercentiles([]float64{10, 20, 30, 40}, 25, 50, 90))
	// Output: [17.5 25 37]
}

func ExampleByteEntropy() {
	fmt.Println(pinyon.ByteEntropy([]byte("abcdabcd")))
	// Output: 2
}

func ExampleByteHistogram() {
	fmt.Println(pinyon.ByteHistogram([]byte("hello"))['l'])
	// Output: 2
}

func ExamplePortClass() {
	fmt.Println(pinyon.PortClass(443))
	// Output: https 1
}
