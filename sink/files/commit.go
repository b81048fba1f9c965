package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Sync has what was written to a regular file reach the disk. Commit does so too; whoever
// commits several files calls it first, so that none appears if one of them fails.
func (f *File) Sync() error {
	if f.file == nil || !f.Regular() || f.synced {
		return nil
	}
	if err := f.file.Sync(); err != nil && !cannotSync(err) {
		return f.named("sync", err)
	}
	f.synced = true
	return nil
}

// seal syncs and closes a regular file, which keeps its temporary name.
func (f *File) seal() error {
	if f.file == nil {
		return nil
	}
	err := f.Sync()
	info, e := f.file.Stat()
	if err == nil {
		f.info, err = info, f.named("stat", e)
	}
	if !f.grows {
		f.temp = f.file.Name()
	}
	if e := f.file.Close(); err == nil {
		err = f.named("close", e)
	}
	f.file = nil
	return err
}

// rename gives a sealed file a name in its directory, which is synced. If replace is false
// and anything has the name the error is fs.ErrExist, and the file keeps its temporary name.
func (f *File) rename(to string, replace bool) error {
	var err error
	if replace {
		err = os.Rename(f.temp, to)
	} else {
		err = renameNew(f.temp, to)
	}
	if err != nil {
		return f.named("rename", err)
	}
	f.temp = ""
	return f.named("sync", syncDir(to))
}

// Commit closes the place and gives a regular file its name. Standard output stays open.
// After Commit, Abort does nothing.
func (f *File) Commit() error {
	if f.std || f.file == nil && f.temp == "" {
		return nil
	}
	if !f.Regular() {
		err := f.named("close", f.file.Close())
		f.file = nil
		return err
	}
	err := f.seal()
	if err == nil && !f.grows {
		err = f.rename(f.name, !f.fresh)
	}
	if err != nil {
		f.Abort()
	}
	return err
}

// mostNames is how many names are tried for a file that replaces nothing.
const mostNames = 1 << 20

// CommitFirst closes a regular file and gives it the first name, of n = 1 and so on, that
// nothing has. It returns the n.
func (f *File) CommitFirst(name func(n int) string) (int, error) {
	err := f.seal()
	for n := 1; err == nil && n <= mostNames; n++ {
		if err = f.rename(name(n), false); err == nil {
			return n, nil
		}
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err == nil {
		err = f.named("rename", fs.ErrExist)
	}
	f.Abort()
	return 0, err
}

// Cut shortens a regular file, which is not committed yet, to where complete says that the last
// complete record ends; complete is given the file's temporary name and size. Cut returns the
// number of records that stay.
func (f *File) Cut(complete func(name string, size int64) (end int64, n uint64, err error)) (uint64, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, f.named("stat", err)
	}
	end, n, err := complete(f.file.Name(), info.Size())
	if err == nil {
		err = f.file.Truncate(end)
	}
	f.synced = false
	return n, f.named("cut", err)
}

// Info is of a regular file that has its name: os.SameFile tells it from another one that
// has taken the name since.
func (f *File) Info() fs.FileInfo { return f.info }

// Abort closes the place and removes what was written to a regular file; one that had the
// name before is untouched.
func (f *File) Abort() error {
	if f.std {
		return nil
	}
	var err error
	if f.file != nil {
		temp := f.file.Name()
		err = f.named("close", f.file.Close())
		f.file = nil
		if f.Regular() && !f.grows {
			f.temp = temp
		}
	}
	if f.temp != "" {
		err = errors.Join(err, f.named("remove", os.Remove(f.temp)))
		f.temp = ""
	}
	return err
}

// kept are the permissions that a file takes over from the one that it replaces.
func kept(old fs.FileInfo) fs.FileMode {
	mode := old.Mode().Perm()
	if !ours(old) {
		mode &^= 0o022 // which another user may have set for a purpose
	}
	return mode
}

// planted reports whether a symbolic link may be a trap: it lies in a directory that others
// may write to, and belongs neither to this process's user, nor to the directory's, nor to
// the superuser. Linux has the same rule for its own lookups (fs.protected_symlinks).
func planted(link string) bool {
	dir, err := os.Stat(filepath.Dir(link))
	if err != nil || dir.Mode().Perm()&0o022 == 0 {
		return false
	}
	info, err := os.Lstat(link)
	return err == nil && !ours(info) && !sameOwner(info, dir)
}
