package machine

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLowest: the least limit counts among the process's own control group and all above it, in
// both versions; another group's limit does not.
func TestLowest(t *testing.T) {
	const machine = 1 << 40
	for _, c := range []struct {
		name, own string
		files     map[string]string
		want      int64
	}{
		{"none", "0::/\n", nil, machine},
		{"version 2, own", "0::/system.slice/pinyon.service\n", map[string]string{"system.slice/pinyon.service/memory.max": "1073741824\n", "other/memory.max": "4096"}, 1 << 30},
		{"version 2, above", "0::/a/b/c\n", map[string]string{"a/memory.max": "65536\n", "a/b/memory.max": "max\n", "a/b/c/memory.max": "131072"}, 65536},
		{"version 2, a container's", "0::/\n", map[string]string{"memory.max": "77"}, 77},
		{"version 1", "9:cpu,memory:/job/x\n8:pids:/other\n0::/\n", map[string]string{"memory/job/x/memory.limit_in_bytes": "99", "memory/other/memory.limit_in_bytes": "5"}, 99},
		{"version 1, above", "4:memory:/job/x\n", map[string]string{"memory/job/memory.limit_in_bytes": "42", "memory/job/x/memory.limit_in_bytes": "9223372036854771712"}, 42},
		{"both", "1:memory:/j\n0::/k\n", map[string]string{"memory/j/memory.limit_in_bytes": "9223372036854771712", "unified/k/memory.max": "50"}, 50},
		{"nonsense", "x\n::\n0::/a\n", map[string]string{"a/memory.max": "much"}, machine},
		{"a name with colons, and dots that climb", "0::/../../a:b\n", map[string]string{"a:b/memory.max": "8"}, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				file := filepath.Join(root, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Skip("no such file name here:", err)
				}
			}
			if got := lowest(machine, root, c.own); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
