//go:build !race

package session_test

import "time"

const raceSlack time.Duration = 0
