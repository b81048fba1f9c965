package filter

import (
	"errors"
	"fmt"
)

// What callers decide on; use errors.Is on what Compile returns.
var (
	// ErrSyntax: the text is no expression of the language.
	ErrSyntax = errors.New("syntax error")
	// ErrName: a name that neither the built-in tables nor the Resolver know.
	ErrName = errors.New("unknown name")
	// ErrValue: a number or address outside its range, or of the wrong form.
	ErrValue = errors.New("bad value")
	// ErrQualifier: a qualifier that its operand does not take, such as "tcp host 10.0.0.1".
	ErrQualifier = errors.New("wrong qualifier")
	// ErrLinkType: the primitive has no meaning on frames of this link type.
	ErrLinkType = errors.New("not on this link type")
	// ErrMode: the primitive needs what this Mode does not have, such as the direction of
	// a frame from a file, or a loop in the kernel.
	ErrMode = errors.New("not in this mode")
	// ErrRejectsAll: no packet can match, and libpcap's optimizer finds that out too. Other
	// expressions that nothing can match compile.
	ErrRejectsAll = errors.New("expression rejects all packets")
	// ErrTooComplex: too long, too deeply nested, or more instructions than may be.
	ErrTooComplex = errors.New("expression too complex")
)

// An Error says which word of an expression is wrong. Err wraps one of the sentinels.
type Error struct {
	Offset int    // of Word, in bytes of the expression
	Word   string // empty at the end of the expression
	Err    error
}

// Error reads as `filter: "=" at 5: syntax error`.
func (e *Error) Error() string {
	if e.Word == "" {
		return fmt.Sprintf("filter: at %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("filter: %q at %d: %v", e.Word, e.Offset, e.Err)
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// A fault is a sentence that errors.Is takes for its kind.
type fault struct {
	kind error
	text string
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.kind }

func faultf(kind error, format string, args ...any) error {
	return &fault{kind: kind, text: fmt.Sprintf(format, args...)}
}
