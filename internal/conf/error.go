// Package conf is what configuration files of every kind share: errors that name file, line and
// key, and sizes with units.
package conf

import (
	"fmt"
	"strings"
)

// A Error says which key is wrong, and where.
type Error struct {
	Path string // file; "" if it is not about one
	Line int    // in the file, from 1; 0 if unknown
	Key  string // "" if it is about all of the configuration
	Err  error
}

// Error is path:line: key: what is wrong, without what is unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ":")
	}
	if e.Line > 0 {
		if e.Path == "" {
			b.WriteString("line ")
		}
		fmt.Fprintf(&b, "%d:", e.Line)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap is Err.
func (e *Error) Unwrap() error { return e.Err }
