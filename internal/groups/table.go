package groups

import (
	"math"
	"slices"

	"pinyon/column"
	"pinyon/feature"
)

// none is an absent integer. No column has this value of its own accord.
const none = math.MinInt64

// absent is an absent float; no getter returns NaN for anything else.
var absent = math.NaN()

// A Feature is one column: its description and the function that reads it. The getter is
// the only place where the value is computed. Exactly one getter is set, by the kind.
type Feature struct {
	feature.Desc
	num   func(r *Row) int64   // none if absent
	float func(r *Row) float64 // NaN if absent
	flag  func(r *Row) bool
	text  func(dst []byte, r *Row) ([]byte, bool) // appends; false if absent
	list  func(c *column.Column, r *Row)          // appends to the column's value slices

	need   need   // what has to be kept while packets come in
	when   option // the switch that makes it appear
	always bool   // has a value even where the group does not apply
}

// need is a set of things kept for some columns only.
type need uint16

const (
	needGaps      need = 1 << iota // every gap: percentiles
	needSizes                      // packets per size
	needBursts                     // the burst machine
	needBytes                      // payload bytes sampled
	needSeq                        // classification of TCP segments
	needList                       // the first packets' times, sizes, directions
	needSegments                   // sizes and bare ACKs of SSH segments, from the first one on
	needSYNKinds                   // option kinds of the first SYN and SYN-ACK
	needCerts                      // the server's certificates
	needFirstData                  // what the client's first data looks like
	needTunnel                     // forms of tunnels' messages
	needSource                     // gaps of the source
	needProcess                    // whose packets
)

// option is a switch of the configuration that makes columns appear.
type option uint8

const (
	optAlways option = iota
	optAddresses
	optPorts
	optFlowID
	optTrace
	optSequences
	optSPLT
	optGraph
	optTemporal
	optCommunity
)

func count(name string, unit feature.Unit, doc string, get func(r *Row) int64) Feature {
	return Feature{Desc: feature.Desc{Name: name, Kind: feature.Int, Unit: unit, Doc: doc}, num: get}
}

func float(name string, unit feature.Unit, doc string, get func(r *Row) float64) Feature {
	return Feature{Desc: feature.Desc{Name: name, Kind: feature.Float, Unit: unit, Doc: doc}, float: get}
}

func flag(name string, doc string, get func(r *Row) bool) Feature {
	return Feature{Desc: feature.Desc{Name: name, Kind: feature.Bool, Doc: doc}, flag: get}
}

func text(name string, doc string, get func(dst []byte, r *Row) ([]byte, bool)) Feature {
	return Feature{Desc: feature.Desc{Name: name, Kind: feature.Text, Doc: doc}, text: get}
}

func list(name string, kind feature.Kind, unit feature.Unit, doc string, get func(c *column.Column, r *Row)) Feature {
	return Feature{Desc: feature.Desc{Name: name, Kind: kind, Unit: unit, Doc: doc}, list: get}
}

// null marks a column whose getter may say absent.
func (f Feature) null() Feature { f.Nullable = true; return f }

// needs names what has to be kept for the column.
func (f Feature) needs(n need) Feature { f.need |= n; return f }

// on makes the column optional: it appears with the switch and is in no profile.
func (f Feature) on(o option) Feature { f.when, f.Optional = o, true; return f }

// under makes an ordinary column disappear without the switch.
func (f Feature) under(o option) Feature { f.when = o; return f }

// private marks addresses, names and hashes of them.
func (f Feature) private() Feature { f.Privacy = feature.Sensitive; return f }

// is says what the values are beyond their kind.
func (f Feature) is(form feature.Form) Feature { f.Form = form; return f }

// missing sets the number that stands for an absent value.
func (f Feature) missing(v int64) Feature { f.MissingInt, f.Nullable = v, true; return f }

// missingText sets the text that stands for an absent value.
func (f Feature) missingText(v string) Feature { f.MissingText, f.Nullable = v, true; return f }

// everywhere keeps the column filled in flows to which its group does not apply.
func (f Feature) everywhere() Feature { f.always = true; return f }

