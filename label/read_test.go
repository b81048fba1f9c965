package label

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestRead: one record, written in many ways, is the same record.
func TestRead(t *testing.T) {
	want := []Record{{Label: "scan", Given: every, Timed: true, From: 1500000000250000000, To: 1500000000250000000,
		Flow: Flow{Src: netip.MustParseAddr("::1"), Dst: netip.MustParseAddr("10.0.0.1"), SrcPort: 80, DstPort: 443, Protocol: 6}}}
	for name, in := range map[string]string{
		"a.csv":   "\xef\xbb\xbf src_ip, src_port,dst_ip,dst_port,protocol, label,t\n::0001, 080,10.0.0.1,443.0,TCP, scan ,1500000000.25\n,,,,,,\n",
		"b":       "src_ip,src_port,dst_ip,dst_port,protocol,label,t\n::1,0x50,10.0.0.1,443,6.0,scan,2017-07-14 02:40:00.25\n\" \",,,,,,\n",
		"c.json":  ` [{"src_ip":"0::1","src_port":80,"dst_ip":"10.0.0.1","dst_port":"443","protocol":"tcp","label":"scan","t":1500000000.250}, {"label":null,"t":""}]`,
		"d.jsonl": `{"src_ip":"::1","src_port":80.0,"dst_ip":"10.0.0.1","dst_port":443,"protocol":6,"label":"scan","t":"2017-07-14T02:40:00.25Z"}` + "\n" + `{"label":"","t":""}`,
		"e":       `{"src_ip":"::1","src_port":80,"dst_ip":"10.0.0.1","dst_port":443,"protocol":6,"label":"scan","t":"2017-07-14T04:40:00.25+02:00"} {"label":"","t":null}`,
	} {
		got, err := Read(name, strings.NewReader(in), &Mapping{From: "t"})
		if err != nil || got.Blank != 1 || !reflect.DeepEqual(got.List, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestReadErrors: what cannot be a label is an error.
func TestReadErrors(t *testing.T) {
	for _, in := range []string{"a.csv:src_ip\n1.1.1.1\n", `a.json:[{"src_ip":"1.1.1.1"}]`, "a.csv:"} {
		name, content, _ := strings.Cut(in, ":")
		if _, err := Read(name, strings.NewReader(content), nil); !errors.Is(err, ErrNoColumn) {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, in := range []string{"a.csv:label,src_port\na,65536\n", "a.csv:label,src_ip\na,300.1.1.1\n", "a.csv:label,protocol\na,nonesuch\n", `a.json:[{"label":"a"}`, `a.json:[{"label":"a"},3]`, `a.csv:label,src_port` + "\na,80.5\n"} {
		name, content, _ := strings.Cut(in, ":")
		if _, err := Read(name, strings.NewReader(content), nil); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

// TestTwelveHours: a clock of 12 hours and minutes, of a place with summer time, and a label in Windows-1252.
func TestTwelveHours(t *testing.T) {
	where := time.FixedZone("ADT", -3*3600)
	m := &Mapping{Label: "Label", From: "Timestamp", Src: "Source IP", Layouts: []string{"2/1/2006 15:04"}, Location: where, Afternoon: 8, Resolution: time.Minute}
	read, err := Read("x.csv", strings.NewReader(" Source IP, Timestamp, Label\n10.0.0.1,6/7/2017 2:15,Web Attack \x96 XSS\n,,\n10.0.0.1,6/7/2017 9:15,BENIGN\n"), m)
	if err != nil || read.Blank != 1 || len(read.List) != 2 {
		t.Fatal(read, err)
	}
	got := read.List
	if got[0].Label != "Web Attack – XSS" || got[0].From != time.Date(2017, 7, 6, 17, 15, 0, 0, time.UTC).UnixNano() ||
		got[0].To-got[0].From != int64(time.Minute)-1 || got[1].From != time.Date(2017, 7, 6, 12, 15, 0, 0, time.UTC).UnixNano() {
		t.Errorf("%+v", got)
	}
}

// FuzzRead: no input makes Read fail otherwise than by an error, and what it reads can be matched.
func FuzzRead(f *testing.F) {
	f.Add("a.csv", "label,src_ip,t\na,1.1.1.1,5\n")
	f.Add("a.json", `[{"label":"a","t":"2017-07-14T02:40:00Z"}]`)
	f.Fuzz(func(t *testing.T, name, in string) {
		read, err := Read(name, strings.NewReader(in), &Mapping{From: "t"})
		if err != nil {
			return
		}
		records := read.List
		s := New(records, time.Second)
		for i := range records {
			g := records[i].Flow
			g.Start, g.End = records[i].From, records[i].To
			if _, ok := s.Match(&g); !ok {
				t.Errorf("record %+v fits not its own flow", records[i])
			}
		}
	})
}
