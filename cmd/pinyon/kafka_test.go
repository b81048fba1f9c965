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

// TestKafkaFlags: what flags say reaches the broker, and what cannot be is refused by name.
func TestKafkaFlags(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flows"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := []string{"extract", "../../testdata/trace.pcap", "--features", "flow_meta", "-o", "kafka://" + c.ListenAddrs()[0] + "/flows"}
	want(t, 0, "19 flows", append(to, "--kafka-batch-size", "7", "--kafka-encoding", "arrow", "--kafka-acks", "all", "--kafka-compression", "zstd",
		"--kafka-linger", "1ms", "--kafka-client-id", "me", "--kafka-header", "site=north")...)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()[0]), kgo.ConsumeTopics("flows"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	messages := 0
	for messages < 3 { // 19 rows, 7 a message
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatal(messages, err)
		}
		f.EachRecord(func(r *kgo.Record) {
			messages++
			site := ""
			for _, h := range r.Headers {
				if h.Key == "site" {
					site = string(h.Value)
				}
			}
			if site != "north" || r.Attrs.CompressionType() != 4 { // zstd, by KIP-110
				t.Errorf("header %q, compression %d", site, r.Attrs.CompressionType())
			}
		})
	}
	for flag, value := range map[string]string{
		"--kafka-acks": "2", "--kafka-linger": "soon", "--kafka-compression": "lzma", "--kafka-batch-size": "x", "--kafka-header": "x", "--kafka-client-id": "",
		"--kafka-tls-ca": "no such file", "--kafka-tls-cert": "no such file", "--kafka-tls-key": "no such file", "--kafka-sasl": "plain",
	} {
		if status, _, stderr := runPinyon(t, append(to, flag, value)...); status == 0 && value != "" {
			t.Errorf("%s %s: accepted: %s", flag, value, stderr)
		}
	}
}
