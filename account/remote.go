package account

import (
	"maps"
	"sync"
)

// A Remote is what a server of frames, and the links of clients to such servers, have counted.
type Remote struct {
	Clients    int      // that are connected at the moment
	Served     []Served // clients; those that left too, as far as the server tells them apart
	Reconnects uint64   // connections that a client made anew after one was lost
	Gaps       uint64   // packets that a server sent and its client never got
}

// A Served is what a server of frames did for a client.
type Served struct {
	Client  string // who it is, in few words
	Packets uint64 // sent
	Dropped uint64 // not sent, since the client was too slow or allowed less
	Bytes   uint64 // sent, as they went over the network
}

// add adds what another server or link has counted.
func (r *Remote) add(o *Remote) {
	r.Clients += o.Clients
	r.Served = append(r.Served, o.Served...)
	r.Reconnects += o.Reconnects
	r.Gaps += o.Gaps
}

// remotes are the servers and links of an Account, and its watcher's files.
type remotes struct {
	mu      sync.Mutex
	of      []func() Remote
	watched map[string]uint64
}

// Remote adds a server of frames, or a link to one: of gives what it has counted so far, and any
// goroutine may call it.
func (a *Account) Remote(of func() Remote) {
	r := &a.remote
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of = append(r.of, of)
}

// Watched counts a file that a watcher of directories is through with, by the result in a word.
func (a *Account) Watched(result string) {
	r := &a.remote
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watched == nil {
		r.watched = map[string]uint64{}
	}
	r.watched[result]++
}

func (r *remotes) read() (all Remote, watched map[string]uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range r.of {
		one := of()
		all.add(&one)
	}
	return all, maps.Clone(r.watched)
}
