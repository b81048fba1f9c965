package watch

import (
	"errors"
	"io/fs"
	"os"
)

// An identity is what tells a file as it is from what it was before.
type identity struct {
	Size   int64  `json:"size"`
	Time   int64  `json:"mtime"` // of its last change, ns since 1970
	Device uint64 `json:"dev,omitempty"`
	Inode  uint64 `json:"ino,omitempty"` // 0 where the system has none
}

// identify looks at a file, behind a link if it is one. What is no regular file is an error.
func identify(path string) (identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, err
	}
	if !info.Mode().IsRegular() {
		return identity{}, &fs.PathError{Op: "watch", Path: path, Err: errors.New("is no regular file")}
	}
	return identityOf(info), nil
}

func identityOf(info fs.FileInfo) identity {
	id := identity{Size: info.Size(), Time: info.ModTime().UnixNano()}
	id.Device, id.Inode = inode(info)
	return id
}

// unchanged reports whether a file has the size and time that it had.
func (a identity) unchanged(b identity) bool { return a.Size == b.Size && a.Time == b.Time }

// sameFile reports whether both are one file, whatever its names, as far as the system tells.
func (a identity) sameFile(b identity) bool {
	return a.Inode != 0 && a.Inode == b.Inode && a.Device == b.Device
}
