package conf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. As text it may have a unit: K, M, G, T and KiB, MiB, GiB, TiB
// are powers of 1024, KB, MB, GB, TB of 1000.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3},
	{"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"B", 1},
}

// ParseSize reads a size; units in any case.
func ParseSize(s string) (Size, error) {
	digits, unit := strings.TrimSpace(s), int64(1)
	for _, u := range sizeUnits {
		if at := len(digits) - len(u.name); at > 0 && strings.EqualFold(digits[at:], u.name) {
			digits, unit = strings.TrimSpace(digits[:at]), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("got %q; want a size, as 1GiB", s)
	}
	return Size(n * unit), nil
}

// String has the greatest power of 1024 as unit that leaves a whole number.
func (s Size) String() string {
	for _, u := range sizeUnits[:4] {
		if n := int64(s); n > 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
