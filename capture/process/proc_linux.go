package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// procStat is what /proc/PID/stat says of a process (proc(5)).
type procStat struct {
	name   string
	state  byte
	parent int
	start  uint64 // ticks since the system began; with the number it is the process
}

// readStat reads /proc/PID/stat; ok is false if there is no such process.
func readStat(pid int) (s procStat, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return s, false
	}
	return parseStat(b)
}

// parseStat reads a line such as
//
//	4711 (a name with ) in it) S 1 ...
func parseStat(b []byte) (s procStat, ok bool) {
	from, to := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if from < 0 || to < from {
		return s, false
	}
	s.name = string(b[from+1 : to])
	f := bytes.Fields(b[to+1:])
	if len(f) < 20 || len(f[0]) != 1 {
		return s, false
	}
	s.state = f[0][0]
	var e1, e2 error
	s.parent, e1 = strconv.Atoi(string(f[1]))
	s.start, e2 = strconv.ParseUint(string(f[19]), 10, 64)
	return s, e1 == nil && e2 == nil
}

// dead reports whether the process has ended and nobody has asked for its status yet.
func (s *procStat) dead() bool { return s.state == 'Z' || s.state == 'X' || s.state == 'x' }

// programNames are the names of a process beyond the kernel's: those of the files of its program
// and of its first argument.
func programNames(pid int) (names []string) {
	dir := "/proc/" + strconv.Itoa(pid)
	if exe, err := os.Readlink(dir + "/exe"); err == nil {
		names = append(names, filepath.Base(strings.TrimSuffix(exe, " (deleted)")))
	}
	if b, err := os.ReadFile(dir + "/cmdline"); err == nil {
		first, _, _ := bytes.Cut(b, []byte{0})
		if len(first) > 0 {
			names = append(names, filepath.Base(string(first)))
		}
	}
	return names
}

// pids are the processes that run.
func pids() ([]int, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	list := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			list = append(list, pid)
		}
	}
	return list, nil
}

// spaceOf is the network namespace of a process, or with "thread-self" of the calling thread; 0 if
// it is not to be known.
func spaceOf(process string) uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/"+process+"/ns/net", &st) != nil {
		return 0
	}
	return st.Ino
}

// socketsOf calls each with the inode of every socket that a process has open.
func socketsOf(pid int, each func(inode uint32)) {
	d, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return
	}
	defer d.Close()
	fd := int(d.Fd())
	var buf [64]byte
	for {
		names, err := d.Readdirnames(512)
		for _, name := range names {
			n, e := unix.Readlinkat(fd, name, buf[:])
			if e != nil {
				continue
			}
			if s, ok := bytes.CutPrefix(buf[:n], []byte("socket:[")); ok {
				if inode, e := strconv.ParseUint(string(bytes.TrimSuffix(s, []byte("]"))), 10, 32); e == nil {
					each(uint32(inode))
				}
			}
		}
		if err != nil || len(names) == 0 {
			return
		}
	}
}
