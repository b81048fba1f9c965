//go:build unix

package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL of the tests' own: its data and its socket lie in a temporary folder,
// and it listens to nothing else.
type server struct {
	dir     string
	command *exec.Cmd
	bin     string
	cred    *syscall.SysProcAttr
	ended   chan struct{}
}

var (
	serverOnce sync.Once
	theServer  *server
	noServer   string // why there is none
)

func TestMain(m *testing.M) {
	code := m.Run()
	if theServer != nil {
		theServer.kill()
		os.RemoveAll(theServer.dir)
	}
	os.Exit(code)
}

// start is the server of all tests; they are skipped where there is none to start.
func start(t testing.TB) *server {
	t.Helper()
	serverOnce.Do(func() {
		s, err := newServer()
		if err != nil {
			noServer = err.Error()
			return
		}
		theServer = s
	})
	if theServer == nil {
		t.Skip("no PostgreSQL to test with: " + noServer)
	}
	return theServer
}

// programs finds the folder of initdb and postgres: that of the newest of Debian's packages, or
// one of the search path.
func programs() (string, error) {
	list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(list, func(a, b string) int {
		version := func(p string) int { n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p)))); return n }
		return version(b) - version(a)
	})
	if len(list) > 0 {
		return filepath.Dir(list[0]), nil
	}
	p, err := exec.LookPath("initdb")
	if err != nil {
		return "", err
	}
	p, err = filepath.EvalSymlinks(p)
	return filepath.Dir(p), err
}

func newServer() (_ *server, err error) {
	s := &server{}
	if s.bin, err = programs(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil { // short, for a socket's name
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if os.Getuid() == 0 { // the server refuses root
		for _, name := range []string{"postgres", "nobody"} {
			u, err := user.Lookup(name)
			if err != nil {
				continue
			}
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			s.cred = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
			if err := os.Chown(s.dir, uid, gid); err != nil {
				return nil, err
			}
			break
		}
		if s.cred == nil {
			return nil, fmt.Errorf("no user to run it as")
		}
	}
	out, err := s.program("initdb", "-D", s.dir+"/data", "-U", "pinyon", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, s.run()
}

func (s *server) program(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.SysProcAttr, c.Dir = s.cred, s.dir
	return c
}

// run starts the server and waits until it answers.
func (s *server) run() error {
	log, err := os.Create(s.dir + "/log")
	if err != nil {
		return err
	}
	defer log.Close()
	s.command = s.program("postgres", "-D", s.dir+"/data", "-k", s.dir, "-c", "listen_addresses=", "-c", "max_wal_size=2GB", "-c", "fsync=off")
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func() {
		s.command.Wait()
		close(s.ended)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			text, _ := os.ReadFile(s.dir + "/log")
			return fmt.Errorf("postgres ended: %.500s", text)
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the server at once, as a power cut would its processes.
func (s *server) kill() {
	s.command.Process.Signal(syscall.SIGQUIT)
	<-s.ended
}

func (s *server) address(database string) string {
	return "postgres:///" + database + "?host=" + s.dir + "&user=pinyon"
}

// connect is a connection for a test's own questions.
func (s *server) connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

var schemas int

// fresh makes a schema and gives the address under which tables are made in it.
func (s *server) fresh(t testing.TB) string {
	t.Helper()
	schemas++
	name := fmt.Sprintf("s%d", schemas)
	if _, err := s.connect(t, s.address("postgres")).Exec(context.Background(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	return s.address("postgres") + "&search_path=" + name
}
