// Package files has what sinks that write files share: a file that appears under its name
// when it is complete (File), the sink that a format makes of one (Output), several outputs
// that get the same rows and appear together (Outputs), and the places that may not meet
// (Places).
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"pinyon/sink"
)

// A File is where a sink's bytes go: standard output, a device or pipe that is written in
// place, or a regular file that appears under its name only when it is complete. Until
// Commit such a file is called .NAME.tmp-PID-RANDOM, in the same directory; a killed process
// leaves that, and never a file under the name that looks finished. What Commit has given its
// name survives a crash of the machine: the file and its directory have reached the disk.
type File struct {
	file   *os.File
	to     io.Writer   // what Write writes to; file if nil
	path   string      // as given, for errors
	name   string      // of the finished file; "" if written in place
	std    bool        // standard output or error: not ours to close
	fresh  bool        // made by CreateNew: replaces nothing
	grows  bool        // made by follow: it has its name from the beginning
	synced bool        // what was written has reached the disk
	temp   string      // the temporary name of a file that is complete and closed; "" otherwise
	info   fs.FileInfo // of the complete file
}

// Create opens the place called path. "-" is standard output, and so are /dev/stdout and
// its like, whatever stands behind them. A name that exists as a device or FIFO is written
// in place. A symbolic link to a regular file stays; what it points to is replaced. Errors
// name path, and no temporary name.
//
// A link that another user made in a directory that others may write to is not followed, and
// is an error.
func Create(path string) (*File, error) {
	f, err := create(path)
	return f, named(path, err)
}

// CreateNew makes a file that replaces nothing: of a series, whose names another run may have
// taken, or that somebody else could guess. What path means is not looked at before Commit,
// which returns fs.ErrExist if anything has the name by then, a symbolic link included.
func CreateNew(path string) (*File, error) {
	f, err := createTemp(path, path, nil)
	if err != nil {
		return nil, named(path, err)
	}
	f.fresh = true
	return f, nil
}

// Follows reports whether a sink's files may grow under their own names: each line says all.
func Follows(d *sink.Descriptor) bool {
	return d.Stream != nil && d.Stream.Lines
}

// follow is Create of a regular file that grows under its own name, and stays whatever becomes of
// the run. What was there before goes at once, and what lay beside it.
func follow(path string) (*File, error) {
	f, err := Create(path)
	if err != nil || !f.Regular() {
		return f, err
	}
	info, err := f.file.Stat()
	if err := errors.Join(err, f.Abort()); err != nil {
		return nil, named(path, err)
	}
	for _, suffix := range append([]string{""}, besides...) {
		if old, err := os.Lstat(f.name + suffix); err == nil && old.Mode().IsRegular() {
			if err := os.Remove(f.name + suffix); err != nil {
				return nil, named(path, err)
			}
		}
	}
	// O_EXCL follows no link that came since, and takes no other run's file.
	if f.file, err = os.OpenFile(f.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, info.Mode().Perm()); err != nil {
		return nil, named(path, err)
	}
	f.grows = true
	return f, nil
}

// named is an error of making a file with the name that was asked for.
func named(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &fs.PathError{Op: "create", Path: path, Err: pe.Err}
	}
	return err
}

func create(path string) (*File, error) {
	name, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if f := standard(name); f != nil {
		return &File{file: f, path: path, std: true}, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return createTemp(path, name, nil)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "create", Path: path, Err: errors.New("is a directory")}
	}
	// Without O_TRUNC: a device has no length, and a file is replaced only by a whole one.
	// That it can be opened is what its permissions ask.
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || isDescriptor(name) {
		return &File{file: f, path: path}, nil
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return createTemp(path, name, info)
}

