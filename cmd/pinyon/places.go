package main

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

// places are where the files of a run go. No two may go to one: the file that gets its name
// last would replace the other, and what shares a pipe is mixed.
type places struct {
	names  map[string]string // as they were given, by sink.Place
	series []series
}

// add adds a file. It is an error of usage if it goes where another one does.
func (p *places) add(path string) error {
	place := sink.Place(path)
	if isNull(place) {
		return nil
	}
	_, taken := p.names[place]
	for _, s := range p.series {
		taken = taken || s.holds(place)
	}
	if taken {
		return clash(path)
	}
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.names[place] = path
	return nil
}

// addSeries adds the files that rotate under a path.
func (p *places) addSeries(path string) error {
	s := seriesOf(path)
	taken := false
	for place := range p.names {
		taken = taken || s.holds(place)
	}
	for _, other := range p.series {
		taken = taken || s == other
	}
	if taken {
		return clash(path)
	}
	p.series = append(p.series, s)
	return nil
}

// addRows adds outputs and the files beside them.
func (p *places) addRows(all *outputs, provenance string) error {
	for _, o := range all.list {
		if err := p.add(o.path); err != nil {
			return err
		}
		if o.path == "-" || isSpecial(o.path) {
			continue
		}
		for _, path := range o.beside(provenance) {
			if err := p.add(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func clash(path string) error {
	if path == "-" {
		path = "standard output"
	}
	return usage("two outputs cannot both go to %s", path)
}

// isSpecial reports whether a name is there and stands for neither a regular file nor a
// directory: it is written in place.
func isSpecial(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// isNull reports whether a place is the null device, which may take everything.
func isNull(place string) bool {
	if place == os.DevNull {
		return true
	}
	info, err := os.Stat(place)
	null, errNull := os.Stat(os.DevNull)
	return err == nil && errNull == nil && !info.Mode().IsRegular() && os.SameFile(info, null)
}

// A series is files that follow each other, with a number of five digits or more in the name.
type series struct{ dir, stem, ext string }

func seriesOf(path string) series {
	dir := filepath.Dir(sink.Place(numbered(path, 0))) // which nothing has
	base, ext := filepath.Base(path), filepath.Ext(path)
	return series{dir: dir, stem: strings.TrimSuffix(base, ext), ext: ext}
}

// numbered is the name of a file of the series under path.
func numbered(path string, n int) string {
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%05d%s", strings.TrimSuffix(path, ext), n, ext)
}

// number is that of a file in the series' directory; 0 if it belongs elsewhere.
func (s series) number(base string) int {
	digits, ok := strings.CutPrefix(base, s.stem+"-")
	if ok {
		digits, ok = strings.CutSuffix(digits, s.ext)
	}
	const least, most = 5, 15
	if !ok || len(digits) < least || len(digits) > most || strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// holds reports whether a place is that of a file of the series.
func (s series) holds(place string) bool {
	return filepath.Dir(place) == s.dir && s.number(filepath.Base(place)) > 0
}

// last is the highest number that there is; 0 if there is none.
func (s series) last() (n int, err error) {
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
