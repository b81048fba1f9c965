//go:build unix

package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// syncDir has a name reach the disk that a file has got.
func syncDir(name string) error {
	dir, err := os.Open(filepath.Dir(name))
	if errors.Is(err, fs.ErrPermission) { // one that may be written but not read
		dir, err = os.Open(name) // of which file systems with a journal write the name too
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !cannotSync(err) {
		return err
	}
	return nil
}

// cannotSync reports whether an error says that the file system knows no sync.
func cannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOTSUP)
}

// linkNew gives a file a name that nothing has, by a second link.
func linkNew(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

func owner(info fs.FileInfo) (uid uint32, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return s.Uid, true
}

// ours reports whether a file belongs to this process's user or to the superuser.
func ours(info fs.FileInfo) bool {
	uid, ok := owner(info)
	return !ok || uid == 0 || int(uid) == os.Geteuid()
}

func sameOwner(a, b fs.FileInfo) bool {
	x, okA := owner(a)
	y, okB := owner(b)
	return okA && okB && x == y
}
