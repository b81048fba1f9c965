package files

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrorsNameTheFinalFile is of an error that tells of the temporary file in its words.
func TestErrorsNameTheFinalFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flows.csv")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	_, err = f.Cut(func(name string, _ int64) (int64, uint64, error) {
		return 0, 0, fmt.Errorf("%s: %w", name, errors.New("damaged"))
	})
	if err == nil || strings.Contains(err.Error(), ".tmp-") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
