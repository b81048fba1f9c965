package corpus

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDir: the folder beside the repository is found from every depth, and the variable wins.
func TestDir(t *testing.T) {
	t.Setenv("PINYON_CORPUS", "")
	top := t.TempDir()
	repository := filepath.Join(top, "pinyon")
	deep := filepath.Join(repository, "a", "b", "c")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	if got := Dir(); got != "" {
		t.Errorf("without a module: %q", got)
	}
	if err := os.WriteFile(filepath.Join(repository, "go.mod"), []byte("module x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := Dir(); got != "" {
		t.Errorf("without captures: %q", got)
	}
	captures := filepath.Join(top, "shared", "corpus")
	if err := os.MkdirAll(captures, 0o755); err != nil {
		t.Fatal(err)
	}
	want, err := filepath.EvalSymlinks(captures)
	if err != nil {
		t.Fatal(err)
	}
	for at := deep; at != top; at = filepath.Dir(at) {
		t.Chdir(at)
		if got, err := filepath.EvalSymlinks(Dir()); err != nil || got != want {
			t.Errorf("from %s: %q, %v; want %q", at, got, err, want)
		}
	}
	t.Setenv("PINYON_CORPUS", "elsewhere")
	if got := Dir(); got != "elsewhere" {
		t.Errorf("%q; want what the variable names", got)
	}
}
