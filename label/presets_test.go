package label

import (
	"net/netip"
	"os"
	"reflect"
	"testing"
	"time"
)

func readFile(t *testing.T, name string, m *Mapping) *Records {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Read(name, f, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func tuple(src string, sport uint16, dst string, dport uint16, proto uint8) Flow {
	return Flow{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcPort: sport, DstPort: dport, Protocol: proto}
}

// TestCICIDS2017: a file in the published layout, with blanks in front of names, days before months,
// afternoons as hours below 8, an en dash in Windows-1252 and a line without text.
func TestCICIDS2017(t *testing.T) {
	got := readFile(t, "testdata/cic-ids2017.csv", Preset("cic-ids2017"))
	want := []Record{
		{Label: "BENIGN", Flow: tuple("198.51.100.1", 51000, "192.0.2.50", 80, 6), Given: every, Timed: true,
			From: at("2017-07-05T12:10:00Z"), To: at("2017-07-05T12:12:23.000122999Z")},
		{Label: "Web Attack – XSS", Flow: tuple("198.51.100.2", 52000, "192.0.2.50", 80, 6), Given: every, Timed: true,
			From: at("2017-07-06T17:15:00Z"), To: at("2017-07-06T17:16:00.999999999Z")},
		{Label: "BENIGN", Flow: tuple("198.51.100.3", 53000, "192.0.2.50", 53, 17), Given: every, Timed: true,
			From: at("2017-07-03T11:55:58Z"), To: at("2017-07-03T11:56:58.000249999Z")},
	}
	if got.Blank != 1 || got.Skipped != 0 || !reflect.DeepEqual(got.List, want) {
		t.Errorf("%+v", got)
	}
}

// TestUNSWNB15: a file in the published layout, without a header, with hexadecimal ports, a blank for
// normal traffic, and protocols that IP does not have.
func TestUNSWNB15(t *testing.T) {
	got := readFile(t, "testdata/unsw-nb15.csv", Preset("unsw-nb15"))
	second := int64(time.Second)
	want := []Record{
		{Label: "Normal", Flow: tuple("192.0.2.1", 1390, "198.51.100.7", 53, 17), Given: every, Timed: true,
			From: 1421927414 * second, To: 1421927415*second - 1},
		{Label: "Fuzzers", Flow: tuple("192.0.2.3", 11, "198.51.100.8", 0xcc09, 6), Given: every, Timed: true,
			From: 1421927415 * second, To: 1421927422*second - 1},
		{Label: "Backdoors", Flow: tuple("192.0.2.4", 0, "198.51.100.8", 0, 89), Given: Src | Dst | Protocol, Timed: true,
			From: 1421927415 * second, To: 1421927417*second - 1},
	}
	if got.Skipped != 2 || !reflect.DeepEqual(got.List, want) {
		t.Errorf("%+v", got)
	}
}

// TestParseMapping: every key of a file of mappings is taken, and what is none is refused.
func TestParseMapping(t *testing.T) {
	m, err := ParseMapping([]byte(`
preset: cic-ids2017
flow_id_column: id
label_column: class
src_ip_column: sa
src_port_column: sp
dst_ip_column: da
dst_port_column: dp
protocol_column: pr
timestamp_column: t0
timestamp_end_column: t1
duration_column: d
duration_unit: ms
header: [class, sa]
time_layouts: ['%d/%m/%Y %H:%M:%S.%f']
time_unit: us
time_zone: '-03:30'
afternoon_below: 7
time_resolution: 0.5
timestamp_tolerance: 2.5
blank_label: none
rename: {a: b}
skip_unreadable: true
addresses: anonymized
`))
	if err != nil {
		t.Fatal(err)
	}
	zone := m.Location
	m.Location = nil
	want := &Mapping{
		ID: "id", Label: "class", Src: "sa", SrcPort: "sp", Dst: "da", DstPort: "dp", Protocol: "pr", From: "t0", To: "t1", Duration: "d",
		Unit: time.Millisecond, Header: []string{"class", "sa"}, Layouts: []string{"2/1/2006 15:04:05"}, TimeUnit: time.Microsecond,
		Afternoon: 7, Resolution: time.Second / 2, Tolerance: 2500 * time.Millisecond, Blank: "none",
		Rename: map[string]string{"a": "b"}, Skip: true, Anonymized: true,
	}
	if _, offset := time.Unix(0, 0).In(zone).Zone(); offset != -3*3600-1800 || !reflect.DeepEqual(m, want) {
		t.Errorf("offset %d, %+v", offset, m)
	}
	v := reflect.ValueOf(*m)
	for i := range v.NumField() {
		if f := v.Type().Field(i).Name; v.Field(i).IsZero() && f != "Location" {
			t.Errorf("%s is set by no key", f)
		}
	}
	for _, bad := range []string{"nonesuch: 1", "preset: x", "time_zone: Nowhere/None", "time_zone: Local", "duration_unit: h", "time_unit: d",
		"addresses: both", "afternoon_below: 13", "time_resolution: -1", "timestamp_tolerance: .nan", "time_layouts: ['%Q']", "time_layouts: ['%']", "time_layouts: ['%S%f']", "time_layouts: ['']"} {
		if _, err := ParseMapping([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if m, err := ParseMapping(nil); err != nil || !reflect.DeepEqual(m, &Mapping{Tolerance: DefaultTolerance}) {
		t.Errorf("an empty file: %+v, %v", m, err)
	}
}

// TestTimes: one instant, written in many ways, is the same.
func TestTimes(t *testing.T) {
	want := at("2017-07-06T17:15:30.25Z")
	for s, m := range map[string]*Mapping{
		"1499361330.25":               {},
		"1499361330250":               {TimeUnit: time.Millisecond},
		"1499361330250000":            {TimeUnit: time.Microsecond},
		"1499361330250000000":         {TimeUnit: time.Nanosecond},
		"2017-07-06 17:15:30.25":      {Layouts: []string{"2/1/2006"}},
		"06/07/2017 02:15:30.25 PM":   {Layouts: []string{mustLayout(t, "%d/%m/%Y %I:%M:%S.%f %p")}, Location: time.FixedZone("", -3*3600)},
		"6 Jul 2017 19:15:30.25+0200": {Layouts: []string{mustLayout(t, "%d %b %Y %T.%f%z")}},
	} {
		if got, err := m.time(s); got != want || err != nil {
			t.Errorf("%q: %v, %v", s, time.Unix(0, got).UTC(), err)
		}
	}
}

func mustLayout(t *testing.T, s string) string {
	t.Helper()
	layout, err := layoutOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return layout
}
