package source

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Option is one setting of a kind of source: its name in a URL's query, the type and range of
// its values, and its place in the source's own options. Whoever offers settings in another
// way, such as flags, makes them of the same list.
type Option struct {
	Name   string
	Type   string   // number, duration, true or false, word
	Range  string   // what values there may be, in words; empty is all of the type
	Values []string // of a word: which ones
	Doc    string   // one sentence without its full stop
	// Set puts a value into the source's options, a pointer to which it is given.
	Set func(options any, value string) error
}

// Number is an Option for a number from least to most in the source's options.
func Number[O any, N ~int | ~uint64](name, doc string, least, most uint64, field func(*O) *N) Option {
	within := fmt.Sprintf("%d to %d", least, most)
	return Option{Name: name, Type: "number", Range: within, Doc: doc, Set: func(o any, v string) error {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil || n < least || n > most {
			return fmt.Errorf("got %q; want a number from %s", v, within)
		}
		*field(o.(*O)) = N(n)
		return nil
	}}
}

// Duration is an Option for a time above 0 in the source's options.
func Duration[O any](name, doc string, field func(*O) *time.Duration) Option {
	return Option{Name: name, Type: "duration", Range: "above 0", Doc: doc, Set: func(o any, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return fmt.Errorf("got %q; want a time such as 90s, 5m, 2h", v)
		}
		*field(o.(*O)) = d
		return nil
	}}
}

// Switch is an Option that is true or false; without a value it is true.
func Switch[O any](name, doc string, set func(*O, bool)) Option {
	return Option{Name: name, Type: "true or false", Doc: doc, Set: func(o any, v string) error {
		on := v == ""
		if v != "" {
			var err error
			if on, err = strconv.ParseBool(v); err != nil {
				return fmt.Errorf("got %q; want true or false", v)
			}
		}
		set(o.(*O), on)
		return nil
	}}
}

// Word is an Option whose values are words, each of which stands for one of the source's.
func Word[O, V any](name, doc string, words []string, values []V, field func(*O) *V) Option {
	return Option{Name: name, Type: "word", Range: strings.Join(words, ", "), Values: words, Doc: doc, Set: func(o any, v string) error {
		i := slices.Index(words, v)
		if i < 0 {
			return fmt.Errorf("got %q; want one of %s", v, strings.Join(words, ", "))
		}
		*field(o.(*O)) = values[i]
		return nil
	}}
}

// SetAll puts the values of a query into a source's options, a pointer to which it is given. Of
// a name that is given several times the last value counts.
func SetAll(list []Option, options any, query url.Values) error {
	for i := range list {
		if values, ok := query[list[i].Name]; ok {
			if err := list[i].Set(options, values[len(values)-1]); err != nil {
				return fmt.Errorf("%s: %w", list[i].Name, err)
			}
		}
	}
	return nil
}
