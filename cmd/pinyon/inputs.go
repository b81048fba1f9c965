package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pinyon"
	"pinyon/source"
	"pinyon/source/all"
	"pinyon/source/file"
)

// captureNames are the endings of captures in a directory, packed or not.
var captureNames = []string{".pcap", ".pcapng", ".cap"}

func isCaptureName(name string) bool {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	for _, end := range captureNames {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// inputs are what a run reads, in order.
type inputs struct {
	list   []pinyon.Input
	merged []pinyon.Input // what the only one of list is made of; nil if it is one itself
	infos  []fs.FileInfo  // of the regular files, for comparison with outputs
	sizes  []int64        // by input, of those merged; 0 where there is none
	total  int64          // sum of sizes
	known  bool           // every input has a size
	run    *source.Run
	live   *liveInput // of devices; nil of files
	below  []string   // directories whose captures in directories below are not read
}

// close closes what belongs to the inputs beside their sources.
func (in *inputs) close() error {
	if in.live == nil {
		return nil
	}
	return in.live.close()
}

// sources are the kinds of source of this build.
var sources = all.Sources()

// findInputs resolves the arguments. What cannot be found is an input that fails in its
// turn, so that the others are read. Pipes and devices end when run.Stop is closed.
func findInputs(args []string, recursive bool, run *source.Run) (*inputs, error) {
	in := &inputs{known: true, run: run}
	stdin := false
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err == nil && arg != "-" {
			if !info.IsDir() {
				in.add(file.Input(arg, run), info)
			} else if err := in.addDir(arg, recursive); err != nil {
				in.fail(arg, err)
			}
			continue
		}
		to, err := sources.Parse(arg)
		if err != nil {
			in.fail(arg, err)
			continue
		}
		one, err := to.Source.Input(to, run)
		if err != nil {
			in.fail(arg, err)
			continue
		}
		info = nil
		if one.Name == "-" {
			if stdin {
				return nil, usage("standard input is given twice")
			}
			stdin = true
			info = stat(run.Stdin)
		} else if !one.Live {
			info, _ = os.Stat(one.Name)
		}
		in.add(one, info)
	}
	return in, nil
}

// stat is what is known of standard input.
func stat(r io.Reader) fs.FileInfo {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			return info
		}
	}
	return noFile{}
}

// noFile stands for what is no file.
type noFile struct{ fs.FileInfo }

func (noFile) Mode() fs.FileMode { return fs.ModeNamedPipe }

// add adds an input; info is nil of what is not there.
func (in *inputs) add(one source.Input, info fs.FileInfo) {
	size := int64(0)
	switch {
	case one.Live, info != nil && !info.Mode().IsRegular():
		in.known = false
	case info != nil:
		in.infos = append(in.infos, info)
		size = info.Size()
	}
	in.list = append(in.list, one)
	in.sizes = append(in.sizes, size)
	in.total += size
}

func (in *inputs) fail(name string, err error) {
	in.list = append(in.list, pinyon.Input{Name: name, Open: func() (source.Source, error) { return nil, err }})
	in.sizes = append(in.sizes, 0)
}

// addDir adds the captures of a directory, sorted by name. Names decide which files are
// looked at, contents whether they are captures.
func (in *inputs) addDir(dir string, recursive bool) error {
	n := len(in.list)
	var deeper []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			in.fail(path, err)
			return nil
		case d.IsDir() && path != dir && !recursive:
			deeper = append(deeper, path)
			return fs.SkipDir
		case d.IsDir() || !isCaptureName(d.Name()):
			return nil
		}
		info, err := os.Stat(path) // follows links to files
		if err == nil && info.IsDir() {
			return nil
		}
		in.add(file.Input(path, in.run), info)
		return nil
	})
	below := slices.ContainsFunc(deeper, holdsCaptures)
	switch {
	case err != nil:
		return err
	case len(in.list) == n && below:
		return fmt.Errorf("%s: the captures of this directory lie in directories below: --recursive reads them", dir)
	case len(in.list) == n:
		return fmt.Errorf("%s: no file in this directory is named %s, or so with .gz or .zst", dir, strings.Join(captureNames, ", "))
	case below:
		in.below = append(in.below, dir)
	}
	return nil
}

// mostEntries is how many names holdsCaptures looks at before it gives up.
const mostEntries = 100_000

// holdsCaptures reports whether a capture lies in a directory or below it.
func holdsCaptures(dir string) (found bool) {
	n := 0
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		n++
		found = err == nil && !d.IsDir() && isCaptureName(d.Name())
		if found || n == mostEntries {
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// hashes are the SHA-256 sums of the inputs, in hex; "" for what is not a regular file or
// cannot be read, which the run will tell.
func (in *inputs) hashes() []string {
	list := in.list
	if in.merged != nil {
		list = in.merged
	}
	sums := make([]string, len(list))
	for i := range list {
		if list[i].Name != "-" {
			sums[i], _ = fileHash(list[i].Name)
		}
	}
	return sums
}

func fileHash(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
