package label

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// A File is a file of labels as it was read.
type File struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"` // bytes
	SHA256  string `json:"sha256"`
	Records int    `json:"records"`
	Blank   int    `json:"blank,omitempty"`
	Skipped int    `json:"skipped,omitempty"`
}

// A Format is a form of files of labels that Read does not know, told by how its content begins.
type Format struct {
	Name  string
	Magic string
	Read  func(name string, f *os.File, size int64, m *Mapping) (*Records, error)
}

// Load reads files of labels, in any of the forms of Read and of others. Of records of the same
// flows a later file's holds. The hash of a file is that of the bytes that were read.
func Load(paths []string, m *Mapping, others ...Format) (records []Record, files []File, err error) {
	for _, path := range paths {
		read, file, err := load(path, m, others)
		if err != nil {
			return nil, nil, err
		}
		file.Name, file.Records, file.Blank, file.Skipped = path, len(read.List), read.Blank, read.Skipped
		records, files = append(records, read.List...), append(files, file)
	}
	return records, files, nil
}

func load(path string, m *Mapping, others []Format) (read *Records, as File, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, as, err
	}
	defer f.Close()
	hash := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(f, hash), 64<<10)
	for i := range others {
		if head, _ := in.Peek(len(others[i].Magic)); !bytes.Equal(head, []byte(others[i].Magic)) {
			continue
		}
		if _, err = f.Seek(0, io.SeekStart); err != nil {
			return nil, as, fmt.Errorf("%s: %s cannot be read from a pipe: %w", path, others[i].Name, err)
		}
		hash.Reset()
		if as.Size, err = io.Copy(hash, f); err == nil {
			read, err = others[i].Read(path, f, as.Size, m)
		}
		as.SHA256 = hex.EncodeToString(hash.Sum(nil))
		return read, as, err
	}
	count := &counter{r: in}
	if read, err = Read(path, count, m); err != nil {
		return nil, as, err
	}
	_, err = io.Copy(io.Discard, count)
	as.Size, as.SHA256 = count.n, hex.EncodeToString(hash.Sum(nil))
	return read, as, err
}

// A counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
