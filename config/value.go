package config

import (
	"fmt"
	"strconv"
	"strings"

	"pinyon/internal/conf"
)

// Size is a number of bytes. As text it may have a unit: K, M, G, T and KiB, MiB, GiB, TiB
// are powers of 1024, KB, MB, GB, TB of 1000.
type Size = conf.Size

// ParseSize reads a size; units in any case.
func ParseSize(s string) (Size, error) { return conf.ParseSize(s) }

// Below, p is the address of a Config field.

func kind(p any) string {
	switch p.(type) {
	case *float64:
		return "number"
	case *int, *uint64:
		return "integer"
	case *bool:
		return "boolean"
	case *string:
		return "text"
	case *[]string:
		return "list"
	case *Size:
		return "size"
	}
	panic(fmt.Sprintf("BUG: configuration field of type %T", p))
}

// text is the value as a flag takes it.
func text(p any) string {
	switch p := p.(type) {
	case *float64:
		return strconv.FormatFloat(*p, 'g', -1, 64)
	case *int:
		return strconv.Itoa(*p)
	case *uint64:
		return strconv.FormatUint(*p, 10)
	case *bool:
		return strconv.FormatBool(*p)
	case *string:
		return *p
	case *[]string:
		return strings.Join(*p, ",")
	case *Size:
		return p.String()
	}
	panic(fmt.Sprintf("BUG: configuration field of type %T", p))
}

// parse sets the field from text: the last value, or all of them for a list.
func parse(p any, values []string) error {
	s := values[len(values)-1]
	ok := true
	switch p := p.(type) {
	case *float64:
		ok = parseFloat(p, s)
	case *int:
		ok = parseInt(p, s)
	case *uint64:
		v, err := strconv.ParseUint(s, 10, 64)
		if ok = err == nil; ok {
			*p = v
		}
	case *bool:
		v, err := strconv.ParseBool(s)
		if ok = err == nil; ok {
			*p = v
		}
	case *string:
		*p = s
	case *[]string:
		var names []string
		for _, v := range values {
			names = append(names, splitNames(v)...)
		}
		*p = names
	case *Size:
		v, err := ParseSize(s)
		if err != nil {
			return err
		}
		*p = v
	}
	if !ok {
		return mismatch(s, p)
	}
	return nil
}

func parseFloat(p *float64, s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return false
	}
	*p = v
	return true
}

func parseInt(p *int, s string) bool {
	v, err := strconv.ParseInt(s, 10, strconv.IntSize)
	if err != nil {
		return false
	}
	*p = int(v)
	return true
}

// number is a number of a file, in a notation that strconv reads.
type number string

// assign sets the field from a value of a file: bool, number, string or []any. Kinds are not
// converted into each other, but a list may be a single string, and a size a number.
func assign(p, v any) error {
	switch p := p.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*p = s
			return nil
		}
	case *bool:
		if b, ok := v.(bool); ok {
			*p = b
			return nil
		}
	case *[]string:
		switch v := v.(type) {
		case string:
			*p = splitNames(v)
			return nil
		case []any:
			return assignList(p, v)
		}
	case *Size:
		if s, ok := v.(string); ok {
			return parse(p, []string{s})
		}
		if n, ok := v.(number); ok && parse(p, []string{string(n)}) == nil {
			return nil
		}
	default:
		if n, ok := v.(number); ok && parse(p, []string{string(n)}) == nil {
			return nil
		}
	}
	return mismatch(v, p)
}

func assignList(p *[]string, v []any) error {
	if len(v) == 0 {
		return fmt.Errorf("the list is empty; want names, or null for the default")
	}
	names := make([]string, len(v))
	for i := range v {
		s, ok := v[i].(string)
		if !ok {
			return fmt.Errorf("entry %d: got %s; want text", i+1, show(v[i]))
		}
		names[i] = s
	}
	*p = names
	return nil
}

// mismatch says that v is not of the field's kind.
func mismatch(v, p any) error {
	want := map[string]string{
		"number": "a number", "integer": "a whole number", "boolean": "true or false",
		"text": "text", "list": "a list of names", "size": "a size, as 1GiB",
	}[kind(p)]
	if _, ok := p.(*uint64); ok {
		want = "a whole number from 0 to 18446744073709551615"
	}
	return fmt.Errorf("got %s; want %s", show(v), want)
}

// show is a value of a file in an error.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v)
	case number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	}
	return "a mapping"
}
