package source

import (
	"net/url"
	"testing"
	"time"
)

// TestOptions: each type takes what lies in its range, says what it wants instead of anything else,
// and then leaves the options as they were.
func TestOptions(t *testing.T) {
	type own struct {
		n    int
		d    time.Duration
		on   bool
		word int
	}
	list := []Option{
		Number("n", "n", 2, 10, func(o *own) *int { return &o.n }),
		Duration("d", "d", func(o *own) *time.Duration { return &o.d }),
		Switch("on", "on", func(o *own, v bool) { o.on = v }),
		Word("word", "word", []string{"a", "b"}, []int{4, 5}, func(o *own) *int { return &o.word }),
	}
	var o own
	q := url.Values{"n": {"3", "10"}, "d": {"1m"}, "on": {""}, "word": {"b"}}
	if err := SetAll(list, &o, q); err != nil || o != (own{10, time.Minute, true, 5}) {
		t.Errorf("%+v, %v", o, err)
	}
	for name, values := range map[string][]string{
		"n": {"1", "11", "-3", "x", "", "1e1", "99999999999999999999"}, "d": {"", "0s", "-1s", "5"}, "on": {"maybe"}, "word": {"c", ""},
	} {
		for _, v := range values {
			before := o
			if err := SetAll(list, &o, url.Values{name: {v}}); err == nil || o != before {
				t.Errorf("%s=%q is taken: %+v", name, v, o)
			}
		}
	}
	for _, one := range list {
		if one.Type == "" || one.Doc == "" {
			t.Errorf("%+v", one)
		}
	}
}
