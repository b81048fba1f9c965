package engine

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// spool keeps encoded batches of an input until their late columns are known: in memory up
// to a limit, and beyond it in a file without a name.
type spool struct {
	memory int64    // bytes that may wait in memory
	mem    [][]byte // an encoded batch each; the first n are in use
	places []place  // of all batches, in order
	n      int
	held   int64 // bytes of the first n of mem
	file   *os.File
	w      *bufio.Writer
	r      *bufio.Reader
	read   int // batches that next has given
}

// add stores an encoded batch.
func (s *spool) add(b []byte, p place) error {
	s.places = append(s.places, p)
	if s.w == nil && s.held+int64(len(b)) <= s.memory {
		if s.n == len(s.mem) {
			s.mem = append(s.mem, nil)
		}
		s.mem[s.n] = append(s.mem[s.n][:0], b...)
		s.held += int64(len(b))
		s.n++
		return nil
	}
	if s.w == nil {
		f, err := os.CreateTemp("", "pinyon-rows-*")
		if err != nil {
			return fmt.Errorf("rows waiting for the end of the input: %w", err)
		}
		// Without a name it cannot be left behind; where that is not possible reset removes it.
		_ = os.Remove(f.Name())
		s.file, s.w = f, bufio.NewWriterSize(f, 256<<10)
	}
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(b)))
	if _, err := s.w.Write(head[:]); err != nil {
		return fmt.Errorf("rows waiting for the end of the input: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("rows waiting for the end of the input: %w", err)
	}
	return nil
}

// next gives the next stored batch and its place; ok is false behind the last one. The batch lies
// in the spool's memory, and stays until reset, or was read into the memory of into, which may
// have grown.
func (s *spool) next(into *[]byte) (b []byte, p place, ok bool, err error) {
	if s.read == len(s.places) {
		return nil, p, false, nil
	}
	p = s.places[s.read]
	s.read++
	if s.read <= s.n {
		return s.mem[s.read-1], p, true, nil
	}
	if s.r == nil {
		if err := s.w.Flush(); err != nil {
			return nil, p, false, fmt.Errorf("rows waiting for the end of the input: %w", err)
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return nil, p, false, fmt.Errorf("rows waiting for the end of the input: %w", err)
		}
		s.r = bufio.NewReaderSize(s.file, 256<<10)
	}
	var head [4]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return nil, p, false, fmt.Errorf("rows waiting for the end of the input: %w", err)
	}
	*into, _ = extend((*into)[:0], int(binary.LittleEndian.Uint32(head[:])))
	if _, err := io.ReadFull(s.r, *into); err != nil {
		return nil, p, false, fmt.Errorf("rows waiting for the end of the input: %w", err)
	}
	return *into, p, true, nil
}

// reset gives up what is stored, and keeps the memory for another input.
func (s *spool) reset() {
	if s.file != nil {
		s.file.Close()
		_ = os.Remove(s.file.Name())
	}
	s.file, s.w, s.r = nil, nil, nil
	s.n, s.held, s.read, s.places = 0, 0, 0, s.places[:0]
}
