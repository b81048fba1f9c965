package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/capture"
	"pinyon/capture/settings"
	"pinyon/config"
	"pinyon/internal/plain"
)

// settingsForms are the forms of a file for a capture by their names.
var settingsForms = map[string]settings.Form{settings.Guide.String(): settings.Guide, settings.Code.String(): settings.Code}

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Write, check, convert and explain configuration files",
		Long: `Write, check, convert and explain configuration files. A file is flat, for extract and live, or
it tells a capture what to do, in one of two forms: guide, below the key sniffer, or code, in
the sections interface, capture, logging, export, performance and security.`,
		Example: `  pinyon config init sensor.yaml
  pinyon config validate sensor.yaml production.yaml
  pinyon config convert sensor.yaml --form code
  pinyon config explain sensor.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configInit(), a.configValidate(), a.configConvert(), a.configExplain())
	return cmd
}

// addForm adds the flag that names a form.
func addForm(cmd *cobra.Command, to *string, also ...string) {
	words := append([]string{"guide", "code"}, also...)
	cmd.Flags().StringVar(to, "form", "guide", "form of the file: "+strings.Join(words, ", "))
	complete(cmd, "form", words)
}

func (a *app) configInit() *cobra.Command {
	var form string
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a file with every key, its default and a sentence",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := config.Default().ToYAML()
			if f, ok := settingsForms[form]; ok {
				data, err = settings.Default().ToYAML(f, true)
			} else if form != "flat" {
				return usage("--form: got %q; want guide, code or flat", form)
			}
			if err != nil {
				return err
			}
			if len(args) == 0 || args[0] == "-" {
				return a.writeResult("-", data)
			}
			flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if force {
				flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
			}
			out, err := os.OpenFile(args[0], flags, 0o644)
			if errors.Is(err, os.ErrExist) {
				return usage("%s is there; --force overwrites it", args[0])
			}
			if err != nil {
				return err
			}
			_, err = out.Write(data)
			return errors.Join(err, out.Close())
		},
	}
	addForm(cmd, &form, "flat")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	return cmd
}

// isSettings reports whether a file is for a capture.
func isSettings(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return err == nil && settings.Is(data), err
}

// loadSettings reads files that are all for a capture, or all flat; the one that is not is nil.
func loadSettings(paths []string) (*settings.Capture, *config.Config, error) {
	first, err := isSettings(paths[0])
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths[1:] {
		if is, err := isSettings(path); err != nil {
			return nil, nil, err
		} else if is != first {
			return nil, nil, usage("%s and %s: one is for a capture, the other is flat", paths[0], path)
		}
	}
	if first {
		c, err := settings.Load(paths[0], paths[1:]...)
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			return nil, nil, &exit{exitUsage, err}
		}
		return c, nil, nil
	}
	c, err := config.Load(paths[0], paths[1:]...)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		var e *config.Error
		if err = config.Locate(err, paths...); errors.As(err, &e) && e.Path == "" {
			err = fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
		}
		return nil, nil, &exit{exitUsage, err}
	}
	return nil, c, nil
}

func (a *app) configValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check files, a later one over those before it",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, flat, err := loadSettings(args)
			if err != nil {
				return err
			}
			var notices []string
			if c != nil {
				notices = c.Notices()
			} else {
				notices = flat.Warnings()
			}
			for _, n := range notices {
				a.say("note: %s", n)
			}
			return a.writeResult("-", []byte(strings.Join(plain.All(args), ", ")+": valid\n"))
		},
	}
}

func (a *app) configConvert() *cobra.Command {
	var form, out string
	cmd := &cobra.Command{
		Use:   "convert FILE...",
		Short: "Write files for a capture as one, in either form",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, ok := settingsForms[form]
			if !ok {
				return usage("--form: got %q; want guide or code", form)
			}
			c, _, err := loadSettings(args)
			if err != nil {
				return err
			}
			if c == nil {
				return usage("%s: a flat file has one form", args[0])
			}
			data, err := c.ToYAML(f, false)
			if err != nil {
				return err
			}
			return a.writeResult(out, data)
		},
	}
	addForm(cmd, &form)
	cmd.Flags().StringVarP(&out, "output", "o", "-", "file to write; - is standard output")
	return cmd
}

func (a *app) configExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain FILE...",
		Short: "Say what files come to: every value and where it is from, the filter, the device",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, flat, err := loadSettings(args)
			if err != nil {
				return err
			}
			if c == nil {
				return a.writeResult("-", []byte(flat.Explain()))
			}
			var b strings.Builder
			b.WriteString(c.Explain())
			o, err := capture.FromConfig(c)
			if err != nil {
				return err
			}
			device := strings.Join(o.Interfaces, ", ")
			if device == "" {
				device = "the most useful one"
			}
			fmt.Fprintf(&b, "\ncaptures from: %s\nfilter: %s\n", device, or(o.Filter, "none"))
			for _, n := range c.Notices() {
				fmt.Fprintf(&b, "note: %s\n", n)
			}
			return a.writeResult("-", []byte(b.String()))
		},
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
