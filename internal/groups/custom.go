package groups

import (
	"fmt"

	"pinyon/feature"
	"pinyon/flow"
)

// A Custom is a group of columns that is not built in, appended after those that are. It costs
// an interface call a packet; the built-in groups do not. Users declare one as extract.Custom.
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
	End(h *flow.Head, values []Value)
}

// A Value is what a Custom says in one column of a row: Int holds an Int, and a Bool as 0 or 1.
// It is absent until Set is true. Float is not NaN then.
type Value struct {
	Kind  feature.Kind // of the column
	Int   int64
	Float float64
	Text  []byte
	Set   bool
}

// Packet gives the packet to the custom extractors of its flow, entry number of its table.
func (m *Memory) Packet(number uint32, o *flow.Obs) {
	for i := range m.plan.custom {
		a := m.accumulators[i][number]
		if a == nil {
			a = m.plan.custom[i].New()
			m.accumulators[i][number] = a
		}
		a.Packet(o)
	}
}

// HasCustom reports whether Packet has anything to do.
func (m *Memory) HasCustom() bool { return len(m.plan.custom) > 0 }

func (r *Row) finishCustom(m *Memory, i int) {
	v := make([]Value, len(m.plan.custom[i].Features))
	for j := range v {
		v[j].Kind = m.plan.custom[i].Features[j].Kind
	}
	if a := m.accumulators[i][m.number]; a != nil {
		a.End(&r.Head, v)
		delete(m.accumulators[i], m.number)
	}
	r.custom = append(r.custom, v)
}

// addCustom appends the columns of the custom groups.
func (p *Plan) addCustom(o *Options, keep func(*Feature) bool) error {
	taken := make(map[string]bool)
	for _, d := range All() {
		taken[d.Name] = true
	}
	for i := range o.Custom {
		c := &o.Custom[i]
		if c.Name == "" || c.New == nil {
			return fmt.Errorf("custom extractor %d: no name or no New", i)
		}
		for j, d := range c.Features {
			if taken[d.Name] {
				return fmt.Errorf("custom extractor %s: there is a column %s already", c.Name, d.Name)
			}
			taken[d.Name] = true
			d.Group, d.Nullable = c.Name, true
			f := &Feature{Desc: d}
			get := func(r *Row) *Value { return &r.custom[i][j] }
			switch d.Kind {
			case feature.Int:
				f.num = func(r *Row) int64 {
					if v := get(r); v.Set {
						return v.Int
					}
					return none
				}
			case feature.Float:
				f.float = func(r *Row) float64 {
					if v := get(r); v.Set {
						return v.Float
					}
					return absent
				}
			case feature.Bool:
				f.Nullable = false
				f.flag = func(r *Row) bool { return get(r).Int != 0 }
			case feature.Text:
				f.text = func(dst []byte, r *Row) ([]byte, bool) {
					v := get(r)
					return append(dst, v.Text...), v.Set
				}
			default:
				return fmt.Errorf("custom extractor %s: column %s: kind %d", c.Name, d.Name, d.Kind)
			}
			if keep(f) {
				p.columns = append(p.columns, planned{f: f, group: -1, custom: i, at: j})
			}
		}
	}
	return nil
}
