package server

import (
	"maps"
	"slices"

	"pinyon/remote/wire"
)

// A Served is what the clients of one token were sent.
type Served struct {
	Token   string // its name
	Packets uint64
	Dropped uint64 // in queues
	Bytes   uint64 // as they went over the network
}

// Served are the sums by the names of tokens that clients knew, with those that left, and how many
// clients are connected. Any goroutine may call it.
func (s *Server) Served() (clients int, sums []Served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := maps.Clone(s.left)
	for _, c := range s.sessions {
		served(of, c)
		c.mu.Lock()
		if c.link != nil {
			clients++
		}
		c.mu.Unlock()
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		sums = append(sums, of[name])
	}
	return clients, sums
}

// served adds what a session was sent to the sums of its token.
func served(of map[string]Served, c *session) {
	var st wire.Stats
	c.stats(&st)
	one := of[c.token.Name]
	one.Token = c.token.Name
	one.Packets += st.Sent
	one.Dropped += st.ClientDropped
	one.Bytes += st.Bytes
	of[c.token.Name] = one
}
