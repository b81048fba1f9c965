package watch

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"time"

	"pinyon/sink/files"
)

// A journal is written anew when it has grown over slack lines more than twice what it says, and
// forgets files then that have been gone for longer than memory.
const (
	slack  = 4096
	memory = 7 * 24 * time.Hour
)

// compact writes the journal anew, if that is worth it or force says so: one line for every path
// that exists says, or that went only lately.
func (j *journal) compact(exists func(path string) bool, force bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !force && j.lines < 2*len(j.last)+slack {
		return nil
	}
	now := time.Now()
	var keep []*record
	for _, r := range j.last {
		if r.At == begin || now.Sub(time.Unix(r.When, 0)) < memory || exists(r.Path) {
			keep = append(keep, r)
		}
	}
	slices.SortFunc(keep, func(a, b *record) int { return cmp.Or(cmp.Compare(a.When, b.When), cmp.Compare(a.Path, b.Path)) })
	f, err := files.Create(j.path)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	e := json.NewEncoder(b)
	for _, r := range keep {
		if err := e.Encode(r); err != nil {
			f.Abort()
			return err
		}
	}
	if err := b.Flush(); err != nil {
		f.Abort()
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	return j.reopen(keep)
}

// reopen goes on with the file that has taken the journal's name.
func (j *journal) reopen(keep []*record) error {
	file, err := os.OpenFile(j.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	j.file.Close()
	j.file, j.size, j.lines = file, info.Size(), len(keep)
	j.last, j.inodes = make(map[string]*record, len(keep)), make(map[[2]uint64]string, len(keep))
	for _, r := range keep {
		j.last[r.Path] = r
		if r.Inode != 0 {
			j.inodes[r.key()] = r.Path
		}
	}
	return nil
}
