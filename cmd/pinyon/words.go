package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pinyon/config"
	"pinyon/internal/near"
)

// Messages of the libraries below speak of their own terms. What follows says the same in the
// words of the command line: flags, arguments and the command that was meant.

// speak has a command and those below it say what is wrong with a command line.
func speak(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(flagError)
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) == nil {
				return nil
			}
			return argumentError(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		speak(c)
	}
}

// flagError is an error of reading flags.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &value):
		return fmt.Errorf("--%s: %w", value.GetFlag().Name, whyNot(value))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		add := func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		}
		cmd.Flags().VisitAll(add)
		cmd.InheritedFlags().VisitAll(add)
		hint := elsewhereFlag(cmd, unknown.GetSpecifiedName())
		if w := near.Word(unknown.GetSpecifiedName(), names); w != "" {
			hint = "; did you mean --" + w + "?"
		}
		return fmt.Errorf("unknown flag --%s%s", unknown.GetSpecifiedName(), hint)
	}
	return err
}

// elsewhereFlag says which other commands have a flag.
func elsewhereFlag(cmd *cobra.Command, name string) string {
	var have []string
	for _, c := range cmd.Root().Commands() {
		if c != cmd && !c.Hidden && c.Flags().Lookup(name) != nil {
			have = append(have, c.Name())
		}
	}
	if have == nil {
		return ""
	}
	return "; " + strings.Join(have, ", ") + " would take it"
}

// whyNot is why a value of a flag was refused. What strconv says is said again.
func whyNot(e *pflag.InvalidValueError) error {
	cause := e.Unwrap()
	text := cause.Error()
	if !strings.Contains(text, "strconv.") && !strings.Contains(text, "invalid syntax") {
		return cause
	}
	want := map[string]string{
		"int": "a whole number", "uint64": "a whole number of 0 or more", "float64": "a number", "bool": "true or false", "count": "a whole number",
		"duration": "a time such as 90s, 5m, 2h",
	}[e.GetFlag().Value.Type()]
	if want == "" {
		want = "a " + e.GetFlag().Value.Type()
	}
	return fmt.Errorf("got %q; want %s", e.GetValue(), want)
}

// argumentError says which arguments a command takes, or which command was meant.
func argumentError(cmd *cobra.Command, args []string) error {
	if cmd.HasSubCommands() && len(args) > 0 {
		var names []string
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				names = append(append(names, c.Name()), c.Aliases...)
			}
		}
		return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), near.Hint(args[0], names))
	}
	_, takes, _ := strings.Cut(cmd.Use, " ")
	switch {
	case takes == "" || takes == "[FLAGS]":
		return fmt.Errorf("%s takes no argument; got %q", cmd.Name(), args[0])
	case len(args) == 0:
		return fmt.Errorf("an argument is missing; want %s %s", cmd.CommandPath(), takes)
	}
	return fmt.Errorf("got %d arguments; want %s %s", len(args), cmd.CommandPath(), takes)
}

// byFlag says an error of the configuration in terms of whoever set the key: the flag, the
// variable, or the file.
func (c *configFlags) byFlag(err error) error {
	var ce *config.Error
	if !errors.As(err, &ce) || ce.Path != "" || ce.Key == "" {
		return usage("%w", err)
	}
	for _, k := range config.Keys() {
		if k.Name != ce.Key {
			continue
		}
		if len(c.values[k.Name]) == 0 {
			for _, name := range k.Env {
				if os.Getenv(name) != "" {
					return usage("%s: %w", name, ce.Err)
				}
			}
			if paths := c.files(); len(paths) > 0 {
				if at := config.Locate(err, paths...); at != err {
					return usage("%w", at)
				}
				return usage("%s: %s: %w", strings.Join(paths, ", "), k.Name, ce.Err)
			}
		}
		return usage("--%s: %w", k.Flag, ce.Err)
	}
	return usage("%w", err)
}
