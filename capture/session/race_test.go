//go:build race

package session_test

import "time"

// raceSlack is added to limits of time where the race detector slows everything.
const raceSlack = 400 * time.Millisecond
