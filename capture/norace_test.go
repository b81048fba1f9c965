//go:build !race

package capture_test

import "time"

const raceSlack time.Duration = 0
