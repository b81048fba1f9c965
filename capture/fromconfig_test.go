package capture

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pinyon/capture/settings"
)

// TestFromConfig: every setting of a device reaches the options, from either form.
func TestFromConfig(t *testing.T) {
	for _, text := range []string{`
sniffer:
  interface: any
  packet_count: 7
  timeout: 2.5
  promisc: false
  buffer_size: 128KB
  snaplen: 128
  filter_str: tcp
  filter_optimize: false
  filters: {ports: [80, 443]}
  performance: {buffer_timeout: 20, worker_threads: 2}
`, `
interface: {name: any}
capture:
  packet_count: 7
  timeout: 2.5
  promiscuous_mode: false
  buffer_size: 128KB
  snaplen: 128
  filter_expression: tcp
  filter_optimize: false
  filters: {ports: [80, 443]}
  num_threads: 2
performance: {buffer_timeout: 20}
`} {
		c := settings.Default()
		if _, err := c.Parse([]byte(text), "x.yaml"); err != nil {
			t.Fatal(err)
		}
		got, err := FromConfig(c)
		want := Options{Interfaces: []string{"any"}, Filter: "(tcp) and (port 80 or port 443)", NoOptimize: true, Count: 7, Duration: 2500 * time.Millisecond,
			NoPromisc: true, Snaplen: 128, BufferSize: 128000, ReadTimeout: 20 * time.Millisecond, Rings: 2}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v\nwant %+v", got, err, want)
		}
		if _, err := got.WithDefaults(); err != nil {
			t.Error(err)
		}
	}
	c := settings.Default()
	c.Snaplen = 0
	if _, err := FromConfig(c); err == nil || !strings.Contains(err.Error(), "sniffer.snaplen") {
		t.Error(err)
	}
}
