package extract

import (
	"fmt"
	"math"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/internal/groups"
)

// Custom is a user's own group of columns, appended after the built-in ones. It costs an
// interface call a packet; the built-in groups do not.
type Custom struct {
	Name     string         // the group's name
	Features []feature.Desc // Name, Kind (Int, Float, Bool, Text), Unit, Doc; Group is filled in
	// New makes the accumulator of a flow at its first packet, which it is then given.
	New func() Accumulator
}

// An Accumulator sees one flow. Its methods are called from one goroutine at a time.
type Accumulator interface {
	// Packet takes the flow's next packet. The packet and its payload are borrowed.
	Packet(o *flow.Obs)
	// End is called once, when the flow is over. It sets the values of the row, one for
	// each of the features; those left alone are absent. Both arguments are borrowed.
	End(h *flow.Head, v Values)
}

// Values are the values of a custom group in one row, by position of the feature. Its methods
// panic if the feature is of another kind.
type Values []groups.Value

// set puts a value of a kind into its place.
func (v Values) set(i int, k feature.Kind, x groups.Value) {
	if want := v[i].Kind; want != 0 && want != k {
		panic(fmt.Sprintf("extract: feature %d of a custom group is of kind %s, not %s", i, want, k))
	}
	x.Kind = k
	v[i] = x
}

// Int sets an Int value.
func (v Values) Int(i int, x int64) { v.set(i, feature.Int, groups.Value{Int: x, Set: true}) }

// Float sets a Float value; NaN leaves it absent.
func (v Values) Float(i int, x float64) {
	v.set(i, feature.Float, groups.Value{Float: x, Set: !math.IsNaN(x)})
}

// Bool sets a Bool value.
func (v Values) Bool(i int, x bool) {
	n := int64(0)
	if x {
		n = 1
	}
	v.set(i, feature.Bool, groups.Value{Int: n, Set: true})
}

// Text sets a Text value, which is copied.
func (v Values) Text(i int, x string) {
	v.set(i, feature.Text, groups.Value{Text: []byte(x), Set: true})
}
