package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestKafka: the rows of a capture arrive as messages, and are told in the summary.
func TestKafka(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "flows"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	at := c.ListenAddrs()[0]
	lines := strings.Split(strings.TrimSpace(want(t, 0, "", "extract", "-f", "jsonl", "--features", "flow_meta", "../../testdata/http1.pcap")), "\n")
	want(t, 0, "", "extract", "-o", "kafka://"+at+"/flows", "--kafka-key", "flow_id", "--features", "flow_meta", "../../testdata/http1.pcap")
	want(t, 0, "", "extract", "-f", "kafka", "--kafka-brokers", at, "--kafka-topic", "flows", "--features", "flow_meta", "../../testdata/http1.pcap")
	cl, err := kgo.NewClient(kgo.SeedBrokers(at), kgo.ConsumeTopics("flows"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	got := map[string]int{}
	for n := 0; n < 2*len(lines); {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatal(n, err)
		}
		f.EachRecord(func(r *kgo.Record) {
			n++
			got[string(r.Value)]++
			var row struct {
				ID string `json:"flow_id"`
			}
			if err := json.Unmarshal(r.Value, &row); err != nil || r.Key != nil && string(r.Key) != row.ID {
				t.Errorf("%v, key %s of %s", err, r.Key, r.Value)
			}
		})
	}
	for _, line := range lines {
		if got[line] < 2 {
			t.Errorf("%d times: %s", got[line], line)
		}
	}
	said := want(t, exitIncomplete, "TOO_LARGE", "extract", "-o", "kafka://"+at+"/flows", "--kafka-max-message", "1024", "../../testdata/http1.pcap")
	if said != "" {
		t.Error(said)
	}
}
