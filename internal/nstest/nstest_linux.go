package nstest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Namespace is a network namespace that is gone when its test ends. Its methods report
// failures to that test, as Fatal does. They may be called from the test's goroutine only,
// Do's argument excepted, which may call them too.
type Namespace struct {
	// Name is what `ip netns` calls it.
	Name string
	t    testing.TB
}

var made atomic.Int32

// New makes a namespace. Its loopback device is up; IPv6 addresses are usable at once, as
// nobody else could have them (no duplicate address detection).
func New(t testing.TB) *Namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("no ip program (iproute2): ", err)
	}
	n := &Namespace{Name: fmt.Sprintf("pinyon-%d-%d", os.Getpid(), made.Add(1)), t: t}
	if out, err := exec.Command("ip", "netns", "add", n.Name).CombinedOutput(); err != nil {
		t.Skipf("no network namespace: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", n.Name).CombinedOutput(); err != nil {
			t.Errorf("namespace %s stays: %v: %s", n.Name, err, out)
		}
	})
	n.sysctl("ipv6/conf/default/accept_dad", "0")
	n.IP("link set lo up")
	return n
}

// Quiet keeps devices made from now on from sending anything by themselves, which is what a
// test needs that counts packets: without IPv6 there are no router solicitations and no
// multicast reports.
func (n *Namespace) Quiet() {
	n.t.Helper()
	n.sysctl("ipv6/conf/default/disable_ipv6", "1")
}

// sysctl writes a setting below /proc/sys/net, which shows the thread's namespace. A kernel
// without that setting has nothing to be told.
func (n *Namespace) sysctl(name, value string) {
	n.t.Helper()
	var err error
	n.Do(func() { err = os.WriteFile("/proc/sys/net/"+name, []byte(value), 0) })
	if err != nil && !os.IsNotExist(err) {
		n.t.Fatal(err)
	}
}

// IP runs the ip program with words separated by blanks, as in IP("link set v0 up").
func (n *Namespace) IP(words string) {
	n.t.Helper()
	if err := n.TryIP(words); err != nil {
		n.t.Fatal(err)
	}
}

// TryIP is IP for what a kernel may not have, such as a kind of device; the error holds
// what the program said.
func (n *Namespace) TryIP(words string) error {
	out, err := exec.Command("ip", append([]string{"-n", n.Name}, strings.Fields(words)...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", words, err, out)
	}
	return nil
}

// Pair makes two devices of which each receives what the other sends, up and ready.
func (n *Namespace) Pair(a, b string) {
	n.t.Helper()
	n.IP("link add " + a + " type veth peer name " + b)
	n.Up(a, b)
}

// Up switches devices on and waits until they can send. Both ends of a pair belong into one
// call: neither end is ready without the other.
func (n *Namespace) Up(devices ...string) {
	n.t.Helper()
	for _, d := range devices {
		n.IP("link set " + d + " up")
	}
	n.Ready(devices...)
}

// Ready waits until devices that are up can send: a device that has just become up, or
// whose other end has, drops frames without a word until the kernel comes round to it,
// which takes up to a second on a busy machine.
func (n *Namespace) Ready(devices ...string) {
	n.t.Helper()
	for _, d := range devices {
		for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
			out, err := exec.Command("ip", "-n", n.Name, "-o", "link", "show", "dev", d).CombinedOutput()
			if err == nil && strings.Contains(string(out), " state UP ") {
				break
			}
			if err != nil || time.Now().After(end) {
				n.t.Fatalf("%s does not become ready: %v: %s", d, err, out)
			}
		}
	}
}

// Command is a command that will run in the namespace, with a /sys that shows it.
func (n *Namespace) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.Name, name}, args...)...)
}

// Run runs a command in the namespace and returns its standard output.
func (n *Namespace) Run(name string, args ...string) string {
	n.t.Helper()
	cmd := n.Command(name, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// Do calls f on a thread inside the namespace and waits for it. Sockets that f opens stay
// in the namespace wherever they are used later; goroutines that f starts do not run in it,
// though processes that f starts do. /sys still shows the namespace of the process. The
// test may end inside f (Fatal, Skip).
func (n *Namespace) Do(f func()) {
	n.t.Helper()
	var err error
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err = n.Enter(); err == nil {
			f()
		}
		returned = true
	}()
	<-done
	switch {
	case err != nil:
		n.t.Fatal(err)
	case returned:
	case n.t.Skipped():
		n.t.SkipNow()
	default:
		n.t.FailNow()
	}
}

// Enter moves the calling goroutine into the namespace for good, as Do does for a while: it
// is for goroutines that end by themselves, such as that of a callback.
func (n *Namespace) Enter() error {
	// Never unlocked: the thread ends with the goroutine, so that no other one finds
	// itself in the namespace.
	runtime.LockOSThread()
	return enter(n.Name)
}

// enter moves the calling thread.
func enter(name string) error {
	fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	return nil
}
