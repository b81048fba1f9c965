package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pinyon/sink/files"
)

// after moves or removes a file that is done, if it is still the one that was.
func (w *Watcher) after(path string, r *record) {
	if w.o.Move == "" && !w.o.Delete {
		return
	}
	from := w.full(path)
	id, err := identify(from)
	if err != nil || !id.unchanged(r.identity) {
		return
	}
	if w.o.Delete {
		err = os.Remove(from)
	} else {
		err = moveFile(from, filepath.Join(w.o.Move, filepath.FromSlash(path)))
	}
	if err == nil {
		return // the journal keeps the record for a while: should the file come back as it was, it is done
	}
	w.stats.stuck.Add(1)
	w.tell(Event{Kind: Stuck, Path: path, Err: err})
}

// moveFile gives a file another name, which replaces nothing: a number goes behind a name that is
// taken. Across file systems it is copied.
func moveFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	name := to
	for i := 2; ; i++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return err
		}
		ext := filepath.Ext(to)
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(to, ext), i, ext)
	}
	err := os.Rename(from, name)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if err := copyFile(from, name); err != nil {
		return err
	}
	return os.Remove(from)
}

// copyFile copies a file under a new name, with its time.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := files.CreateNew(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Abort())
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// A failure is what the list of files that were given up has of one: failed/PATH.json in the
// directory of outputs.
type failure struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Error string `json:"error"`
}

func (w *Watcher) failureName(path string) string {
	return filepath.Join(filepath.Dir(w.o.Journal), "failed", filepath.FromSlash(path)+".json")
}

// writeFailure puts a file on the list of those that were given up.
func (w *Watcher) writeFailure(r *record) error {
	name := w.failureName(r.Path)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	b, err := json.Marshal(failure{w.full(r.Path), r.Size, r.Error})
	if err != nil {
		return err
	}
	return files.WriteFile(name, append(b, '\n'))
}

// forgive takes a file off the list.
func (w *Watcher) forgive(path string) error {
	err := os.Remove(w.failureName(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeTemporary removes what runs that were killed have left of an output that did not get its
// name, and of what lies beside it.
func removeTemporary(output string) error {
	list, err := files.Temporary(output)
	for _, name := range list {
		if e := os.Remove(name); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeOutput removes an output, if it is there, and what lies beside it.
func removeOutput(output string) error {
	var first error
	for _, name := range files.Family(output) {
		if err := os.Remove(name); first == nil && err != nil && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
	}
	return first
}
