package sinktest

import "io"

// A File is an io.WriteSeeker in memory that can run full.
type File struct {
	Data    []byte
	Limited bool // after Room more bytes, Write fails with Err
	Room    int
	Err     error
	Short   bool // fail by writing less than asked, without error
	pos     int
}

// Write writes at the position.
func (f *File) Write(p []byte) (int, error) {
	n := len(p)
	if f.Limited && n > f.Room {
		n = f.Room
	}
	if f.Limited {
		f.Room -= n
	}
	f.Data = append(f.Data[:f.pos], append(append([]byte(nil), p[:n]...), f.Data[min(len(f.Data), f.pos+n):]...)...)
	f.pos += n
	if n < len(p) && !f.Short {
		return n, f.Err
	}
	return n, nil
}

// Seek sets the position, which must lie inside the data.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += int64(f.pos)
	case io.SeekEnd:
		offset += int64(len(f.Data))
	}
	if offset < 0 || offset > int64(len(f.Data)) {
		return 0, io.ErrUnexpectedEOF
	}
	f.pos = int(offset)
	return offset, nil
}
