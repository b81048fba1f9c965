package main

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
)

//go:embed cite
var citations embed.FS

var citeForms = []string{"bibtex", "apa", "cff"}

func (a *app) citeCommand() *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "cite",
		Short: "Print how to cite Pinyon",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := citations.ReadFile("cite/" + form)
			if err != nil {
				return usage("unknown form of citation %q; forms are: %s", form, strings.Join(citeForms, ", "))
			}
			out := strings.ReplaceAll(string(text), "VERSION", pinyon.Version)
			return a.writeResult("-", []byte(out))
		},
	}
	cmd.Flags().StringVarP(&form, "format", "f", "bibtex", "bibtex, apa or cff")
	complete(cmd, "format", citeForms)
	return cmd
}
