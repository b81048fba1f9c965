package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinyon/column"
	"pinyon/internal/near"
)

// A Descriptor is one kind of sink. A package of sinks exports one for each of its formats;
// whoever opens sinks lists those that he wants.
type Descriptor struct {
	Name       string   // the word for it in FORMAT=TARGET and on the command line
	Aliases    []string // other words for it
	Extensions []string // of file names that mean it, lower case, with the dot
	Schemes    []string // of URLs that mean it, without ://
	Doc        string   // one sentence
	Options    []Option
	// NewOptions gives a pointer to the sink's Options with its defaults.
	NewOptions func() any
	// Open makes the sink. settings is what NewOptions gave, with what was set since.
	Open func(ctx context.Context, to *Target, s *column.Schema, settings any, run *Run) (Sink, error)
	// Stream says what a format of bytes needs to know of itself; nil is a sink that goes to
	// no file.
	Stream *Stream
	// Foreign leaves options that the sink does not have in the address: they are the server's,
	// such as sslmode of a database.
	Foreign bool
	// Default is the address of an output that names none, and whether there is one; nil is
	// standard output.
	Default func() (address string, ok bool)
}

// A Stream says where a format of bytes may go, and what it carries.
type Stream struct {
	Pipe   bool // may go to standard output and other places that cannot seek
	Binary bool // not for a terminal
	Lines  bool // every line says all of a row
	Embeds bool // holds Metadata itself
	Header bool // can begin with the provenance as a row of its own
	// Beside are files that belong beside an output, by what is added to its name.
	Beside map[string]func(*column.Schema) []byte
}

// Has reports whether word is the descriptor's name or one of its aliases.
func (d *Descriptor) Has(word string) bool { return d.Name == word || slices.Contains(d.Aliases, word) }

// Option is the option called by name or flag; nil if there is none.
func (d *Descriptor) Option(name string) *Option {
	for i := range d.Options {
		if o := &d.Options[i]; name != "" && (o.Name == name || o.Flag == name) {
			return o
		}
	}
	return nil
}

func (d *Descriptor) optionNames() (names []string) {
	for i := range d.Options {
		names = append(names, d.Options[i].Name)
	}
	return names
}

// Settings are options of the sink as text, by name.
type Settings map[string]string

