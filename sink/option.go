package sink

import (
	"fmt"
	"strconv"
)

// An Option is one setting of a sink, by the name that it has in a target's query
// (csv=flows.csv?null=NA) and, if it has one, as a flag of the command.
type Option struct {
	Name   string
	Flag   string   // without dashes; "" if no flag sets it
	Doc    string   // one sentence without its full stop
	Values []string // that it may have, for whoever offers them; nil is any
	Bool   bool     // true or false; given without a value it is true
	// Set puts a value into the sink's own Options, a pointer to which it is given.
	Set func(options any, value string) error
}

// Text is an Option for a string in the sink's Options. The sink itself refuses what is none of
// the values.
func Text[O any](name, flag, doc string, field func(*O) *string, values ...string) Option {
	return Option{Name: name, Flag: flag, Doc: doc, Values: values, Set: func(o any, v string) error {
		*field(o.(*O)) = v
		return nil
	}}
}

// Switch is an Option for a boolean in the sink's Options.
func Switch[O any](name, flag, doc string, field func(*O) *bool) Option {
	return Option{Name: name, Flag: flag, Doc: doc, Bool: true, Set: func(o any, v string) error {
		if v == "" {
			v = "true"
		}
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("got %q; want true or false", v)
		}
		*field(o.(*O)) = b
		return nil
	}}
}

// Count is an Option for a count in the sink's Options, of at least least.
func Count[O any](name, flag, doc string, least int, field func(*O) *int) Option {
	return Option{Name: name, Flag: flag, Doc: doc, Set: func(o any, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least {
			return fmt.Errorf("got %q; want a number of %d or more", v, least)
		}
		*field(o.(*O)) = n
		return nil
	}}
}

// Character is an Option for one ASCII character in the sink's Options; tab and \t stand for
// a tab, nothing for the default.
func Character[O any](name, flag, doc string, field func(*O) *byte) Option {
	return Option{Name: name, Flag: flag, Doc: doc, Set: func(o any, v string) error {
		switch {
		case v == "":
			*field(o.(*O)) = 0
		case v == "tab" || v == `\t`:
			*field(o.(*O)) = '\t'
		case len(v) == 1:
			*field(o.(*O)) = v[0]
		default:
			return fmt.Errorf("got %q; want one character", v)
		}
		return nil
	}}
}
