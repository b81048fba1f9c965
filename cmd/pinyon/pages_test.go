package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPages runs the commands of the pages, which stand behind "$ pinyon" in blocks of console,
// in a folder in which testdata lies, and expects what the pages show: standard output first, then standard error.
func TestPages(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), "\n```console\n")
		if !found {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink(filepath.Join(root, "testdata"), filepath.Join(dir, "testdata")); err != nil {
				t.Skip("no symbolic links: ", err)
			}
			t.Chdir(dir)
			for found {
				var block string
				block, rest, _ = strings.Cut(rest, "\n```\n")
				for _, said := range strings.Split(block, "$ pinyon ")[1:] {
					said = strings.ReplaceAll(said, "\\\n", " ")
					line, shown, _ := strings.Cut(said, "\n")
					_, stdout, stderr := runPinyon(t, strings.Fields(strings.ReplaceAll(line, "'", ""))...)
					if got := strings.TrimRight(stdout+stderr, "\n"); got != strings.TrimRight(shown, "\n") {
						t.Errorf("pinyon %s prints\n%s\nnot\n%s", line, got, shown)
					}
					ran++
				}
				_, rest, found = strings.Cut(rest, "\n```console\n")
			}
		})
	}
	if ran < 5 {
		t.Errorf("only %d commands were found", ran)
	}
}
