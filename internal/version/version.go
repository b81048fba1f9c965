// Package version says which release this is; what writes files puts it into them.
package version

import "runtime/debug"

// Number is the release's number; a build from a tagged module carries the tag.
const Number = "0.1.0"

// Commit is the revision that the running program was built from, if the build knows.
func Commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
