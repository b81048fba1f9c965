package source

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// A Descriptor is one kind of source. A package of sources exports one for each; whoever opens
// sources lists those that he wants.
type Descriptor struct {
	Name    string   // the word for it
	Schemes []string // of URLs that mean it, without ://
	Words   []string // whole addresses that mean it, such as - for standard input
	Doc     string   // one sentence
	Options []Option // that a URL's query may set
	// Input makes the input of an address. What needs a privilege is opened at once, so that
	// the privilege can be given up; a file is opened in its turn.
	Input func(to *Target, run *Run) (Input, error)
}

// A Target is what an address asks for.
type Target struct {
	Source *Descriptor
	Scheme string // of the URL, in small letters; "" of an address that is none
	// Path is what follows the scheme and :// of a URL, without the query; of any other address
	// it is the whole.
	Path  string
	Query url.Values // options, by name; each is one of the descriptor's
}

// A Run is what the sources of a run are told beside their own options. nil is the zero value.
type Run struct {
	// Filter, in the language of package filter, is what a source may do itself that sees
	// packets before Pinyon does, as a device does; others leave it to their reader.
	Filter string
	// Stop, if not nil, is closed when inputs that have no end of their own are to end: pipes,
	// standard input, devices.
	Stop <-chan struct{}
	// Stdin is what - stands for; nil is the process's standard input.
	Stdin io.Reader
}

// A Registry is the kinds of source that can be opened. An address that is no URL and none of
// their words goes to the first.
type Registry []*Descriptor

// ErrUnknown is the error for a scheme that no source of the registry has.
var ErrUnknown = errors.New("unknown")

// Parse reads an address:
//
//	trace.pcap                      the first kind: a file by its name
//	-                               a word of a kind: standard input
//	SCHEME://PATH?option=value      a URL, by its scheme
func (r Registry) Parse(address string) (*Target, error) {
	for _, d := range r {
		if slices.Contains(d.Words, address) {
			return &Target{Source: d, Path: address}, nil
		}
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || !isScheme(scheme) {
		if len(r) == 0 {
			return nil, fmt.Errorf("%w source %q: no source is known", ErrUnknown, address)
		}
		return &Target{Source: r[0], Path: address}, nil
	}
	for _, d := range r {
		if slices.Contains(d.Schemes, strings.ToLower(scheme)) {
			t, err := d.target(address, rest)
			if err == nil {
				t.Scheme = strings.ToLower(scheme)
			}
			return t, err
		}
	}
	return nil, fmt.Errorf("%s: %w scheme %s://; there are: %s", address, ErrUnknown, scheme, strings.Join(r.schemes(), ", "))
}

func (r Registry) schemes() (all []string) {
	for _, d := range r {
		for _, s := range d.Schemes {
			all = append(all, s+"://")
		}
	}
	return all
}

// target reads what follows the scheme of a URL.
func (d *Descriptor) target(address, rest string) (*Target, error) {
	path, text, _ := strings.Cut(rest, "?")
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("%s: options: %w", address, err)
	}
	for name := range query {
		if !slices.ContainsFunc(d.Options, func(o Option) bool { return o.Name == name }) {
			return nil, fmt.Errorf("%s: %s has no option %q", address, d.Name, name)
		}
	}
	if path, err = url.PathUnescape(path); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return &Target{Source: d, Path: path, Query: query}, nil
}

// Input makes the input that an address asks for; see Parse and Descriptor.Input.
func (r Registry) Input(address string, run *Run) (Input, error) {
	t, err := r.Parse(address)
	if err != nil {
		return Input{}, err
	}
	if run == nil {
		run = &Run{}
	}
	return t.Source.Input(t, run)
}

// isScheme: a letter, then letters, digits, +, - and . (RFC 3986, section 3.1).
func isScheme(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.IndexByte(letters, s[0]) >= 0 && strings.Trim(s, letters+"0123456789+-.") == ""
}
