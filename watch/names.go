package watch

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Placeholders are what may stand in Options.Pattern, with what each is. Times are those of the
// file's last change, UTC.
var Placeholders = [][2]string{
	{"path", "directories and name of the file, without its ending (.pcap, .pcapng, .cap, and .gz or .zst)"},
	{"dir", "its directories; nothing of a file in the watched directory itself"},
	{"stem", "its name without its ending"},
	{"name", "its whole name"},
	{"date", "year, month and day: 2026-11-28"},
	{"hour", "hour: 07"},
	{"time", "hour, minute and second: 071530"},
	{"timestamp", "date and time: 20261128T071530Z"},
	{"host", "name of this machine"},
	{"ext", "ending of the format"},
}

// A namer gives outputs their names, none to two files.
type namer struct {
	pattern string
	ext     string
	host    string
	owners  map[string]string // inputs, by the names of outputs as fold has them
}

func newNamer(pattern, ext string) (*namer, error) {
	n := &namer{pattern: pattern, ext: ext, owners: map[string]string{}}
	n.host, _ = os.Hostname()
	_, err := n.name("a.pcap", time.Unix(0, 0))
	return n, err
}

// name is what the pattern makes of an input.
func (n *namer) name(input string, at time.Time) (string, error) {
	dir, base := path.Split(input)
	dir = strings.TrimSuffix(dir, "/")
	stem := stemOf(base)
	at = at.UTC()
	values := map[string]string{
		"path": path.Join(dir, stem), "dir": dir, "stem": stem, "name": base, "host": n.host, "ext": n.ext,
		"date": at.Format("2006-01-02"), "hour": at.Format("15"), "time": at.Format("150405"), "timestamp": at.Format("20060102T150405Z"),
	}
	var b strings.Builder
	for rest := n.pattern; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		b.WriteString(before)
		if !ok {
			break
		}
		word, behind, ok := strings.Cut(after, "}")
		value, known := values[word]
		if !ok || !known {
			return "", fmt.Errorf("names of outputs %q: {%s} is no placeholder; there are: %s", n.pattern, word, placeholders())
		}
		b.WriteString(value)
		rest = behind
	}
	name := strings.TrimLeft(path.Clean(b.String()), "/")
	if name == "." || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("names of outputs %q: %q is no name below the output directory", n.pattern, name)
	}
	if strings.HasPrefix(path.Base(name), ".") {
		return "", fmt.Errorf("names of outputs %q: %q begins with a dot, as only incomplete files do", n.pattern, path.Base(name))
	}
	return name, nil
}

func placeholders() string {
	words := make([]string, len(Placeholders))
	for i := range Placeholders {
		words[i] = "{" + Placeholders[i][0] + "}"
	}
	return strings.Join(words, " ")
}

// stemOf is a file's name without what says that it is a capture, and packed.
func stemOf(base string) string {
	stem := base
	for _, packed := range []string{".gz", ".zst"} {
		if strings.HasSuffix(strings.ToLower(stem), packed) {
			stem = stem[:len(stem)-len(packed)]
			break
		}
	}
	if ext := path.Ext(stem); ext != "" {
		stem = strings.TrimSuffix(stem, ext)
	}
	if stem == "" || strings.Trim(stem, ".") == "" {
		return base
	}
	return stem
}

// fold is one name for all those that are one file where the letters' case does not count.
func fold(name string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(name)
	}
	return name
}

// own notes that a name is that of an input's output.
func (n *namer) own(name, input string) { n.owners[fold(name)] = input }

// take gives an input the name of its output: the one that it had, own, or else the pattern's,
// unless that is another's, or that of a file that no input is known for; then the input's whole
// name stands in its place, and then a number behind that.
func (n *namer) take(input, own string, at time.Time, taken func(name string) bool) (string, error) {
	name, err := n.name(input, at)
	if err != nil {
		return "", err
	}
	if own != "" && n.owners[fold(own)] == input {
		return own, nil
	}
	free := func(name string) bool {
		owner, known := n.owners[fold(name)]
		if known {
			return owner == input
		}
		return !taken(name)
	}
	ext := ""
	if n.ext != "" && strings.HasSuffix(name, "."+n.ext) {
		ext = "." + n.ext
	}
	for i := 0; i < 1<<20; i++ {
		try := name
		switch {
		case i == 1:
			try = path.Join(path.Dir(name), path.Base(input)) + ext
		case i > 1:
			try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
		}
		if free(try) {
			n.own(try, input)
			return try, nil
		}
	}
	return "", fmt.Errorf("%s: every name for its output is taken", input)
}
