package quic

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"pinyon/internal/corpus"
)

// A recorded is the crypto streams of a connection in a capture, as far as they have no hole.
type recorded struct {
	name           string
	version        uint32
	client, server []byte
}

// recordedIn are the connections of a capture whose ClientHello is whole.
func recordedIn(path, name string) (all []recorded) {
	conns := map[five]*Conn{}
	var order []five
	var scratch Scratch
	flows(path, func(k five, index uint32, d *Datagram) {
		c := conns[k]
		if c == nil {
			c = new(Conn)
			conns[k] = c
			order = append(order, k)
		}
		c.Datagram(&scratch, d)
	})
	for _, k := range order {
		if c := conns[k]; c.Opened() && c.side[c.client].whole {
			all = append(all, recorded{name, c.Version(), bytes.Clone(c.Crypto(c.Client())), bytes.Clone(c.Crypto(1 - c.Client()))})
		}
	}
	return all
}

// initials are Initial packets that carry a crypto stream in pieces: cut anywhere, reaching
// into each other, in any order, and later contradicting what came first.
func initials(rng *rand.Rand, p long, stream []byte) (packets [][]byte) {
	type piece struct{ from, to int }
	var pieces []piece
	for at := 0; at < len(stream); {
		n := min(1+rng.IntN(400), len(stream)-at)
		pieces = append(pieces, piece{max(0, at-rng.IntN(40)), min(len(stream), at+n+rng.IntN(40))})
		at += n
	}
	rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	for i, q := range pieces {
		p.frames = append(p.frames, p.crypto(q.from, stream[q.from:q.to])...)
		if rng.IntN(4) == 0 {
			p.frames = append(p.frames, p.ping(), framePadding)
		}
		if rng.IntN(4) == 0 {
			p.frames = append(p.frames, p.crypto(q.from, bytes.Repeat([]byte{0xee}, q.to-q.from))...)
		}
		if i == len(pieces)-1 || len(p.frames) > 500 || rng.IntN(3) == 0 {
			packets = append(packets, p.bytes())
			p.number++
			p.frames = nil
		}
	}
	return packets
}

// TestReassembly puts the hellos of recorded connections into Initial packets of its own and
// expects the same bytes, hence the same fingerprints, of a Conn.
func TestReassembly(t *testing.T) {
	root := corpus.Dir()
	var all []recorded
	for _, root := range []string{filepath.Join("..", "..", "testdata"), root} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				all = append(all, recordedIn(path, filepath.Base(path))...)
			}
			return nil
		})
	}
	if len(all) == 0 {
		t.Fatal("no connection opened")
	}
	for i, r := range all {
		if n := googleNumber(r.version); n > 0 && n < google50 {
			continue // no Initial packets; see TestTags
		}
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			packets := initials(rng, long{version: r.version, dcid: idA, scid: idB}, r.client)
			rng.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
			var w wire
			send := func(dir int, packets [][]byte) {
				for len(packets) > 0 {
					n := min(1+rng.IntN(2), len(packets)) // some are coalesced
					w.send(dir, packets[:n]...)
					if rng.IntN(4) == 0 {
						w.send(dir, packets[0])
					}
					packets = packets[n:]
				}
			}
			send(0, packets)
			send(1, initials(rng, long{version: r.version, keyID: idA, server: true, dcid: idB, scid: idC}, r.server))
			if w.Client() != 0 || !bytes.Equal(w.Crypto(0), r.client) || !bytes.Equal(w.Crypto(1), r.server) {
				t.Errorf("%s, seed %d: client %d, %d bytes of %d, %d of %d", r.name, seed, w.Client(), len(w.Crypto(0)), len(r.client), len(w.Crypto(1)), len(r.server))
			}
		}
	}
	t.Logf("%d connections", len(all))
}
