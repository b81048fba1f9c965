package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pinyon/capinfo"
	"pinyon/config"
	"pinyon/dataset"
	"pinyon/pcap"
)

func (a *app) infoCommand() *cobra.Command {
	var asJSON bool
	var unpack unpackFlag
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Describe a capture or a feature file",
		Long: `Describe a capture: format, interfaces, times, packets, protocols, damage; or a file that
extract wrote (csv, tsv, jsonl, json-array, parquet, arrow, npy): rows, columns, missing values.
The content decides which it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.info(args[0], asJSON, &unpack) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	unpack.add(cmd)
	return cmd
}

// An unpackFlag bounds what a feature file, which may come from anybody, may unpack to.
type unpackFlag struct{ text string }

func (u *unpackFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&u.text, "max-unpacked", "", "refuse a feature file that unpacks to more than this size; 1GiB, or 100 times the file's own size if that is more")
}

// limits resolves the flag.
func (u *unpackFlag) limits() (l dataset.Limits, err error) {
	if u.text == "" {
		return l, nil
	}
	size, err := config.ParseSize(u.text)
	if err == nil && size <= 0 {
		err = fmt.Errorf("got %v; want more than 0", size)
	}
	if err != nil {
		return l, usage("--max-unpacked: %w", err)
	}
	return dataset.Limits{Unpacked: int64(size)}, nil
}

func (a *app) info(path string, asJSON bool, unpack *unpackFlag) error {
	limits, err := unpack.limits()
	if err != nil {
		return err
	}
	r, err := a.openCapture(path)
	if errors.Is(err, pcap.ErrFormat) && isRegular(path) {
		t, terr := limits.Scan(path)
		if errors.Is(terr, dataset.ErrNoTable) {
			return err
		}
		if terr != nil {
			return terr
		}
		if asJSON {
			return a.printJSON(t)
		}
		return a.writeResult("-", []byte(tableText(t)))
	}
	if err != nil {
		return err
	}
	defer r.Close()
	s := capinfo.Scan(path, r)
	if asJSON {
		err = a.printJSON(s)
	} else {
		err = a.writeResult("-", []byte(captureText(s)))
	}
	if err == nil && s.Damage != nil {
		err = &exit{status: exitIncomplete}
	}
	return err
}

// isRegular reports whether a path is a regular file, which can be read again.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (a *app) openCapture(path string) (*pcap.Reader, error) {
	if err := a.checkInput(path); err != nil {
		return nil, err
	}
	if path == "-" {
		return pcap.NewReader(a.in)
	}
	return pcap.Open(path)
}

func timeText(ns int64) string { return string(appendTime(nil, ns)) }

func appendTime(b []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000Z")
}