// Place is one name for what Create(path) would write, whichever way path leads there: "-" if
// that is standard output, else an absolute name whose directory has no symbolic links.
func Place(path string) string {
	name, err := resolve(path)
	if err != nil {
		name = path
	}
	switch standard(name) {
	case os.Stdout:
		return "-"
	case os.Stderr:
		return "/dev/stderr"
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	dir, base := filepath.Split(name)
	if to, err := filepath.EvalSymlinks(dir); err == nil {
		dir = to
	}
	return filepath.Join(dir, base)
}

// standard is the process's own output if the name stands for one. It is used as it is:
// opening the name anew would start at the beginning of a file that others append to.
func standard(name string) *os.File {
	switch filepath.Clean(name) {
	case "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
		return os.Stdout
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
		return os.Stderr
	}
	return nil
}

// resolve follows symbolic links to the name that is to be replaced, which need not exist.
// It stops at names of open descriptors: their links tell where, not what, they are.
func resolve(path string) (string, error) {
	for range 40 { // as many links as Linux follows
		if isDescriptor(path) {
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil
		}
		if planted(path) {
			return "", &fs.PathError{Op: "create", Path: path, Err: ErrPlanted}
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", &fs.PathError{Op: "create", Path: path, Err: errors.New("too many symbolic links")}
}

// isDescriptor reports whether the name stands for an open file of a process.
func isDescriptor(path string) bool {
	path = filepath.Clean(path)
	dir := filepath.Dir(path)
	ok, _ := filepath.Match("/proc/*/fd", dir)
	return ok || dir == "/dev/fd" || standard(path) != nil
}

// ErrPlanted is the error for a link that somebody else has put where others write, such as
// /tmp: following it would write wherever they like.
var ErrPlanted = errors.New("is a symbolic link of another user in a directory that others may write to")

// createTemp makes the temporary file of name. An existing file's permissions are kept, of
// another user's file without what lets others write; a new one gets what the process gives
// files. O_EXCL follows no link.
func createTemp(path, name string, old fs.FileInfo) (*File, error) {
	for range 100 {
		temp := fmt.Sprintf("%s%d-%08x", tempPrefix(name), os.Getpid(), rand.Uint32())
		f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if old != nil {
			if err := f.Chmod(kept(old)); err != nil {
				f.Close()
				os.Remove(temp)
				return nil, err
			}
		}
		return &File{file: f, path: path, name: name}, nil
	}
	return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
}

// tempPrefix is what the name of a file that is not complete begins with.
func tempPrefix(name string) string {
	dir, base := filepath.Split(name)
	const longest = 200 // a name has 255 bytes at most
	return filepath.Join(dir, "."+base[:min(len(base), longest)]+".tmp-")
}

// Family are the names that an output called path, and what belongs beside it, have once they are
// complete, the output's first.
func Family(path string) []string {
	names := []string{path}
	for _, suffix := range besides {
		names = append(names, path+suffix)
	}
	return names
}

// Temporary are files that runs have left, or that runs at work are writing, of an output called
// path and of what belongs beside it.
func Temporary(path string) (names []string, err error) {
	dir := filepath.Dir(path)
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		name := filepath.Join(dir, e.Name())
		for _, member := range Family(path) {
			if strings.HasPrefix(name, tempPrefix(member)) {
				names = append(names, name)
				break
			}
		}
	}
	return names, nil
}

// WriteFile gives path its contents at once: whoever opens it finds all of them.
func WriteFile(path string, b []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// Write writes to the place. Errors name the path that Create was given.
func (f *File) Write(p []byte) (int, error) {
	f.synced = false
	var to io.Writer = f.file
	if f.to != nil {
		to = f.to
	}
	n, err := to.Write(p)
	return n, f.named("write", err)
}

// Seek moves in a regular file; other places return an error.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if !f.Regular() {
		return 0, &fs.PathError{Op: "seek", Path: f.path, Err: errors.New("not a regular file")}
	}
	n, err := f.file.Seek(offset, whence)
	return n, f.named("seek", err)
}

// Regular reports whether the place is a regular file under a name of its own, beside
// which other files may be put.
func (f *File) Regular() bool { return f.name != "" }

// temporary is the name that the file has until it is complete.
func (f *File) temporary() string {
	if f.temp != "" || f.file == nil || !f.Regular() || f.grows {
		return f.temp
	}
	return f.file.Name()
}

func (f *File) named(op string, err error) error {
	if err == nil {
		return nil
	}
	var inner *fs.PathError
	var link *os.LinkError
	if errors.As(err, &inner) {
		err = inner.Err
	} else if errors.As(err, &link) {
		err = link.Err
	} else if temp := f.temporary(); temp != "" && strings.Contains(err.Error(), temp) {
		err = errors.New(strings.ReplaceAll(err.Error(), temp, f.path))
	}
	return &fs.PathError{Op: op, Path: f.path, Err: err}
}

var _ io.WriteSeeker = (*File)(nil)
