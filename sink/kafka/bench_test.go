package kafka

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"pinyon/column"
	"pinyon/sink/sinktest"
)

// BenchmarkRows sends rows of 401 columns, to the broker and topic that PINYON_KAFKA_BROKER and
// PINYON_KAFKA_TOPIC name, else to one in this process that keeps nothing.
func BenchmarkRows(b *testing.B) {
	brokers, topic := os.Getenv("PINYON_KAFKA_BROKER"), os.Getenv("PINYON_KAFKA_TOPIC")
	if brokers == "" {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "flows"), kfake.BlackholeProduce())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		brokers, topic = c.ListenAddrs()[0], "flows"
	}
	s := sinktest.Flows(401)
	batch := column.New(s, 0)
	const rows = 1000
	sinktest.FillFlows(batch, rows, rand.New(rand.NewPCG(1, 2)))
	for _, encoding := range []string{JSON, Avro, Arrow} {
		b.Run(encoding, func(b *testing.B) {
			o := NewOptions()
			o.Brokers, o.Topic, o.Encoding, o.Workers, o.Compression = brokers, topic, encoding, 2, "none"
			k, err := New(b.Context(), s, o, nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := k.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			if err := k.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(k.Counters().Stats().Bytes)/float64(rows*b.N), "B/row")
		})
	}
}