// allNeed adds n to every line of a table.
func allNeed(n need, table []Feature) []Feature {
	for i := range table {
		table[i].need |= n
	}
	return table
}

// add appends the column's values for rows; apply are the positions among them of those that
// the group applies to, in order. Where it applies to most rows or to none of them, what costs
// is a value, not the question whether there is one.
func (f *Feature) add(c *column.Column, rows []*Row, apply []uint16) {
	if f.always {
		apply = everyRow[:len(rows)]
	}
	at := 0
	if c.Valid != nil {
		at = f.length(c)
	}
	switch f.Kind {
	case feature.Int:
		f.addInts(c, rows, apply)
	case feature.Float:
		f.addFloats(c, rows, apply)
	case feature.Bool:
		f.addBools(c, rows, apply)
	case feature.Text:
		f.addTexts(c, rows, apply)
	default:
		for _, r := range rows {
			f.list(c, r)
			c.Offsets = append(c.Offsets, int32(max(len(c.Ints), len(c.Floats))))
		}
	}
	if c.Valid != nil {
		f.addValid(c, at, rows, apply)
	}
}

// everyRow are the positions of as many rows as are written at once.
var everyRow = func() (at [maxRows]uint16) {
	for i := range at {
		at[i] = uint16(i)
	}
	return at
}()

// length is the number of rows in the column.
func (f *Feature) length(c *column.Column) int {
	switch f.Kind {
	case feature.Int:
		return len(c.Ints)
	case feature.Float:
		return len(c.Floats)
	case feature.Bool:
		return c.Rows
	}
	return len(c.Offsets) - 1
}

// extend makes a slice longer by n, and gives the new part, which is to be filled.
func extend[T any](s []T, n int) (all, added []T) {
	all = slices.Grow(s, n)[:len(s)+n]
	return all, all[len(s):]
}

func (f *Feature) addInts(c *column.Column, rows []*Row, apply []uint16) {
	get, missing := f.num, f.MissingInt
	var to []int64
	c.Ints, to = extend(c.Ints, len(rows))
	if len(apply) < len(rows) {
		for i := range to {
			to[i] = missing
		}
	}
	for _, i := range apply {
		v := get(rows[i])
		if v == none {
			v = missing
		}
		to[i] = v
	}
}

func (f *Feature) addFloats(c *column.Column, rows []*Row, apply []uint16) {
	get := f.float
	var to []float64
	c.Floats, to = extend(c.Floats, len(rows))
	if len(apply) < len(rows) {
		clear(to)
	}
	for _, i := range apply {
		v := get(rows[i])
		if v != v {
			v = 0
		}
		to[i] = v
	}
}

func (f *Feature) addBools(c *column.Column, rows []*Row, apply []uint16) {
	get, n := f.flag, c.Rows
	c.Rows += len(rows)
	for len(c.Bits) < (c.Rows+7)/8 {
		c.Bits = append(c.Bits, 0)
	}
	for _, i := range apply {
		if get(rows[i]) {
			k := n + int(i)
			c.Bits[k>>3] |= 1 << (k & 7)
		}
	}
}

func (f *Feature) addTexts(c *column.Column, rows []*Row, apply []uint16) {
	get := f.text
	for i, r := range rows {
		ok := false
		if len(apply) > 0 && int(apply[0]) == i {
			apply = apply[1:]
			c.Bytes, ok = get(c.Bytes, r)
		}
		if !ok {
			c.Bytes = append(c.Bytes, f.MissingText...)
		}
		c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
	}
}

// addValid appends the validity bits. It asks the getters again, which only runs that want
// nulls pay for.
func (f *Feature) addValid(c *column.Column, at int, rows []*Row, apply []uint16) {
	for i, r := range rows {
		ok := len(apply) > 0 && int(apply[0]) == i
		if ok {
			apply = apply[1:]
			switch f.Kind {
			case feature.Int:
				ok = f.num(r) != none
			case feature.Float:
				v := f.float(r)
				ok = v == v
			case feature.Text:
				var scratch [256]byte
				_, ok = f.text(scratch[:0], r)
			}
		}
		c.Valid = column.AppendBit(c.Valid, at+i, ok)
		if !ok {
			c.Nulls++
		}
	}
}
