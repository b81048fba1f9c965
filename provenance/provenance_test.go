package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pinyon/account"
	"pinyon/config"
	"pinyon/internal/groups"
	"pinyon/source"
)

// TestEnd: what is known before the first row is told with nothing of the end, counters add up,
// and inputs are counted one by one if there are several or one failed.
func TestEnd(t *testing.T) {
	ins := []source.Input{{Name: "a.pcap"}, {Name: "b.pcap"}}
	v := New(config.Default(), "mine", ins)
	head := v.Compact()
	if v.Rows != nil || v.Counters != nil || *v.Profile != "mine" || bytes.Contains(head, []byte("\n")) || v.CaptureMode != "offline" {
		t.Errorf("before the end: %s", head)
	}
	reports := []account.Report{
		{Name: "a.pcap", Intake: account.Intake{Filtered: 3, Sampled: 2}, Outcome: account.Outcome{Rows: 4, InRows: 20}},
		{Name: "b.pcap", Outcome: account.Outcome{Rows: 1, InRows: 5}, Err: errors.New("bad \xff byte")},
	}
	reports[0].Source.Counts.Records, reports[1].Source.Counts.Records = 25, 5
	v.End(reports, 5, groups.Stats{})
	c := v.Counters
	sum := uint64(0)
	for _, n := range c.DroppedBy {
		sum += n
	}
	if *v.Rows != 5 || c.Records != 30 || c.PacketsInRows != 25 || c.Dropped != 5 || sum != c.Dropped || c.FilesFailed != 1 {
		t.Errorf("%+v", c)
	}
	if v.Inputs[0].Counters == nil || v.Inputs[0].Counters.Rows != 4 || v.Inputs[1].Error != "bad \ufffd byte" {
		t.Errorf("%+v", v.Inputs)
	}
	v.Stamp(time.Unix(0, 0))
	var back Provenance
	if err := json.Unmarshal(v.JSON(), &back); err != nil || back.GeneratedAt != "1970-01-01T00:00:00Z" || back.Counters.Records != 30 {
		t.Errorf("%v: %s", err, v.JSON())
	}
	one := New(config.Default(), "", []source.Input{{Name: "eth0", Live: true}})
	one.End(reports[:1], 4, groups.Stats{})
	if one.Profile != nil || one.CaptureMode != "live" || one.Inputs[0].Counters != nil {
		t.Errorf("%s", one.JSON())
	}
}
