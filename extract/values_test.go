package extract

import (
	"testing"

	"pinyon/feature"
)

// TestValuesKind: a value of another kind than its feature's is a panic, not a 0 in the column.
func TestValuesKind(t *testing.T) {
	kinds := []feature.Kind{feature.Int, feature.Float, feature.Bool, feature.Text}
	for i, set := range []func(Values){
		func(v Values) { v.Int(0, 1) }, func(v Values) { v.Float(0, 1) }, func(v Values) { v.Bool(0, true) }, func(v Values) { v.Text(0, "x") },
	} {
		for _, k := range kinds {
			v := make(Values, 1)
			v[0].Kind = k
			func() {
				defer func() {
					if got, want := recover() != nil, k != kinds[i]; got != want {
						t.Errorf("setting kind %s of a %s: panic %v", kinds[i], k, got)
					}
				}()
				set(v)
			}()
			if v[0].Set != (k == kinds[i]) {
				t.Errorf("kind %s of a %s: set %v", kinds[i], k, v[0].Set)
			}
		}
	}
}
