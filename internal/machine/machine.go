// Package machine tells how much memory this process can have.
package machine

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Memory is the bytes of memory that the process can count on: the machine's, or the least limit
// of its control group and of those above it if that is lower. It is 0 where the system does not
// tell.
func Memory() int64 {
	own, _ := os.ReadFile("/proc/self/cgroup") // not there: only the topmost groups are asked
	return lowest(physical(), "/sys/fs/cgroup", string(own))
}

// lowest is the least of n, unless that is 0, and the limits of control groups. They are mounted
// at root, and own says in which ones the process is, as /proc/self/cgroup does (cgroups(7)).
func lowest(n int64, root, own string) int64 {
	for _, file := range limits(root, own) {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err == nil && limit > 0 && (n == 0 || limit < n) {
			n = limit
		}
	}
	return n
}

// limits are the files that may hold a limit: those of the process's groups, of all above them,
// and of the topmost ones, which are the process's own where a container shows no others.
func limits(root, own string) []string {
	files := []string{filepath.Join(root, "memory.max"), filepath.Join(root, "memory", "memory.limit_in_bytes")}
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(f) != 3 {
			continue
		}
		var mounts []string
		name := "memory.max"
		switch {
		case f[0] == "0" && f[1] == "": // version 2, which stands in a folder of its own beside version 1
			mounts = []string{root, filepath.Join(root, "unified")}
		case slices.Contains(strings.Split(f[1], ","), "memory"):
			mounts, name = []string{filepath.Join(root, "memory")}, "memory.limit_in_bytes"
		}
		for _, m := range mounts {
			for g := path.Clean("/" + f[2]); g != "/"; g = path.Dir(g) {
				files = append(files, filepath.Join(m, filepath.FromSlash(g), name))
			}
		}
	}
	return files
}
