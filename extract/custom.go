package extract

import (
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

// Values are the values of a custom group in one row, by position of the feature.
type Values []groups.Value

// Int sets an Int value.
func (v Values) Int(i int, x int64) { v[i] = groups.Value{Int: x, Set: true} }

// Float sets a Float value; NaN leaves it absent.
func (v Values) Float(i int, x float64) { v[i] = groups.Value{Float: x, Set: !math.IsNaN(x)} }

// Bool sets a Bool value.
func (v Values) Bool(i int, x bool) {
	v[i] = groups.Value{Set: true}
	if x {
		v[i].Int = 1
	}
}

// Text sets a Text value, which is copied.
func (v Values) Text(i int, x string) { v[i] = groups.Value{Text: []byte(x), Set: true} }
