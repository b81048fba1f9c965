package groups

import (
	"bytes"
	_ "embed" // for the list
	"net/netip"
	"strings"
	"sync"
)

//go:embed resolvers.txt
var resolverText string

// resolverList is resolvers.txt: who speaks DNS over HTTPS in public.
type resolverList struct {
	names     map[string]bool // true: the name itself, false: those below it alone
	addresses map[netip.Addr]struct{}
}

// resolvers reads the list at first need.
var resolvers = sync.OnceValue(func() *resolverList {
	l := &resolverList{map[string]bool{}, map[netip.Addr]struct{}{}}
	for line := range strings.Lines(resolverText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if a, err := netip.ParseAddr(line); err == nil {
			l.addresses[a] = struct{}{}
			continue
		}
		name, below := strings.CutPrefix(line, ".")
		l.names[name] = !below
	}
	return l
})

// isResolver reports whether a server name is a resolver's, or below one. Letters of both cases
// and a dot behind it make no difference.
func isResolver(name []byte) bool {
	var room [255]byte
	name = bytes.TrimSuffix(name, []byte("."))
	if len(name) > len(room) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		room[i] = c
	}
	names := resolvers().names
	for rest, whole := room[:len(name)], true; ; whole = false {
		if itself, ok := names[string(rest)]; ok && (itself || !whole) {
			return true
		}
		dot := bytes.IndexByte(rest, '.')
		if dot < 0 {
			return false
		}
		rest = rest[dot+1:]
	}
}

// isResolverAddress reports whether a resolver has the address.
func isResolverAddress(a netip.Addr) bool {
	_, ok := resolvers().addresses[a]
	return ok
}
