package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/extract"
	"pinyon/feature"
	"pinyon/internal/near"
	"pinyon/internal/plain"
)

func profileNames() []string {
	var names []string
	for _, p := range feature.Profiles {
		names = append(names, string(p))
	}
	return names
}

// profileColumns are the columns of a profile in column order; of one group, unless it is "".
func profileColumns(p feature.Profile, group string) []feature.Desc {
	return slices.DeleteFunc(extract.All(), func(d feature.Desc) bool {
		return d.Profile != p || group != "" && d.Group != group
	})
}

func ids(ds []feature.Desc) []string {
	out := make([]string, len(ds))
	for i := range ds {
		out[i] = ds[i].ID()
	}
	return out
}

func (a *app) profilesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List, show and check the profiles: tiers of columns by the stability they promise",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.profilesList(), a.profilesShow(), a.profilesValidate())
	return cmd
}

func (a *app) profilesList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print name and number of columns of every profile",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				type profile struct {
					Count    int      `json:"feature_count"`
					Features []string `json:"features"`
				}
				all := map[string]profile{}
				for _, p := range feature.Profiles {
					f := ids(profileColumns(p, ""))
					all[string(p)] = profile{len(f), f}
				}
				return a.printJSON(all)
			}
			var b strings.Builder
			for _, p := range feature.Profiles {
				fmt.Fprintf(&b, "%-15s %4d features\n", p, len(profileColumns(p, "")))
			}
			return a.writeResult("-", []byte(b.String()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) profilesShow() *cobra.Command {
	var asJSON bool
	var group string
	cmd := &cobra.Command{
		Use:   "show PROFILE",
		Short: "Print the columns of a profile",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return profileNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(profileNames(), args[0]) {
				return fmt.Errorf("unknown profile %q; profiles are: %s%s", args[0], strings.Join(profileNames(), ", "), near.Hint(args[0], profileNames()))
			}
			columns := profileColumns(feature.Profile(args[0]), group)
			if len(columns) == 0 {
				return fmt.Errorf("profile %s has no columns of group %q", args[0], group)
			}
			if asJSON {
				return a.printJSON(ids(columns))
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s: %d features\n", args[0], len(columns))
			for i := range columns {
				d := &columns[i]
				if i == 0 || columns[i-1].Group != d.Group {
					fmt.Fprintf(&b, "\n%s\n", d.Group)
				}
				fmt.Fprintf(&b, "  %s\n", d.Name)
			}
			return a.writeResult("-", []byte(b.String()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array of ids")
	cmd.Flags().StringVar(&group, "group", "", "only this feature group")
	complete(cmd, "group", extract.Groups())
	return cmd
}

func (a *app) profilesValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check that every column is in exactly one profile",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			columns, optional, faults := extract.All(), 0, []string{}
			for i := range columns {
				d := &columns[i]
				in := slices.Contains(feature.Profiles, d.Profile)
				switch {
				case d.Optional && in:
					faults = append(faults, d.ID()+": optional, and in "+string(d.Profile))
				case d.Optional:
					optional++
				case !in:
					faults = append(faults, d.ID()+": in no profile")
				}
			}
			if len(faults) > 0 {
				return errors.New("profiles are not complete: " + strings.Join(faults, "; "))
			}
			line := fmt.Sprintf("%d features, each in one profile; %d optional ones in none\n", len(columns)-optional, optional)
			return a.writeResult("-", []byte(line))
		},
	}
}

func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := a.out.Write(plain.JSON(b.Bytes()))
	return err
}
