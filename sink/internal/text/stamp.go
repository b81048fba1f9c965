package text

import (
	"time"

	"pinyon/column"
	"pinyon/feature"
)

// Stamp is what KindOf says of times; no column is of this kind.
const Stamp feature.Kind = 0xff

// KindOf is the kind of a column's values as text has it: numbers that are times apart.
func KindOf(f *column.Field) feature.Kind {
	if f.Kind == feature.Int && f.Form == feature.Stamp {
		return Stamp
	}
	return f.Kind
}

// AppendStamp appends a time in nanoseconds since 1970 as RFC 3339 has it, UTC with nine digits.
func AppendStamp(dst []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
}
