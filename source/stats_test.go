package source

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pinyon/packet"
)

// TestStatsJSON: the keys that scripts know, beside the newer ones.
func TestStatsJSON(t *testing.T) {
	b, err := json.Marshal(Stats{Captured: 1, Dropped: 2, InterfaceDropped: 3, Since: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]float64{"captured": 1, "dropped": 2, "interface_dropped": 3} {
		if m[key] != want {
			t.Errorf("%s is %v in %s", key, m[key], b)
		}
	}
}

// TestLost: what was missed, but not what an earlier filter had let in.
func TestLost(t *testing.T) {
	s := Stats{Received: 100, Captured: 50, Dropped: 7, FilterDropped: 11, QueueDropped: 13, InterfaceDropped: 17}
	if s.Lost() != 7+13+17 {
		t.Error(s.Lost())
	}
}

// TestStatsAdd: every sum goes into the total; of two beginnings the earlier one stays.
func TestStatsAdd(t *testing.T) {
	var one, sum Stats
	v := reflect.ValueOf(&one).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Uint64 {
			f.SetUint(uint64(i + 1))
		}
	}
	one.Since, one.Counts.Records, one.Offset = time.Unix(7, 0), 5, 9
	sum.Add(&one)
	if sum != one {
		t.Errorf("%+v, want %+v", sum, one)
	}
	later := Stats{Captured: 1, Since: time.Unix(9, 0)}
	if sum.Add(&later); sum.Since != one.Since || sum.Captured != one.Captured+1 {
		t.Errorf("%+v", sum)
	}
}

// TestTally: what is counted of frames, whole and cut.
func TestTally(t *testing.T) {
	var y Tally
	y.Count(&packet.Frame{Data: make([]byte, 60), Wire: 60})
	y.Count(&packet.Frame{Data: make([]byte, 60), Wire: 1500})
	want := Stats{Received: 2, Captured: 2, Bytes: 1560, Truncated: 1, Counts: Counts{Records: 2}}
	if got := y.Stats(); got != want || !y.Ready() {
		t.Errorf("%+v; want %+v", got, want)
	}
}
