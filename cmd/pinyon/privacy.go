package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"

	"pinyon"
	"pinyon/column"
	"pinyon/feature"
)

// salt sets the salt that --random-salt and --anonymization-salt-file ask for. A file that is made
// is readable by its owner only.
func (x *extraction) salt(cfg *pinyon.Config) error {
	if !x.randomSalt && x.saltFile == "" {
		return nil
	}
	if cfg.AnonymizationSalt != "" {
		return usage("--random-salt, --anonymization-salt-file: there is a salt already")
	}
	if x.saltFile == "" {
		cfg.AnonymizationSalt = rand.Text()
		return nil
	}
	b, err := os.ReadFile(x.saltFile)
	if x.randomSalt && errors.Is(err, fs.ErrNotExist) {
		b = []byte(rand.Text() + "\n")
		var f *os.File
		if f, err = os.OpenFile(x.saltFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			_, err = f.Write(b)
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return err
	}
	if cfg.AnonymizationSalt = strings.TrimRight(string(b), "\r\n"); cfg.AnonymizationSalt == "" {
		return usage("--anonymization-salt-file: %s is empty", x.saltFile)
	}
	return nil
}

// uncovered are the columns that may tell of a person as they are: by their declarations, and by
// what is anonymized. A salted flow_id and hashes are not among them.
func uncovered(cfg *pinyon.Config, s *column.Schema) (names []string) {
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Privacy == feature.Safe:
		case f.Name == "flow_id" && cfg.AnonymizationSalt != "":
		case cfg.AnonymizeIPs && (f.Name == "src_ip" || f.Name == "dst_ip"):
		default:
			names = append(names, f.Out)
		}
	}
	return names
}
