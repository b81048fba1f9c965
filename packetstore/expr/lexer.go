package expr

import (
	"fmt"
	"strings"

	"pinyon/filter"
)

// A token is a word, a quoted text, or an operator; the empty word is the end.
type token struct {
	text   string
	at     int
	quoted bool
	op     bool
}

// operators are the signs that end a word, longer ones first.
var operators = []string{"&&", "||", "!=", "==", "<=", ">=", "(", ")", "[", "]", "=", "<", ">", "!", "&", "|", ","}

// most is how many bytes an expression may have, and how deep it may be nested.
const (
	mostBytes = 1 << 16
	mostDepth = 200
)

// words cuts an expression into tokens, of which the last is the end.
func words(s string) (list []token, err error) {
	if len(s) > mostBytes {
		return nil, &filter.Error{Offset: mostBytes, Err: faultf(filter.ErrTooComplex, "over %d bytes", mostBytes)}
	}
next:
	for at := 0; at < len(s); {
		if strings.IndexByte(" \t\r\n", s[at]) >= 0 {
			at++
			continue
		}
		if s[at] == '"' || s[at] == '\'' {
			end := strings.IndexByte(s[at+1:], s[at])
			if end < 0 {
				return nil, &filter.Error{Offset: at, Word: s[at:], Err: faultf(filter.ErrSyntax, "a quote that does not end")}
			}
			list = append(list, token{text: s[at+1 : at+1+end], at: at, quoted: true})
			at += end + 2
			continue
		}
		for _, op := range operators {
			if strings.HasPrefix(s[at:], op) {
				list = append(list, token{text: op, at: at, op: true})
				at += len(op)
				continue next
			}
		}
		end := at
		for end < len(s) && strings.IndexByte(" \t\r\n\"'()[]=<>!&|,", s[end]) < 0 {
			end++
		}
		list = append(list, token{text: s[at:end], at: at})
		at = end
	}
	return append(list, token{at: len(s)}), nil
}

// A fault is a sentence that errors.Is takes for its kind.
type fault struct {
	kind error
	text string
}

// Error is the sentence.
func (f *fault) Error() string { return f.text }

// Unwrap is the kind.
func (f *fault) Unwrap() error { return f.kind }

func faultf(kind error, format string, args ...any) error {
	return &fault{kind, fmt.Sprintf(format, args...)}
}
