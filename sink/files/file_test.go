package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) *File {
	t.Helper()
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range list {
		all = append(all, e.Name())
	}
	return all
}

func TestFileCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	f := write(t, path, "new")
	if got := names(t, dir); len(got) != 1 || !strings.HasPrefix(got[0], ".out.csv.tmp-") {
		t.Fatalf("before Commit: %q", got)
	}
	if !f.Regular() {
		t.Error("not regular")
	}
	if err := errors.Join(f.Commit(), f.Commit(), f.Abort()); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 1 || content(t, path) != "new" {
		t.Errorf("after Commit: %q", got)
	}
}

func TestFileAbort(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := write(t, path, "half").Abort(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 1 || content(t, path) != "old" {
		t.Errorf("after Abort: %q", got)
	}
}

func TestFileKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Chmod(path, 0o604), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	if err := write(t, link, "new").Commit(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || content(t, path) != "new" {
		t.Errorf("link became %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := errors.Join(os.Symlink("later", dangling), write(t, dangling, "x").Commit()); err != nil {
		t.Fatal(err)
	}
	if content(t, filepath.Join(dir, "later")) != "x" {
		t.Error("dangling link not followed")
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(loop); err == nil {
		t.Error("loop of links: no error")
	}
}

func TestFileInPlace(t *testing.T) {
	if _, err := os.Stat(os.DevNull); err != nil {
		t.Skip(err)
	}
	f := write(t, os.DevNull, "x")
	if f.Regular() {
		t.Error("device taken for a regular file")
	}
	if _, err := f.Seek(0, io.SeekStart); err == nil {
		t.Error("seek in a device: no error")
	}
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"-", "/dev/stdout", "/proc/self/fd/1"} {
		f, err := Create(name)
		if err != nil || f.Regular() || f.file != os.Stdout {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		if err := errors.Join(f.Commit(), f.Abort()); err != nil {
			t.Error(err)
		}
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(dir); err == nil {
		t.Error("directory: no error")
	}
	if _, err := Create(filepath.Join(dir, "no", "such")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	f, err := Create("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if _, err := f.Write([]byte("x")); err == nil || !strings.Contains(err.Error(), "/dev/full") {
		t.Errorf("full device: %v", err)
	}
	long := filepath.Join(dir, strings.Repeat("n", 255))
	if err := write(t, long, "x").Commit(); err != nil {
		t.Error(err)
	}
}

// TestPlace: names of one file have one place.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o777); err != nil {
		t.Fatal(err)
	}
	if os.Symlink("real", filepath.Join(dir, "lnk")) != nil || os.Symlink("lnk/x", filepath.Join(dir, "file")) != nil {
		t.Skip("no symbolic links")
	}
	want := Place(filepath.Join(dir, "real", "x"))
	for _, name := range []string{"lnk/x", "real/../lnk/x", "file"} {
		if got := Place(dir + "/" + name); got != want {
			t.Errorf("%s: got %s; want %s", name, got, want)
		}
	}
	for _, name := range []string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"} {
		if got := Place(name); got != "-" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
