package pcap

import (
	"math/bits"
	"sync"

	"pinyon/packet"
)

// blockSize is how much is read at once. BenchmarkBlockSize, in ns a record from the page
// cache: 50 with 64 KiB, 40 with 256 KiB, 37 with 512 KiB and 1 MiB, 39 with 2 MiB.
const blockSize = 512 << 10

// Blocks come in powers of two from 64 bytes (tests) to 64 MiB (the longest pcapng block).
// All readers of the process share them: a directory of small captures needs two, and the
// collector takes back what lies idle.
const (
	minBlockBits = 6
	maxBlockBits = 26
)

var blockPools [maxBlockBits - minBlockBits + 1]sync.Pool

// newBlock is a block of at least n bytes with one reference.
func newBlock(n int) *packet.Block {
	class := max(bits.Len(uint(max(n, 1)-1)), minBlockBits) - minBlockBits
	b, _ := blockPools[class].Get().(*packet.Block)
	if b == nil {
		b = &packet.Block{Buf: make([]byte, 1<<(class+minBlockBits)), Free: freeBlock}
	}
	b.Retain()
	return b
}

func freeBlock(b *packet.Block) {
	blockPools[bits.Len(uint(len(b.Buf)-1))-minBlockBits].Put(b)
}
