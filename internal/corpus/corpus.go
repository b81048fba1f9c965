// Package corpus finds the real captures that tests are held against where they lie beside the
// repository. No test requires them.
package corpus

import (
	"os"
	"path/filepath"
)

// Dir is the folder of captures: the one that the variable PINYON_CORPUS names, or shared/corpus
// beside the folder that holds go.mod, wherever in the repository a test runs. It is empty if
// there is none.
func Dir() string {
	if dir := os.Getenv("PINYON_CORPUS"); dir != "" {
		return dir
	}
	at, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(at)
		if up == at {
			return ""
		}
		at = up
	}
	dir := filepath.Join(filepath.Dir(at), "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}
