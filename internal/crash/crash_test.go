package crash

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
)

const childEnv = "PINYON_TEST_CRASH"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "panic":
		Tell()
		done := make(chan bool)
		go func() { panic("of a goroutine") }()
		<-done
	case "fatal":
		Tell()
		debug.SetMaxStack(1 << 16)
		os.Exit(depth(1 << 30))
	}
	os.Exit(m.Run())
}

// depth needs more stack than there is, which no recover stops.
func depth(n int) int {
	if n == 0 {
		os.Exit(0)
	}
	return depth(n-1) + n
}

// TestStatus is of processes that crash: none ends with a status that tells of wrong usage.
func TestStatus(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	for _, kind := range []string{"panic", "fatal"} {
		if os.Getpid() == 1 {
			t.Skip("the first process is ended by no signal")
		}
		c := exec.Command(exe)
		c.Dir = t.TempDir()
		c.Env = append(os.Environ(), childEnv+"="+kind, "GOTRACEBACK=single")
		out, err := c.CombinedOutput()
		if status := c.ProcessState.ExitCode(); err == nil || status >= 0 && status <= 6 {
			t.Errorf("%s: status %d, %v\n%s", kind, status, err, out)
		}
		if !strings.Contains(string(out), "goroutine ") {
			t.Errorf("%s: the output says nothing: %q", kind, out)
		}
		if list, _ := os.ReadDir(c.Dir); len(list) != 0 {
			t.Errorf("%s: left %v", kind, list)
		}
	}
}
