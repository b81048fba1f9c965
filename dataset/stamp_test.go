package dataset

import "testing"

func TestParseStamp(t *testing.T) {
	for in, want := range map[string]int64{
		"1970-01-01T00:00:00Z": 0, "1970-01-01T00:00:00.000000001Z": 1, "2014-10-14T17:08:05.708342000Z": 1413306485708342000,
		"1970-01-01T01:00:00+01:00": 0, "1677-09-21T00:12:43.145224192Z": -1 << 63, "2262-04-11T23:47:16.854775807Z": 1<<63 - 1,
	} {
		if got, err := parseStamp(in); err != nil || got != want {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "0", "yesterday", "2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224191Z", "9999-01-01T00:00:00Z"} {
		if got, err := parseStamp(in); err == nil {
			t.Errorf("%q: %d", in, got)
		}
	}
}
