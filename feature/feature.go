// Package feature describes columns: name, kind, unit, profile, sentence, and what stands
// for a value that is missing. It knows nothing of how a value is computed (package
// internal/groups) or written (package sink).
package feature

import "strings"

// SchemaVersion is the version of the exported schema: of the names, types, units and order of
// all columns together.
const SchemaVersion = "v1.0"

// Kind is the type of a column's values.
type Kind uint8

// The kinds. Int and Float are 64 bits wide. A list holds one slice a row. A Triples
// column is a list of (length int64, gap float64, direction int64), as SPLT has it.
const (
	Int Kind = iota + 1
	Float
	Bool
	Text
	IntList
	FloatList
	Triples
)

// String is the dtype word of the exported schema.
func (k Kind) String() string {
	return [...]string{"", "int64", "float64", "bool", "string", "list<int64>", "list<float64>", "list<triple>"}[k]
}

// TypeWord is the word of the short schema: integer, float, boolean, string, sequence.
func (k Kind) TypeWord() string {
	return [...]string{"", "integer", "float", "boolean", "string", "sequence", "sequence", "sequence"}[k]
}

// IsList reports whether a row holds a slice.
func (k Kind) IsList() bool { return k >= IntList }

// Unit is a unit's symbol; base units only.
type Unit string

// The units in use. None is a pure number, a code or a text.
const (
	None           Unit = ""
	Seconds        Unit = "s"
	SecondsSquared Unit = "s^2"
	Nanoseconds    Unit = "ns"
	Microseconds   Unit = "us"
	Milliseconds   Unit = "ms"
	Days           Unit = "days"
	FlowsPerSec    Unit = "flows/s"
	Hours          Unit = "h"
	Bytes          Unit = "bytes"
	BytesSquared   Unit = "bytes^2"
	Bits           Unit = "bits"
	Count          Unit = "count"
	PacketsUnit    Unit = "packets"
	PacketsPerSec  Unit = "pps"
	BytesPerSec    Unit = "Bps"
	Hops           Unit = "hops"
	Ratio          Unit = "ratio"
	Bitmap         Unit = "bitmap"
)

// Profile is a tier of stability. The three are disjoint; optional columns are in none.
type Profile string

// The profiles: Core is frozen, Extended stable, Experimental neither.
const (
	Core         Profile = "JJ-CORE"
	Extended     Profile = "JJ-EXTENDED"
	Experimental Profile = "JJ-EXPERIMENTAL"
	NoProfile    Profile = ""
)

// Profiles lists them in the order of their promises.
var Profiles = []Profile{Core, Extended, Experimental}

// Form says what a value is beyond its kind, for outputs that have a type of its own for it.
type Form uint8

// The forms. Address is a Text column of IPv4 and IPv6 addresses (RFC 5952), Instant a Float
// column of seconds since the Unix epoch, Stamp an Int column of nanoseconds since then, UTC. Uint8,
// Uint16 and Uint32 are Int columns whose values have no sign and so many bits.
const (
	NoForm Form = iota
	Address
	Instant
	Stamp
	Uint8
	Uint16
	Uint32
)

// Privacy says how much of a person a value may tell.
type Privacy uint8

// The levels: Sensitive are addresses, names, paths, certificate and banner text and
// hashes of them; High is payload text.
const (
	Safe Privacy = iota
	Sensitive
	High
)

// String is the word of the exported schema.
func (p Privacy) String() string { return [...]string{"safe", "sensitive", "high"}[p] }

// A Desc describes one column. Group and Profile are filled in by the group's entry.
type Desc struct {
	Name     string
	Group    string
	Kind     Kind
	Unit     Unit
	Profile  Profile
	Doc      string // one sentence
	Optional bool   // appears only if its switch is on, and is in no profile
	Privacy  Privacy
	Form     Form
	Nullable bool // may be absent; a column that is not never has nulls
	// What stands for an absent value when nulls are not wanted; zero values unless set.
	MissingInt  int64
	MissingText string
}

// ID is the name with its group in front.
func (d *Desc) ID() string { return d.Group + "." + d.Name }

// Direction is "fwd", "bwd" or "both", by the last part of the name that says one
// .
func (d *Desc) Direction() string {
	dir, _ := direction(d.Name)
	if dir == "" {
		return "both"
	}
	return dir
}

// SplitName is the column's name under bidirectional_split: the directional part removed
// and fwd_ or bwd_ put in front.
func (d *Desc) SplitName() string {
	dir, rest := direction(d.Name)
	if dir == "" {
		return d.Name
	}
	return dir + "_" + rest
}

func direction(name string) (dir, rest string) {
	parts := strings.Split(name, "_")
	for i := len(parts) - 1; i >= 0; i-- {
		switch parts[i] {
		case "fwd", "initiator":
			dir = "fwd"
		case "bwd", "responder":
			dir = "bwd"
		default:
			continue
		}
		return dir, strings.Join(append(parts[:i:i], parts[i+1:]...), "_")
	}
	return "", name
}
