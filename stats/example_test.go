package stats_test

import (
	"fmt"

	"pinyon/stats"
)

func ExampleComputeStatistics() {
	s := stats.ComputeStatistics([]float64{1, 2, 3})
	fmt.Printf("%.3f %.3f %.0f %.0f\n", s.Mean, s.Std, s.Min, s.Max)
	// Output: 2.000 0.816 1 3
}

func ExampleComputePercentiles() {
	fmt.Println(stats.ComputePercentiles([]float64{10, 20, 30, 40}, 25, 50, 90))
	// Output: [17.5 25 37]
}

func ExampleByteEntropy() {
	fmt.Println(stats.ByteEntropy([]byte("abcdabcd")))
	// Output: 2
}

func ExampleByteHistogram() {
	fmt.Println(stats.ByteHistogram([]byte("hello"))['l'])
	// Output: 2
}

func ExamplePortClass() {
	fmt.Println(stats.PortClass(443))
	// Output: https 1
}
