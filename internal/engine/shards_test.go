package engine

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"pinyon/flow"
)

// fills is the greatest share of flows that one shard gets under a key.
func fills(keys []flow.Key, key uint64) float64 {
	var n [Shards]int
	seeds, most := shardSeeds(key), 0
	for i := range keys {
		s := keys[i].Hash(seeds[0], seeds[1]) >> 58
		n[s]++
		most = max(most, n[s])
	}
	return float64(most) / float64(len(keys))
}

// TestShardKey: ports and addresses that were chosen for one shard under a key that somebody knows
// are dealt out evenly under another key, for both versions of IP; chosen under the other one, they
// are not. Keys that differ in one bit differ everywhere.
func TestShardKey(t *testing.T) {
	const flows = 8192
	r := rand.New(rand.NewPCG(1, 2))
	for _, version := range []uint8{4, 6} {
		for _, known := range []uint64{0, 7} {
			seeds := shardSeeds(known)
			var chosen []flow.Key
			for len(chosen) < flows {
				k := flow.Key{Version: version, Proto: 6, APort: uint16(r.Uint32()), BPort: uint16(r.Uint32())}
				binary.LittleEndian.PutUint32(k.A[:], r.Uint32())
				binary.LittleEndian.PutUint32(k.B[:], r.Uint32())
				if k.Hash(seeds[0], seeds[1])>>58 == 9 {
					chosen = append(chosen, k)
				}
			}
			if got := fills(chosen, known); got != 1 {
				t.Errorf("IPv%d, key %d: one shard has %v of what was chosen for it", version, known, got)
			}
			for bit := range 53 {
				if got := fills(chosen, known^1<<bit); got > 2.0/Shards && known^1<<bit != 0 {
					t.Errorf("IPv%d, key %d chosen, %d used: one shard has %v of all flows; want about %v", version, known, known^1<<bit, got, 1.0/Shards)
				}
			}
		}
	}
}

// TestShardZeroFactor: an address that makes a factor of the hash 0 does not make the other one
// count for nothing.
func TestShardZeroFactor(t *testing.T) {
	for _, version := range []uint8{4, 6} {
		seeds := shardSeeds(0)
		var chosen []flow.Key
		for n := range uint64(8192) {
			k := flow.Key{Version: version, Proto: 17, APort: 53, BPort: 53}
			binary.LittleEndian.PutUint64(k.A[:], seeds[0])
			binary.LittleEndian.PutUint64(k.B[:], n*gamma)
			if version == 6 {
				binary.LittleEndian.PutUint64(k.A[8:], seeds[1])
			}
			chosen = append(chosen, k)
		}
		if got := fills(chosen, 0); got > 2.0/Shards {
			t.Errorf("IPv%d: one shard has %v of all flows; want about %v", version, got, 1.0/Shards)
		}
	}
}
