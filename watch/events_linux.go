package watch

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// An inotify is what Linux tells of directories (inotify(7)). It is spoken to directly: that a
// writer has closed a file, which says that the file is complete, is an event of Linux alone.
type inotify struct {
	root string
	file *os.File
	out  chan event
	done chan struct{}
	bad  atomic.Bool // some directory is not watched

	mu   sync.Mutex
	dirs map[int32]string // by watch
	of   map[string]int32
}

// mask is what is told of a directory's entries.
const mask = unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK

// remote are file systems where others may write, of which the system tells nothing: NFS, CIFS,
// SMB, SMB2, FUSE, 9P, Ceph, AFS.
var remote = map[uint32]bool{0x6969: true, 0xff534d42: true, 0x517b: true, 0xfe534d42: true, 0x65735546: true, 0x01021997: true, 0x00c36400: true, 0x5346414f: true}

// newNotifier gives one that tells of root, and of the directories below that are added.
func newNotifier(root string, _ time.Duration) notifier {
	var fs unix.Statfs_t
	if unix.Statfs(root, &fs) == nil && remote[uint32(fs.Type)] {
		return deaf{}
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return deaf{}
	}
	n := &inotify{
		root: root, file: os.NewFile(uintptr(fd), "inotify"), out: make(chan event, 1024), done: make(chan struct{}),
		dirs: map[int32]string{}, of: map[string]int32{},
	}
	go n.read()
	return n
}

func (n *inotify) events() <-chan event { return n.out }
func (n *inotify) works() bool          { return !n.bad.Load() }

func (n *inotify) close() {
	close(n.done)
	n.file.Close()
}

// add watches a directory. One that is watched already keeps its watch; one that has taken its
// name gets a new one.
func (n *inotify) add(dir string) {
	path := n.root
	if dir != "" {
		path += "/" + dir
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var wd int
	var err error = unix.EBADF
	if c, e := n.file.SyscallConn(); e == nil {
		c.Control(func(fd uintptr) { wd, err = unix.InotifyAddWatch(int(fd), path, mask) })
	}
	if err != nil {
		// Gone, or no directory any more: no matter. Out of watches, or not ours to look into: it
		// must be looked through.
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) {
			n.bad.Store(true)
		}
		return
	}
	if old, ok := n.of[dir]; ok && old != int32(wd) {
		delete(n.dirs, old)
	}
	n.dirs[int32(wd)], n.of[dir] = dir, int32(wd)
}

// read reads events until the notifier is closed.
//
//	wd int32 | mask uint32 | cookie uint32 | len uint32 | name, with zeros up to len
func (n *inotify) read() {
	buf := make([]byte, 64<<10)
	for {
		k, err := n.file.Read(buf)
		if err != nil {
			select {
			case <-n.done:
			default:
				n.bad.Store(true)
			}
			return
		}
		for b := buf[:k]; len(b) >= unix.SizeofInotifyEvent; {
			wd, what, size := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:]), int(binary.NativeEndian.Uint32(b[12:]))
			b = b[unix.SizeofInotifyEvent:]
			name := strings.TrimRight(string(b[:min(size, len(b))]), "\x00")
			b = b[min(size, len(b)):]
			if e, ok := n.event(wd, what, name); ok && !n.send(e) {
				return
			}
		}
	}
}

func (n *inotify) send(e event) bool {
	select {
	case n.out <- e:
		return true
	case <-n.done:
		return false
	}
}

// event makes an event of what the system says of a watch.
func (n *inotify) event(wd int32, what uint32, name string) (event, bool) {
	if what&unix.IN_Q_OVERFLOW != 0 {
		return event{lost: true}, true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	dir, ok := n.dirs[wd]
	if !ok {
		return event{}, false
	}
	if what&unix.IN_IGNORED != 0 { // the directory is gone
		delete(n.dirs, wd)
		if n.of[dir] == wd {
			delete(n.of, dir)
		}
		return event{}, false
	}
	path := name
	if dir != "" {
		path = dir + "/" + name
	}
	if what&unix.IN_ISDIR == 0 {
		return event{path: path, closed: what&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0}, name != ""
	}
	if what&unix.IN_MOVED_FROM != 0 {
		n.forget(path)
		return event{}, false
	}
	return event{path: path, dir: true}, true
}

// forget gives up the watches of a directory that has lost its name, and of those below: they
// would go on to tell of it under that.
func (n *inotify) forget(path string) {
	for dir, wd := range n.of {
		if dir == path || strings.HasPrefix(dir, path+"/") {
			delete(n.of, dir)
			delete(n.dirs, wd)
			if c, err := n.file.SyscallConn(); err == nil {
				c.Control(func(fd uintptr) { unix.InotifyRmWatch(int(fd), uint32(wd)) })
			}
		}
	}
}
