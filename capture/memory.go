package capture

import "pinyon/internal/machine"

// mostUntold is what MostBuffers gives where the system does not tell its memory.
const mostUntold = 1 << 30

// MostBuffers is how many bytes all rings of one capture may take together: a quarter of the
// memory that the process can count on, the limits of its control groups included. The system
// swaps no ring out, and while a ring is exchanged for another there are both.
func MostBuffers() int64 {
	if n := machine.Memory() / 4; n > 0 {
		return n
	}
	return mostUntold
}
