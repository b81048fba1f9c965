package account_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"pinyon"
	"pinyon/account"
	"pinyon/sink/csv"
)

// A metric of one's own stands beside those of every account by one line; whoever shows metrics
// walks the list.
func ExampleMetrics() {
	metrics := append(account.Metrics(), account.Metric{
		Name: "packets_per_row", Kind: account.Gauge, Unit: "packets", Doc: "Packets of a row, on average.",
		Values: func(s *account.Snapshot, give func(float64, ...string)) { give(float64(s.InRows / max(s.Rows, 1))) },
	})

	var a account.Account
	p, err := pinyon.New(nil, pinyon.WithAccount(&a))
	if err != nil {
		log.Fatal(err)
	}
	k, err := csv.New(io.Discard, p.Schema(), nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := p.ProcessAll(context.Background(), pinyon.Files("../testdata/dns_udp.pcap", "../testdata/ssh.pcap"), k); err != nil {
		log.Fatal(err)
	}
	if err := k.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	now := a.Read() // any goroutine may, at any time
	for _, m := range metrics {
		if m.Unit == "rows" || m.Unit == "packets" {
			m.Values(&now, func(n float64, labels ...string) {
				if n > 0 {
					fmt.Println(m.Name, labels, n)
				}
			})
		}
	}
	// Output:
	// packets_total [] 57
	// records_total [] 57
	// capture_received_packets_total [file] 57
	// sink_rows_total [sink ok] 7
	// sink_accepted_rows_total [sink] 7
	// packets_per_row [] 8
}
