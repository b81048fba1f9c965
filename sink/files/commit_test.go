package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// TestCreateNew: a file of CreateNew replaces nothing, not even what a link points to.
func TestCreateNew(t *testing.T) {
	for kind, plant := range map[string]func(path, victim string) error{
		"file":      func(path, _ string) error { return os.WriteFile(path, []byte("other"), 0o600) },
		"directory": func(path, _ string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path, victim string) error { return os.Symlink(victim, path) },
		"dangling":  func(path, _ string) error { return os.Symlink("nothing", path) },
	} {
		dir := t.TempDir()
		path, victim := filepath.Join(dir, "out"), filepath.Join(dir, "victim")
		if err := os.WriteFile(victim, []byte("victim"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := CreateNew(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := plant(path, victim); err != nil {
			t.Skip(err)
		}
		if _, err := f.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		var pe *fs.PathError
		if err := f.Commit(); !errors.Is(err, fs.ErrExist) || !errors.As(err, &pe) || pe.Path != path {
			t.Errorf("%s: %v", kind, err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"out", "victim"}) || content(t, victim) != "victim" {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

// TestCommitFirst: many at once each get a name of their own, and what was there stays.
func TestCommitFirst(t *testing.T) {
	dir := t.TempDir()
	name := func(n int) string { return filepath.Join(dir, fmt.Sprint("out-", n)) }
	if err := os.WriteFile(name(2), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	const many = 40
	got := make([]int, many)
	var all sync.WaitGroup
	for i := range many {
		f, err := CreateNew(name(1))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, i)
		all.Go(func() {
			var err error
			if got[i], err = f.CommitFirst(name); err != nil {
				t.Error(err)
			}
			if info, err := os.Lstat(name(got[i])); err != nil || !os.SameFile(info, f.Info()) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	for i, n := range got {
		if content(t, name(n)) != fmt.Sprint(i) {
			t.Errorf("file %d went to %d, which holds %s", i, n, content(t, name(n)))
		}
	}
	if len(names(t, dir)) != many+1 || content(t, name(2)) != "old" {
		t.Errorf("%q", names(t, dir))
	}
}

// TestPlanted: a link is followed if whoever could have planted it may write there anyway.
func TestPlanted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can make files of other users")
	}
	const other, third = 1234, 1235
	for _, c := range []struct {
		mode           fs.FileMode
		dirOwner, link int
		planted        bool
	}{
		{0o1777, 0, other, true},
		{0o777, 0, other, true},
		{0o770, 0, other, true},
		{0o1777, other, other, false},
		{0o1777, other, third, true},
		{0o1777, 0, 0, false},
		{0o755, 0, other, false},
	} {
		dir := filepath.Join(t.TempDir(), "shared")
		victim := filepath.Join(t.TempDir(), "victim")
		link := filepath.Join(dir, "out.csv")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(victim, []byte("victim"), 0o600),
			os.Symlink(victim, link), os.Lchown(link, c.link, -1), os.Chown(dir, c.dirOwner, -1), os.Chmod(dir, unixMode(c.mode))); err != nil {
			t.Skip(err)
		}
		f, err := Create(link)
		if err == nil {
			f.Abort()
		}
		if errors.Is(err, ErrPlanted) != c.planted || err != nil && !c.planted {
			t.Errorf("%+v: %v", c, err)
		}
	}
	// What another user lets everybody write is not what this user lets them.
	path := filepath.Join(t.TempDir(), "open")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o666), os.Chown(path, other, -1)); err != nil {
		t.Skip(err)
	}
	if err := write(t, path, "new").Commit(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func unixMode(m fs.FileMode) fs.FileMode {
	if m&0o1000 != 0 {
		return m.Perm() | fs.ModeSticky
	}
	return m
}
