package watch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// What a record says of a file.
const (
	begin   = "begin"   // it is about to be read, and its rows will be in Outputs
	done    = "done"    // its last row has left
	failed  = "failed"  // it was given up
	skipped = "skipped" // it was there before the first run, which was to leave it
	gone    = "gone"    // it disappeared, or was moved away
)

// A record is a line of the journal, a JSON object. Of several about one path the last counts.
type record struct {
	At   string `json:"at"`
	Path string `json:"path"` // below the directory, with slashes
	identity
	Hash    string   `json:"hash,omitempty"`    // XXH3-128 of its bytes
	Run     string   `json:"run,omitempty"`     // name of the attempt, the same when it is resumed
	Outputs []string `json:"outputs,omitempty"` // below Options.Output, with slashes
	New     bool     `json:"new,omitempty"`     // nothing had the names of Outputs before
	Flows   uint64   `json:"flows,omitempty"`
	Packets uint64   `json:"packets,omitempty"`
	From    string   `json:"from,omitempty"` // its former path
	Error   string   `json:"error,omitempty"`
	When    int64    `json:"when"` // seconds since 1970
}

// A journal is the file of records, with the last one of each path at hand. It is safe for
// several goroutines.
type journal struct {
	path  string
	lock  *os.File
	fresh bool // there was none

	mu     sync.Mutex
	file   *os.File
	size   int64
	lines  int
	last   map[string]*record
	inodes map[[2]uint64]string // paths of records with an inode

	syncing sync.Mutex // of what follows
	synced  int64      // bytes of on that have reached the disk
	on      *os.File
}

// ErrLocked is the error for a journal that another watcher has open.
var ErrLocked = errors.New("another watcher has this journal open")

// openJournal opens or makes a journal.
func openJournal(path string) (_ *journal, err error) {
	j := &journal{path: path, last: map[string]*record{}, inodes: map[[2]uint64]string{}}
	if j.lock, err = lock(path + ".lock"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	_, err = os.Lstat(path)
	j.fresh = errors.Is(err, fs.ErrNotExist)
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	if err = j.read(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return j, nil
}

// read takes what the file holds. A line that a crash has cut short, or left as zeros, is passed
// over: it was not written when what it tells began. The next record begins a line of its own.
func (j *journal) read() error {
	r := bufio.NewReaderSize(j.file, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		j.size += int64(len(line))
		var rec record
		if json.Unmarshal(bytes.TrimRight(line, "\n"), &rec) == nil && rec.At != "" && rec.Path != "" {
			j.put(&rec)
			j.lines++
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		if len(line) > 0 { // without its end
			n, err := j.file.WriteAt([]byte("\n"), j.size)
			j.size += int64(n)
			return err
		}
		return nil
	}
}

// put notes a record as the last of its path.
func (j *journal) put(r *record) {
	if old := j.last[r.Path]; old != nil && j.inodes[old.key()] == r.Path {
		delete(j.inodes, old.key())
	}
	if r.From != "" {
		delete(j.last, r.From)
		r.From = "" // that name may be another file's by and by
	}
	if r.At == gone {
		delete(j.last, r.Path)
		return
	}
	j.last[r.Path] = r
	if r.Inode != 0 {
		j.inodes[r.key()] = r.Path
	}
}

func (r *record) key() [2]uint64 { return [2]uint64{r.Device, r.Inode} }

// add writes a record. durable has it reach the disk before add returns, with those before it.
func (j *journal) add(r record, durable bool) error {
	r.When = time.Now().Unix()
	line, err := json.Marshal(&r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	n, err := j.file.WriteAt(append(line, '\n'), j.size)
	if err != nil {
		if n > 0 && j.file.Truncate(j.size) != nil { // half a line: the next one begins behind it
			j.size += int64(n)
			if k, _ := j.file.WriteAt([]byte("\n"), j.size); k > 0 {
				j.size++
			}
		}
		j.mu.Unlock()
		return err
	}
	j.size += int64(n)
	j.lines++
	j.put(&r)
	size, file := j.size, j.file
	j.mu.Unlock()
	if !durable {
		return nil
	}
	return j.sync(file, size)
}

// syncFile has a file reach the disk; tests replace it.
var syncFile = (*os.File).Sync

// sync has the first size bytes reach the disk: one call serves all who wait.
func (j *journal) sync(file *os.File, size int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.on == file && j.synced >= size {
		return nil
	}
	at := func() (int64, bool) {
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.size, j.file == file
	}
	all, same := at()
	if !same {
		return nil // written anew since, which syncs
	}
	if err := syncFile(file); err != nil {
		if _, same := at(); !same {
			return nil
		}
		return err
	}
	j.on, j.synced = file, all
	return nil
}

// get is the last record of a path; nil if there is none. It is not to be changed.
func (j *journal) get(path string) *record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last[path]
}

// find is the last record of a file under whatever name; nil if there is none.
func (j *journal) find(id identity) *record {
	if id.Inode == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last[j.inodes[[2]uint64{id.Device, id.Inode}]]
}

// all are the last records of all paths.
func (j *journal) all() []*record {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]*record, 0, len(j.last))
	for _, r := range j.last {
		list = append(list, r)
	}
	return list
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
		j.file = nil
	}
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
		j.lock = nil
	}
	return err
}
