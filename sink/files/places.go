package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pinyon/sink"
)

// Places are where the files of a run go. No two may go to one: the file that gets its name
// last would replace the other, and what shares a pipe is mixed. The null device takes
// everything.
type Places struct {
	names  map[string]string // as they were given, by Place
	series []Series
}

// A ClashError says that two outputs would go to one place.
type ClashError struct{ Path string }

// Error names the place.
func (e *ClashError) Error() string {
	path := e.Path
	if path == "-" {
		path = "standard output"
	}
	return "two outputs cannot both go to " + path
}

// Add adds a file. The error is a ClashError if it goes where another one does.
func (p *Places) Add(path string) error {
	place := Place(path)
	if IsNull(place) {
		return nil
	}
	_, taken := p.names[place]
	for _, s := range p.series {
		taken = taken || s.holds(place)
	}
	if taken {
		return &ClashError{path}
	}
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.names[place] = path
	return nil
}

// AddSeries adds the files that rotate under a path.
func (p *Places) AddSeries(path string) error {
	s := SeriesOf(path)
	taken := false
	for place := range p.names {
		taken = taken || s.holds(place)
	}
	for _, other := range p.series {
		taken = taken || s == other
	}
	if taken {
		return &ClashError{path}
	}
	p.series = append(p.series, s)
	return nil
}

// AddTargets adds the files of outputs and those beside them; targets that are no files
// meet nobody.
func (p *Places) AddTargets(targets []*sink.Target, from *sink.Provenance) error {
	for _, t := range targets {
		if t.Sink.Stream == nil {
			continue
		}
		if err := p.Add(t.Path); err != nil {
			return err
		}
		if t.Path == "-" || IsSpecial(t.Path) {
			continue
		}
		for _, path := range beside(t, from) {
			if err := p.Add(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Find is the name, as it was given, of the place that one of the files is; "" if none is.
func (p *Places) Find(files []fs.FileInfo) string {
	for place, path := range p.names {
		info, err := os.Stat(place)
		if place == "-" || err != nil {
			continue
		}
		for _, f := range files {
			if os.SameFile(info, f) {
				return path
			}
		}
	}
	return ""
}

// IsSpecial reports whether a name is there and stands for neither a regular file nor a
// directory: it is written in place.
func IsSpecial(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// IsNull reports whether a place is the null device, which may take everything.
func IsNull(place string) bool {
	if place == os.DevNull {
		return true
	}
	info, err := os.Stat(place)
	null, errNull := os.Stat(os.DevNull)
	return err == nil && errNull == nil && !info.Mode().IsRegular() && os.SameFile(info, null)
}

// A Series is files that follow each other, with a number of five digits or more in the name.
type Series struct{ dir, before, behind string }

// SeriesOf is the series whose files are named after path.
func SeriesOf(path string) Series {
	dir := filepath.Dir(Place(Numbered(path, 0))) // which nothing has
	before, behind := around(filepath.Base(path))
	return Series{dir: dir, before: before, behind: behind}
}

// Numbered is the name of a file of the series under path: the number takes the place of {seq} in
// the name without its directory, or stands behind a dash before the extension.
func Numbered(path string, n int) string {
	dir, base := filepath.Split(path)
	before, behind := around(base)
	return fmt.Sprintf("%s%s%05d%s", dir, before, n, behind)
}

// around is what stands before the number in a name, and what behind it.
func around(base string) (before, behind string) {
	if before, behind, ok := strings.Cut(base, "{seq}"); ok {
		return before, behind
	}
	ext := filepath.Ext(base)
	return strings.TrimSuffix(base, ext) + "-", ext
}

// number is that of a file in the series' directory; 0 if it belongs elsewhere.
func (s Series) number(base string) int {
	digits, ok := strings.CutPrefix(base, s.before)
	if ok {
		digits, ok = strings.CutSuffix(digits, s.behind)
	}
	const least, most = 5, 15
	if !ok || len(digits) < least || len(digits) > most || strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// holds reports whether a place is that of a file of the series.
func (s Series) holds(place string) bool {
	return filepath.Dir(place) == s.dir && s.number(filepath.Base(place)) > 0
}

// Last is the highest number that there is; 0 if there is none.
func (s Series) Last() (n int, err error) {
	list, err := os.ReadDir(s.dir)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return 0, &fs.PathError{Op: "create", Path: s.dir, Err: pe.Err}
	}
	for _, e := range list {
		n = max(n, s.number(e.Name()))
	}
	return n, err
}
