package source

import (
	"reflect"
	"testing"
)

// TestCountsAdd: every count is added, so that none is forgotten when one is new.
func TestCountsAdd(t *testing.T) {
	var sum, one Counts
	v := reflect.ValueOf(&one).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Bool {
			v.Field(i).SetBool(true)
		} else {
			v.Field(i).SetUint(uint64(i + 1))
		}
	}
	sum.Add(&one)
	if sum != one {
		t.Errorf("got %+v; want %+v", sum, one)
	}
	sum.Add(&Counts{Records: 2})
	if one.Records += 2; sum != one {
		t.Errorf("got %+v; want %+v", sum, one)
	}
}
