package extract

import (
	"pinyon/feature"
	"pinyon/internal/groups"
)

// All is every column that is built in, optional ones included, in column order.
func All() []feature.Desc { return groups.All() }

// IsExtra reports whether a column is one of those that the word extra switches on.
func IsExtra(name string) bool { return groups.IsExtra(name) }

// Groups are the names of the groups that are built in, in column order.
func Groups() []string { return groups.Names() }
