package engine

import (
	"reflect"
	"testing"
)

// TestReportsAdd: every count of a report is added, so that none is forgotten when one is new.
func TestReportsAdd(t *testing.T) {
	var one, sum Report
	n := uint64(0)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for i := range v.NumField() {
			f := v.Field(i)
			n++
			switch {
			case !f.CanSet():
			case f.Kind() == reflect.Struct:
				fill(f)
			case f.Kind() == reflect.Bool:
				f.SetBool(true)
			case f.Kind() == reflect.Array:
				for k := range f.Len() {
					f.Index(k).SetUint(n)
				}
			case f.CanUint():
				f.SetUint(n)
			case f.CanInt():
				f.SetInt(int64(n))
			default:
				t.Fatalf("a field of kind %s", f.Kind())
			}
		}
	}
	fill(reflect.ValueOf(&one.Intake).Elem())
	fill(reflect.ValueOf(&one.Outcome).Elem())
	sum.Intake.Add(&one.Intake)
	sum.Outcome.Add(&one.Outcome)
	if !reflect.DeepEqual(sum, one) {
		t.Errorf("got %+v; want %+v", sum, one)
	}
}
