package parquet

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A recycler lends memory to the library's encoders and lends it again once it is free:
// each column chunk has new encoders, whose buffers would otherwise be most of the garbage.
// It holds no more than one chunk ever needed. It is not for concurrent use.
type recycler struct {
	fresh memory.GoAllocator
	free  [bits.UintSize + 1][][]byte // by capacity, a power of two
}

// Allocate lends size bytes, all zero.
func (r *recycler) Allocate(size int) []byte {
	if size <= 0 {
		return r.fresh.Allocate(0)
	}
	class := bits.Len(uint(size - 1))
	if n := len(r.free[class]); n > 0 {
		b := r.free[class][n-1]
		r.free[class] = r.free[class][:n-1]
		clear(b)
		return b[:size]
	}
	return r.fresh.Allocate(1 << class)[:size]
}

// Reallocate lends size bytes that begin with those of b, which it takes back.
func (r *recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	n := r.Allocate(size)
	copy(n, b)
	r.Free(b)
	return n
}

// Free takes b back.
func (r *recycler) Free(b []byte) {
	if c := cap(b); c > 0 {
		class := bits.Len(uint(c - 1))
		r.free[class] = append(r.free[class], b[:c])
	}
}

var _ memory.Allocator = (*recycler)(nil)

// A shared recycler is for concurrent use.
type shared struct {
	mu sync.Mutex
	r  recycler
}

// Allocate lends size bytes, all zero.
func (s *shared) Allocate(size int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Allocate(size)
}

// Reallocate lends size bytes that begin with those of b, which it takes back.
func (s *shared) Reallocate(size int, b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Reallocate(size, b)
}

// Free takes b back.
func (s *shared) Free(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.r.Free(b)
}
