package replay

import (
	"pinyon/packet"
	"pinyon/source"
)

// A chunk is a run of frames in memory of its own.
type chunk struct {
	arena  []byte
	frames [][]byte
	due    []int64 // ns since the first frame of the loop, by the capture's pace
	cut    []bool  // captured shorter than it was on the wire
	length int64   // ns of the loop up to the end of the chunk

	filtered, tooLong uint64        // frames read beside those
	source            source.Counts // once the chunk was read
}

// Room of a chunk. Frames beyond come in the next.
const (
	chunkFrames = 1024
	chunkBytes  = 256 << 10
	frameRoom   = 24 + 8 + 1 // bytes of a frame beside its contents
)

func newChunk() *chunk {
	return &chunk{
		arena: make([]byte, 0, chunkBytes), frames: make([][]byte, 0, chunkFrames),
		due: make([]int64, 0, chunkFrames), cut: make([]bool, 0, chunkFrames),
	}
}

func (c *chunk) reset() {
	c.arena, c.frames, c.due, c.cut = c.arena[:0], c.frames[:0], c.due[:0], c.cut[:0]
	c.length, c.filtered, c.tooLong = 0, 0, 0
}

func (c *chunk) add(f *packet.Frame, due int64) {
	n := len(c.arena)
	c.arena = append(c.arena, f.Data...)
	c.frames = append(c.frames, c.arena[n:len(c.arena):len(c.arena)])
	c.due = append(c.due, due)
	c.cut = append(c.cut, int(f.Wire) > len(f.Data))
	c.length = due
}

// full reports whether another frame might not fit. If one does not, the arena moves;
// frames before it keep the old one.
func (c *chunk) full() bool {
	return len(c.frames) == cap(c.frames) || cap(c.arena)-len(c.arena) < roomyFrame
}

// roomyFrame is longer than any frame of a device with the usual greatest MTU, 65,536.
const roomyFrame = 66 << 10

// shrink gives unused room back.
func (c *chunk) shrink() {
	if len(c.arena) > chunkBytes/2 {
		return
	}
	arena := append(make([]byte, 0, len(c.arena)), c.arena...)
	at := 0
	for i, f := range c.frames {
		c.frames[i] = arena[at : at+len(f) : at+len(f)]
		at += len(f)
	}
	c.arena = arena
}