// settings makes the sink's Options of the defaults, of what all sinks were given, as far as
// this one has such an option, and of what the target's query says, all of which it must have.
func (d *Descriptor) settings(all Settings, query url.Values) (any, error) {
	o := d.NewOptions()
	for name, value := range all {
		if opt := d.Option(name); opt != nil {
			if err := opt.Set(o, value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name, values := range query {
		opt := d.Option(name)
		if opt == nil {
			return nil, fmt.Errorf("%s has no option %q%s", d.Name, name, near.Hint(name, d.optionNames()))
		}
		if err := opt.Set(o, values[len(values)-1]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return o, nil
}

// A Registry is the sinks that can be opened, the default one first.
type Registry []*Descriptor

// Names are the sinks' names without aliases.
func (r Registry) Names() []string {
	names := make([]string, len(r))
	for i := range r {
		names[i] = r[i].Name
	}
	return names
}

// words are the sinks' names and aliases.
func (r Registry) words() (words []string) {
	for _, d := range r {
		words = append(append(words, d.Name), d.Aliases...)
	}
	return words
}

// ErrUnknown is the error for a format, scheme or extension that no sink of the registry has.
var ErrUnknown = errors.New("unknown")

// Named is the sink of a name or alias.
func (r Registry) Named(word string) (*Descriptor, error) {
	for _, d := range r {
		if d.Has(word) {
			return d, nil
		}
	}
	return nil, fmt.Errorf("%w format %q; formats are: %s%s", ErrUnknown, word, strings.Join(r.Names(), ", "), near.Hint(word, r.words()))
}

// ForFile is the sink that a file's extension means; nil if it means none. The error is
// ErrUnknown for an extension that means something else, such as .xlsx or .gz.
func (r Registry) ForFile(path string) (*Descriptor, error) {
	ext := strings.ToLower(filepath.Ext(path))
	for _, d := range r {
		if ext != "" && slices.Contains(d.Extensions, ext) {
			return d, nil
		}
	}
	if Neutral(path) {
		return nil, nil
	}
	return nil, fmt.Errorf("%w format %s of %s; formats are: %s", ErrUnknown, ext, path, r.extensions())
}

// extensions lists the formats of files, each with its extensions.
func (r Registry) extensions() string {
	var words []string
	for _, d := range r {
		if len(d.Extensions) > 0 {
			words = append(words, d.Name+" ("+strings.Join(d.Extensions, " ")+")")
		}
	}
	return strings.Join(words, ", ")
}

// neutral are extensions of files that may hold any text or bytes.
var neutral = []string{"", ".", ".txt", ".text", ".out", ".log", ".dat", ".data", ".bin", ".tmp", ".new", ".old", ".bak", ".part", ".partial", ".fifo", ".pipe"}

// Neutral reports whether the name of a file says nothing of its format: it has no extension,
// one such as .txt or .out, or one that is no word, such as .2 or a date.
func Neutral(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	const longest = 9 // letters and the dot: .provisional is a word, and no format
	return slices.Contains(neutral, ext) || len(ext) > longest || filepath.Base(path) == ext ||
		strings.Trim(ext, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" || strings.Trim(ext, ".0123456789") == ""
}

// forScheme is the sink that a URL's scheme means; nil if it means none.
func (r Registry) forScheme(scheme string) *Descriptor {
	for _, d := range r {
		if slices.Contains(d.Schemes, scheme) {
			return d
		}
	}
	return nil
}

// ForURL is the sink that the scheme of an address means; nil if the address is no URL. The
// letter of a drive is no scheme.
func (r Registry) ForURL(address string) (*Descriptor, error) {
	scheme, rest, ok := strings.Cut(address, ":")
	if !ok || len(scheme) < 2 || !isWord(scheme) {
		return nil, nil
	}
	if d := r.forScheme(scheme); d != nil {
		return d, nil
	}
	if strings.HasPrefix(rest, "//") {
		return nil, fmt.Errorf("%w scheme %s://", ErrUnknown, scheme)
	}
	return nil, nil
}

// A Target is where one sink goes: a Descriptor, an address, and options.
type Target struct {
	Sink *Descriptor
	// Path is a file's name, "-" for standard output, or the whole URL without its query.
	Path  string
	Query url.Values // options, by name
	// Columns are the words of the option features: columns, groups and profiles of its own, instead
	// of the run's.
	Columns []string
	// Schema is the columns that Columns mean, in the order in which they leave, if whoever opens the
	// target knows better than column.Schema.Pick, because not every column of the run's is there for all outputs.
	Schema *column.Schema
}

// columnsOption is the option that every target has.
const columnsOption = "features"

// A SettingError says that a target, or its options, are not what a sink can do.
type SettingError struct {
	Target string
	Err    error
}

// Error is target: what is wrong.
func (e *SettingError) Error() string { return e.Target + ": " + e.Err.Error() }

// Unwrap is Err.
func (e *SettingError) Unwrap() error { return e.Err }

// Name is the target as messages call it, without the password of a URL.
func (t *Target) Name() string {
	if t.Path == "-" {
		return "standard output"
	}
	return Masked(t.Path)
}

// secrets are what stands for itself in messages: the password of a URL's user, and the values
// of what is called password in its query.
var secrets = regexp.MustCompile(`(://[^/?#@:]*:)[^/?#]*(@)|([?&][a-z_]*(?:password|secret|token)=)[^&#]*`)

// Masked is an address with its passwords taken out, for messages and logs.
func Masked(address string) string { return secrets.ReplaceAllString(address, "${1}${3}***${2}") }

// Rotation says when another file of rows begins: between batches, at whichever limit comes
// first. The zero value is never.
type Rotation struct {
	Every time.Duration // files end at every multiple of it, UTC; 0 is never
	Size  int64         // bytes at which a file ends; 0 is no limit
	Rows  int           // rows at which a file ends, of up to 1,023 more; 0 is no limit
	Keep  int           // how many of the run's own files stay; 0 is all
}

// Run is what the opener of a sink is told beside its own options.
type Run struct {
	Common
	// Settings are options for every sink that has them, by name or flag; those in a target's
	// query go before.
	Settings Settings
	// Provenance is written into, or beside, every output that has room for it; nil is none.
	Provenance *Provenance
	// Live says that rows come from a capture, which cannot wait: a sink that would hold it up
	// loses rows instead, and counts them, unless an option says otherwise.
	Live bool
	// Rotation has a file whose name holds {time} or {seq} followed by others; nil is a file of
	// that very name.
	Rotation *Rotation
	// Follow has a regular file of lines grow under its own name, for whoever reads along; it
	// is not removed if the run fails.
	Follow bool
	// Ending is closed when the run is to end: whoever does not read a pipe then is not waited
	// for any longer. nil is never.
	Ending <-chan struct{}
	// Stdout is what "-" stands for; nil is the process's standard output.
	Stdout io.Writer
	// ID names the run, by which a database tells its rows from those of others; "" has the
	// sink make a name.
	ID string
	// Resume has a database go on behind the rows of run ID that it holds already.
	Resume bool
	// From is the number, from 0 within the run, of the first row that Write will be given.
	From uint64
}

// Parse reads a target:
//
//	flows.parquet                 a file, by its extension; the first format if that is Neutral
//	csv=flows.txt?null=NA&crlf    a format, a file, and options
//	json=-                        a format on standard output
//	SCHEME://...?option=value     a URL, by its scheme; SCHEME: of a scheme that a sink has
//
// Options are what follows the last question mark, if that has an equals sign or names an
// option; a plain file name is never cut.
func (r Registry) Parse(s string) (*Target, error) {
	if d, err := r.ForURL(s); d != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return d.Target(s)
	}
	if word, rest, ok := strings.Cut(s, "="); ok && isWord(word) {
		if d, err := r.Named(word); err == nil {
			return d.Target(rest)
		}
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("%w format: no sink is known", ErrUnknown)
	}
	d, err := r.ForFile(s)
	if err != nil {
		return nil, err
	}
	return &Target{Sink: cmp.Or(d, r[0]), Path: s}, nil
}

// Target is where a sink of the kind goes by an address, behind the last question mark of
// which there may be options.
func (d *Descriptor) Target(address string) (*Target, error) {
	if address == "" {
		return nil, fmt.Errorf("%s: the name is empty", d.Name)
	}
	t := &Target{Sink: d, Path: address}
	at := strings.LastIndexByte(address, '?')
	if at < 0 {
		return t, nil
	}
	path, text := address[:at], address[at+1:]
	if first, _, _ := strings.Cut(text, "&"); !strings.Contains(text, "=") && d.Option(first) == nil {
		return t, nil // a question mark in a name
	}
	if d.Foreign {
		path, text = d.leave(path, text)
	}
	query, err := parseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("%s: options: %w", Masked(path), err)
	}
	if path == "" {
		return nil, fmt.Errorf("%s: the name is empty", d.Name)
	}
	for _, words := range query[columnsOption] {
		t.Columns = append(t.Columns, strings.Split(words, ",")...)
	}
	if slices.Contains(t.Columns, "") {
		return nil, fmt.Errorf("%s: options: %s: a name is empty", Masked(path), columnsOption)
	}
	delete(query, columnsOption)
	t.Path, t.Query = path, query
	if _, err := d.settings(nil, query); err != nil {
		return nil, fmt.Errorf("%s: %w", Masked(path), err)
	}
	return t, nil
}

// leave puts options that the sink does not have back into the address.
func (d *Descriptor) leave(path, text string) (address, query string) {
	var own []string
	sep := "?"
	for _, pair := range strings.Split(text, "&") {
		if name, _, _ := strings.Cut(pair, "="); d.Option(name) != nil || name == columnsOption {
			own = append(own, pair)
			continue
		}
		path += sep + pair
		sep = "&"
	}
	return path, strings.Join(own, "&")
}

// parseQuery reads name=value pairs with & between them. Any character stands for itself but
// &, and % before two hexadecimal digits.
func parseQuery(s string) (url.Values, error) {
	q := url.Values{}
	if s == "" {
		return q, nil
	}
	for _, pair := range strings.Split(s, "&") {
		name, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			return nil, err
		}
		q.Add(name, value)
	}
	return q, nil
}

// Check tells whether the sink takes its options, without opening anything.
func (t *Target) Check(all Settings) error {
	if _, err := t.Sink.settings(all, t.Query); err != nil {
		return &SettingError{t.Name(), err}
	}
	return nil
}

// Open makes the sink of the target.
func (t *Target) Open(ctx context.Context, s *column.Schema, run *Run) (Sink, error) {
	if run == nil {
		run = &Run{}
	}
	settings, err := t.Sink.settings(run.Settings, t.Query)
	if err != nil {
		return nil, &SettingError{t.Name(), err}
	}
	return t.Sink.Open(ctx, t, s, settings, run)
}

// Options are what Open needs to know beside the target.
type Options struct {
	Registry Registry // the sinks that there are; package sink/all has all of this module
	Run
}

// Open makes the sink that target asks for; see Registry.Parse for what targets look like.
func Open(ctx context.Context, target string, s *column.Schema, o *Options) (Sink, error) {
	t, err := o.Registry.Parse(target)
	if err != nil {
		return nil, err
	}
	return t.Open(ctx, s, &o.Run)
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-+.") == ""
}
